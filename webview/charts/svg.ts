// A drawing as plain data: shown as SVG elements, exported as text. Presentation attributes only, so the security policy holds
// and the exported file needs no style sheet.
import { escapeMarkup } from '../../shared/markup';

export interface SvgNode {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly (SvgNode | string)[];
}

export const svg = (
  tag: string,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (SvgNode | string)[]
): SvgNode => ({ tag, attributes, children });

/** The drawing as a live element. */
export function svgElement(node: SvgNode): SVGElement {
  const created = document.createElementNS('http://www.w3.org/2000/svg', node.tag);
  for (const [name, value] of Object.entries(node.attributes)) created.setAttribute(name, text(value));
  created.append(...node.children.map(child => (typeof child === 'string' ? child : svgElement(child))));
  return created;
}

/** The drawing as an SVG file. It brings the background its colours were chosen for: a dark theme's text is lost on white. */
export const svgFile = (root: SvgNode, background: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${markup({
    ...root,
    attributes: { xmlns: 'http://www.w3.org/2000/svg', 'font-family': 'sans-serif', ...root.attributes },
    children: [svg('rect', { width: '100%', height: '100%', fill: background }), ...root.children],
  })}\n`;

function markup({ tag, attributes, children }: SvgNode): string {
  const head = `<${tag}${Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeMarkup(text(value))}"`)
    .join('')}`;
  return children.length === 0
    ? `${head}/>`
    : `${head}>${children.map(child => (typeof child === 'string' ? escapeMarkup(child) : markup(child))).join('')}</${tag}>`;
}

/** Two decimals are a hundredth of a pixel. */
const text = (value: string | number): string =>
  typeof value === 'number' ? String(Math.round(value * 100) / 100) : value;
