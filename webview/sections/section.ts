// A part of the page under a heading that folds. Its content is only brought up to date while it is open.
import type { ViewSection } from '../../protocol/view';
import { element, uniqueId } from '../dom';
import type { Page, PageActions, Part } from '../page';

export interface Section extends Part {
  readonly name: ViewSection;
  /** Unfolds it and moves the focus to its heading. */
  reveal(): void;
}

export function createSection(name: ViewSection, title: string, content: Part, actions: PageActions): Section {
  const bodyId = uniqueId(`section-${name}`);
  const headingId = uniqueId(`heading-${name}`);
  let isOpen = true;
  const toggle = element(
    'button',
    {
      type: 'button',
      class: 'fold',
      id: headingId,
      'aria-controls': bodyId,
      click: () => setOpen(!isOpen),
    },
    title,
  );
  const setOpen = (open: boolean): void =>
    actions.prefer(({ collapsed }) => ({
      collapsed: [...collapsed.filter(each => each !== name), ...(open ? [] : [name])],
    }));
  content.element.id = bodyId;
  return {
    name,
    element: element(
      'section',
      { 'aria-labelledby': headingId, class: `section section-${name}` },
      element('h2', {}, toggle),
      content.element,
    ),
    update: (page: Page) => {
      isOpen = !page.preferences.collapsed.includes(name);
      toggle.setAttribute('aria-expanded', String(isOpen));
      content.element.hidden = !isOpen;
      if (isOpen) content.update(page);
    },
    reveal: () => {
      if (!isOpen) setOpen(true);
      toggle.scrollIntoView({ block: 'start' });
      toggle.focus();
    },
  };
}
