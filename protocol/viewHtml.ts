// The HTML documents of the two webviews, and the one content security policy both live under: nothing is loaded but our own
// script and style sheet, nothing is evaluated, nothing goes over the network.

export interface ViewPage {
  readonly kind: 'results' | 'checkpoint';
  /** What lies behind the page: the side bar's background colour, or the editor's. */
  readonly place: 'sideBar' | 'editor';
  /** Random for every document. */
  readonly nonce: string;
  /** `webview.cspSource`. */
  readonly cspSource: string;
  /** `webview.asWebviewUri` of dist/webview/results.js or dist/webview/checkpoint.js. */
  readonly scriptUri: string;
  /** `webview.asWebviewUri` of dist/webview/style.css. */
  readonly styleUri: string;
}

const titles = { results: 'RPG results', checkpoint: 'Checkpoint' } as const;

/** The document to set as `webview.html`. */
export function viewHtml({ kind, place, nonce, cspSource, scriptUri, styleUri }: ViewPage): string {
  // The nonce on styles is for the shadow roots of the component library in browsers without constructable style sheets.
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `font-src ${cspSource}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<title>${titles[kind]}</title>
<link rel="stylesheet" href="${attribute(styleUri)}">
</head>
<body data-place="${place}">
<div id="app"></div>
<script nonce="${attribute(nonce)}" src="${attribute(scriptUri)}"></script>
</body>
</html>`;
}

const attribute = (text: string): string =>
  text.replace(/[&<>"]/g, character => `&#${character.codePointAt(0)!.toString()};`);
