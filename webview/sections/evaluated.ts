// What the parts that show an evaluation have in common: which one it is, and what stands in its place before there is one.
import type { EvaluationView, RunView } from '../../protocol/view';
import { button, note } from '../controls';
import { element } from '../dom';
import type { Page, PageActions } from '../page';

/** Of the first selected run. */
export const shownEvaluation = (page: Page): EvaluationView | null => page.state.selected[0]?.evaluation ?? null;

/** Changes exactly when other evaluations are to be shown: a state posted again brings new objects with the same content. */
export const evaluationKey = (page: Page): string =>
  JSON.stringify(
    page.state.selected.map(view => [view.summary.id, view.evaluation?.id ?? null, view.evaluation?.createdAt ?? null]),
  );

export function notEvaluated(view: RunView | undefined, { post }: PageActions): HTMLElement {
  if (!view) return note('Choose a run to see its evaluation.');
  return element(
    'div',
    {},
    note('This run has not been evaluated: generate networks, then test them beside their originals.'),
    button('Evaluate…', () => post({ kind: 'act', run: view.summary.id, action: 'evaluate' }), {
      blocked: view.blocked.evaluate,
      description: `Evaluate ${view.summary.id}`,
    }),
    view.blocked.evaluate === undefined ? null : note(view.blocked.evaluate),
  );
}
