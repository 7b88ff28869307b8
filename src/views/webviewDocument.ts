// A webview's document: our script and style sheet under the strict policy of viewHtml, and nothing else.
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { viewHtml, type ViewPage } from '../../protocol/viewHtml';

export function setDocument(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  { kind, place }: Pick<ViewPage, 'kind' | 'place'>,
): void {
  const folder = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  webview.options = { enableScripts: true, enableForms: false, localResourceRoots: [folder] };
  webview.html = viewHtml({
    kind,
    place,
    nonce: randomBytes(18).toString('base64url'),
    cspSource: webview.cspSource,
    scriptUri: webview.asWebviewUri(vscode.Uri.joinPath(folder, `${kind}.js`)).toString(),
    styleUri: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'style.css')).toString(),
  });
}
