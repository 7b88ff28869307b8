// The top of the page: which runs are shown, how the first one is doing, what can be done with it, and what runs now.
import type { JobView, RunAction, RunView } from '../../protocol/view';
import type { RunStatus, RunSummary } from '../../protocol/runRecords';
import { button } from '../controls';
import { element, fill, setText } from '../dom';
import { dateTime, formatCount, formatElapsed, significant } from '../../shared/words';
import { changeDetector, type Page, type PageActions, type Part } from '../page';

/** Runs offered for comparison; older ones are chosen in the tree of runs. */
const mostCompared = 100;

const statusTexts: Readonly<Record<RunStatus, string>> = {
  running: '▶ Running',
  finished: '✓ Finished',
  failed: '✗ Failed',
  stopped: '■ Stopped',
  interrupted: '⏸ Interrupted',
  unreadable: '? Unreadable',
};

const actionTitles: Readonly<Record<RunAction, string>> = {
  stop: 'Stop',
  resume: 'Resume',
  generate: 'Generate…',
  evaluate: 'Evaluate…',
  delete: 'Remove',
};

export function createRunHeader(actions: PageActions): Part {
  const picker = element('select', {
    'aria-label': 'Run shown',
    change: () => {
      const others = selectedIds.slice(1).filter(id => id !== picker.value);
      actions.post({ kind: 'select', runs: [picker.value, ...others] });
    },
  });
  const status = element('span', { class: 'status', role: 'status' });
  const progressText = element('p', { class: 'progress-text' });
  const progress = element('vscode-progress-bar', { 'aria-label': 'Training progress' });
  const problem = element('div', { class: 'problem', hidden: true });
  const buttons = element('div', { class: 'bar', role: 'group', 'aria-label': 'Actions on the run' });
  const compared = element('div', { class: 'choices', role: 'group', 'aria-label': 'Runs to compare' });
  const comparedTitle = element('summary', {}, 'Compare with…');
  const compare = element('details', { class: 'disclosure' }, comparedTitle, compared);
  const jobs = element('div', { class: 'jobs' });
  const isComparisonNew = changeDetector();
  let selectedIds: readonly string[] = [];

  function showPicker(runs: readonly RunSummary[]): void {
    const key = runs.map(run => `${run.id}:${run.status}`).join('|');
    const isChosen = selectedIds.length > 0;
    fill(picker, `${isChosen}|${key}`, () => [
      isChosen ? null : element('option', { value: '' }, 'Choose a run…'),
      ...runs.map(run => element('option', { value: run.id }, `${run.id} — ${statusTexts[run.status].slice(2)}`)),
    ]);
    if (selectedIds[0] !== undefined && picker.value !== selectedIds[0]) picker.value = selectedIds[0];
  }

  function showCompared(runs: readonly RunSummary[]): void {
    const others = runs.filter(run => run.id !== selectedIds[0]);
    compare.hidden = others.length === 0 || selectedIds.length === 0;
    const nCompared = selectedIds.length - 1;
    setText(comparedTitle, nCompared > 0 ? `Compare with… (${nCompared})` : 'Compare with…');
    fill(compared, others.map(run => run.id).join('|'), () => [
      ...others.slice(0, mostCompared).map(run =>
        element('vscode-checkbox', {
          label: `${run.id} (${run.dataset}, ${dateTime(run.createdAt)})`,
          value: run.id,
          change: () => {
            const isChosen = selectedIds.includes(run.id);
            const next = isChosen ? selectedIds.filter(id => id !== run.id) : [...selectedIds, run.id];
            actions.post({ kind: 'select', runs: next });
          },
        }),
      ),
      others.length > mostCompared
        ? element('p', { class: 'note' }, `The ${mostCompared} newest; choose older ones in the Runs view.`)
        : null,
    ]);
    // Not at every tick: between a click and the host's answer the box is right, and the selection old.
    if (isComparisonNew(compared.dataset.key, selectedIds.join('|')))
      for (const box of compared.querySelectorAll('vscode-checkbox')) box.checked = selectedIds.includes(box.value);
  }

  function showRun(view: RunView, page: Page): void {
    const { summary } = view;
    const live = page.state.live.find(each => each.run === summary.id);
    setText(status, statusTexts[summary.status]);
    status.dataset.status = summary.status;
    const remainingMs = live?.remainingMs ?? null;
    const step = live?.step ?? summary.step;
    setText(
      progressText,
      [
        `Step ${formatCount(step)} of ${formatCount(summary.steps)}`,
        `loss ${significant(live?.loss ?? summary.loss)}`,
        summary.status === 'running' && remainingMs !== null ? `${formatElapsed(remainingMs)} left` : '',
        live?.message ?? '',
      ]
        .filter(text => text !== '')
        .join(' · '),
    );
    progress.value = step;
    progress.max = Math.max(1, summary.steps);
    const trouble = view.failure?.message ?? summary.problem;
    problem.hidden = trouble === null;
    setText(problem, trouble ?? '');
    const shown = offeredActions(summary.status);
    fill(buttons, JSON.stringify([summary.id, shown, view.blocked]), () =>
      shown.map((action, index) =>
        button(actionTitles[action], () => actions.post({ kind: 'act', run: summary.id, action }), {
          isPrimary: index === 0,
          blocked: view.blocked[action],
        }),
      ),
    );
  }

  const run = element('div', { class: 'run' }, status, progressText, progress, problem, buttons);
  return {
    element: element('div', { class: 'header' }, picker, run, compare, jobs),
    update: page => {
      const [first] = page.state.selected;
      selectedIds = page.state.selected.map(view => view.summary.id);
      showPicker(page.state.runs);
      showCompared(page.state.runs);
      run.hidden = first === undefined;
      if (first) showRun(first, page);
      showJobs(jobs, page.state.jobs, first?.summary.id, actions);
    },
  };
}

function offeredActions(status: RunStatus): RunAction[] {
  if (status === 'unreadable') return ['delete'];
  if (status === 'running') return ['stop', 'generate', 'evaluate'];
  return [...(status === 'finished' ? [] : (['resume'] as const)), 'generate', 'evaluate', 'delete'];
}

/** A run at work has one Stop: that of the shown one is among its actions. */
function showJobs(
  parent: HTMLElement,
  jobs: readonly JobView[],
  shown: string | undefined,
  { post }: PageActions,
): void {
  const endOf = ({ end, run }: JobView): JobView['end'] => (end === 'stop' && run === shown ? null : end);
  fill(parent, jobs.map(job => `${job.id}:${endOf(job)}`).join('|'), () =>
    jobs.map(job =>
      element(
        'div',
        { class: 'job', 'data-job': job.id },
        element('span', { role: 'status', class: 'job-title' }, job.title),
        endButton(job, endOf(job), post),
        element('span', { class: 'job-message' }),
        element('vscode-progress-bar', { 'aria-label': job.title }),
      ),
    ),
  );
  for (const [index, job] of jobs.entries()) {
    const line = parent.children[index]!;
    setText(line.querySelector<HTMLElement>('.job-message')!, job.message);
    const bar = line.querySelector('vscode-progress-bar')!;
    bar.indeterminate = job.fraction === null;
    bar.value = job.fraction ?? 0;
    bar.max = 1;
  }
}

function endButton({ id, title, run }: JobView, end: JobView['end'], post: PageActions['post']): HTMLElement | null {
  if (end === null) return null;
  if (end === 'cancel' || run === null)
    return button('Cancel', () => post({ kind: 'cancel', job: id }), { description: `Cancel ${title}` });
  const description = `Stop ${title}: its last step is saved`;
  return button('Stop', () => post({ kind: 'act', run, action: 'stop' }), { description });
}
