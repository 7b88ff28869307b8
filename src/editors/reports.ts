// Read-only text documents made of reports. Kept by their address for as long as the window lives.
import * as vscode from 'vscode';

const scheme = 'rpg-report';
const contents = new Map<string, string>();
const changed = new vscode.EventEmitter<vscode.Uri>();

export function registerReports(): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(scheme, {
    onDidChange: changed.event,
    provideTextDocumentContent: uri =>
      contents.get(uri.path) ?? 'This report was made before the window was reloaded; run the command again.\n',
  });
}

/** Opens, or replaces, the report of a title. */
export async function showReport(title: string, content: string): Promise<void> {
  const uri = vscode.Uri.from({ scheme, path: `/${title.replaceAll('/', '∕')}.txt` });
  contents.set(uri.path, content);
  changed.fire(uri);
  await vscode.window.showTextDocument(uri, { preview: false });
}
