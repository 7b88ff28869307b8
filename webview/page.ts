// What every part of the results page is given: the state as last posted, the points received, and two ways to act.
import type { ViewIntent, ViewState } from '../protocol/view';
import type { Series } from './charts/series';
import type { Palette } from './charts/theme';
import type { Preferences } from './preferences';

export interface Page {
  readonly state: ViewState;
  /** By run id. */
  readonly series: ReadonlyMap<string, Series>;
  readonly preferences: Readonly<Preferences>;
  /** A new object whenever the editor's theme changed. */
  readonly palette: Palette;
}

export interface PageActions {
  readonly post: (intent: ViewIntent) => void;
  /** Remembers a choice and draws the page again. */
  readonly prefer: (change: (now: Readonly<Preferences>) => Partial<Preferences>) => void;
}

/** A part of the page. `update` may be called with nothing changed, several times a second. */
export interface Part {
  readonly element: HTMLElement;
  update(page: Page): void;
}

/** True once for every new list of inputs: a part redraws only then. Objects count as the same by identity. */
export function changeDetector(): (...inputs: readonly unknown[]) => boolean {
  let last: readonly unknown[] | null = null;
  return (...inputs) => {
    const isSame = last?.length === inputs.length && inputs.every((input, index) => Object.is(input, last![index]));
    last = inputs;
    return !isSame;
  };
}
