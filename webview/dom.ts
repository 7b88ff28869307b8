// Building elements without HTML strings: text is always text, and nothing here needs a style attribute (the security policy
// forbids them; sizes are set through the CSSOM, which it allows).

export type Child = Node | string | null;
type Attribute = string | number | boolean | null | ((event: Event) => void);

/** An element. `true` sets an empty attribute, `false` and `null` leave it out, a function listens to the event it is named after. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') created.addEventListener(name, value);
    else if (value !== false && value !== null) created.setAttribute(name, value === true ? '' : String(value));
  }
  created.append(...children.filter(child => child !== null));
  return created;
}

/** Replaces what is in an element, unless `key` says that it already shows this. */
export function fill(parent: HTMLElement, key: string, make: () => readonly Child[]): void {
  if (parent.dataset.key === key) return;
  parent.dataset.key = key;
  parent.replaceChildren(...make().filter(child => child !== null));
}

/** Sets a text only where it differs, so that a live region speaks once. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

let lastId = 0;
/** An id for aria references. */
export const uniqueId = (prefix: string): string => `${prefix}-${(++lastId).toString()}`;
