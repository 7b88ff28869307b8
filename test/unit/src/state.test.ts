// What the host knows and posts: jobs, the library, curves, and a page's conversation.
import { describe, expect, it } from 'vitest';
import { datasets } from '../../../protocol/datasets';
import { listRuns, metricsTail, type MetricsTail, runDetails, type RunDetails } from '../../../protocol/runs';
import type { EvaluationRecord } from '../../../protocol/evaluation';
import type { RunSummary } from '../../../protocol/runRecords';
import type { ViewIntent, ViewMessage } from '../../../protocol/view';
import type { SidecarClient } from '../../../src/sidecarClient';
import { SidecarError } from '../../../src/sidecarError';
import { Curve } from '../../../src/state/curve';
import { Jobs } from '../../../src/state/jobs';
import { Library } from '../../../src/state/library';
import { runLive } from '../../../src/state/viewState';
import { ResultsPage } from '../../../src/views/resultsPage';

/** A sidecar that answers from a table, by method. */
function fakeClient(
  answers: Record<string, (params: never) => unknown>,
): Pick<SidecarClient, 'call'> & { asked: string[] } {
  const asked: string[] = [];
  const call = async (operation: { method: string }, params: unknown): Promise<unknown> => {
    asked.push(operation.method);
    const answer = answers[operation.method];
    if (!answer) throw new SidecarError('unknown', 'internal', operation.method);
    return answer(params as never);
  };
  return { call: call as SidecarClient['call'], asked };
}

const runOf = (id: string, change: Partial<RunSummary> = {}): RunSummary => ({
  id,
  folder: `/w/.rpg/runs/${id}`,
  status: 'finished',
  name: 'zoo',
  dataset: 'zoo',
  createdAt: '',
  step: 3,
  steps: 3,
  loss: 0.5,
  engine: 'portable',
  device: 'wasm',
  pid: null,
  snapshots: [3],
  problem: null,
  revision: '1',
  ...change,
});

const detailsOf = (summary: RunSummary): RunDetails => ({
  summary,
  config: null,
  dataset: null,
  engine: null,
  failure: null,
  evaluation: null,
  evaluations: [],
  duringTraining: [],
  samples: [],
  files: [{ path: `${summary.folder}/run.json`, title: 'Record', kind: 'file' }],
  resources: { memoryBytes: null, stepsPerSecond: 2, elapsedMs: null },
});

const tailOf = (change: Partial<MetricsTail> = {}): MetricsTail => ({
  steps: [1, 2, 3],
  loss: [3, 2, 1],
  learningRate: [1, 1, 1],
  nextByte: 90,
  isRestarted: false,
  hasMore: false,
  ...change,
});

describe('jobs', () => {
  it('are listed while they run, with what they report', async () => {
    const jobs = new Jobs();
    let finish = (): void => {};
    const result = jobs.start({ title: 'Measuring' }, async job => {
      job.report({ fraction: 0.5, message: 'half' });
      await new Promise<void>(resolve => (finish = resolve));
      return 7;
    });
    expect(jobs.all[0]?.view).toMatchObject({ title: 'Measuring', fraction: 0.5, message: 'half', end: 'cancel' });
    finish();
    expect(await result).toBe(7);
    expect(jobs.all).toEqual([]);
  });

  it('that are cancelled say so, whatever they still report', async () => {
    const jobs = new Jobs();
    const result = jobs.start({ title: 'Training' }, async job => {
      jobs.all[0]!.cancel();
      job.report({ fraction: 0.9, message: 'one more step' });
      expect(jobs.all[0]!.view).toMatchObject({ message: 'Stopping', end: null });
      return job.signal.aborted;
    });
    expect(await result).toBe(true);
  });
});

describe('a training', () => {
  it('is cancelled before it has a run, and stopped from then on', async () => {
    const jobs = new Jobs();
    const ends: unknown[] = [];
    const nothingYet = { step: 0, steps: 9, loss: null, learningRate: null, stepsPerSecond: null, remainingMs: null };
    await jobs.start({ title: 'Training zoo' }, async job => {
      for (const run of ['', '0001-zoo']) {
        job.reportTraining({ run, phase: 'preparing', message: 'reading', ...nothingYet });
        ends.push(jobs.all[0]!.view.end);
      }
      jobs.all[0]!.cancel();
      job.reportTraining({ run: '0001-zoo', phase: 'saving', message: 'saving step 3', ...nothingYet });
      ends.push(jobs.all[0]!.view.end);
    });
    expect(ends).toEqual(['cancel', 'stop', null]);
  });
});

describe('the library', () => {
  it('asks nothing where there are no records', async () => {
    const client = fakeClient({});
    const library = new Library({ client, hasRecords: () => false });
    await library.refresh();
    expect(library.status.kind).toBe('ready');
    expect(client.asked).toEqual([]);
  });

  it('joins wishes that come while it reads into one more reading', async () => {
    const client = fakeClient({
      [datasets.method]: () => [],
      [listRuns.method]: () => [runOf('0001-a'), runOf('0002-b')],
    });
    const library = new Library({ client, hasRecords: () => true });
    await Promise.all([library.refresh(), library.refresh(), library.refresh()]);
    expect(client.asked.filter(method => method === listRuns.method)).toHaveLength(2);
    expect(library.runs.map(({ id }) => id)).toEqual(['0002-b', '0001-a']);
  });

  it('keeps what it knew when the sidecar cannot answer', async () => {
    let isWell = true;
    const answer = (): RunSummary[] => {
      if (!isWell) throw new SidecarError('sidecar-gone', 'internal', 'gone');
      return [runOf('0001-a')];
    };
    const client = fakeClient({ [datasets.method]: () => [], [listRuns.method]: answer });
    const library = new Library({ client, hasRecords: () => true });
    await library.refresh();
    isWell = false;
    await library.refresh();
    expect(library.status).toMatchObject({ kind: 'failed', error: { code: 'sidecar-gone' } });
    expect(library.runs).toHaveLength(1);
  });
});

describe('a curve', () => {
  it('goes on where it was, and begins again when the file does', async () => {
    const answers = [
      tailOf({ hasMore: true }),
      tailOf({ steps: [4], loss: [0.5], learningRate: [1], nextByte: 120 }),
      tailOf({ steps: [], loss: [], learningRate: [], nextByte: 120 }),
      tailOf({ isRestarted: true, steps: [1, 2], loss: [3, 2], learningRate: [1, 1], nextByte: 60 }),
    ];
    const questions: unknown[] = [];
    const client = fakeClient({
      [metricsTail.method]: params => {
        questions.push(params);
        return answers[questions.length - 1]!;
      },
    });
    const curve = new Curve('r', client);
    const posted: [number, number][] = [];
    const post = (chunk: { from: number; steps: readonly number[] }): void =>
      void posted.push([chunk.from, chunk.steps.length]);
    await curve.follow(post);
    await curve.follow(post);
    await curve.follow(post);
    expect(posted).toEqual([
      [0, 3],
      [3, 1],
      [0, 2],
    ]);
    expect(questions).toEqual([
      { run: 'r', fromByte: 0, afterStep: 0 },
      { run: 'r', fromByte: 90, afterStep: 3 },
      { run: 'r', fromByte: 120, afterStep: 4 },
      { run: 'r', fromByte: 120, afterStep: 4 },
    ]);
  });
});

it('the time a training has taken goes on while it trains, whenever its folder was read', () => {
  const elapsed = (status: RunSummary['status']): number | null => {
    const details = detailsOf(runOf('0001-a', { status }));
    const resources = { ...details.resources, elapsedMs: 5000 };
    return runLive(details.summary, { ...details, resources }, undefined, 300).elapsedMs;
  };
  expect(elapsed('running')).toBe(5300);
  expect(elapsed('finished')).toBe(5000);
});

it('step and loss of a run at work are those of its curve, not what its trainer reports meanwhile', async () => {
  const client = fakeClient({ [metricsTail.method]: () => tailOf() });
  const curve = new Curve('0001-a', client);
  await curve.follow(() => {});
  const jobs = new Jobs();
  await jobs.start({ title: 'Training' }, async handle => {
    const speed = { learningRate: null, stepsPerSecond: 4, remainingMs: 1500 };
    handle.reportTraining({ run: '0001-a', phase: 'training', message: '', step: 9, steps: 15, loss: 0.1, ...speed });
    const live = runLive(runOf('0001-a', { status: 'running' }), null, jobs.trainingOf('0001-a'), 0, curve.latest);
    const { steps, loss } = tailOf();
    expect(live).toMatchObject({ step: steps.at(-1), loss: loss.at(-1), remainingMs: 1500, msPerStep: 250 });
  });
});

describe('a results page', () => {
  /** `evaluations` of every run, newest first. */
  async function opened(evaluations: readonly string[] = []) {
    const all = [runOf('0001-a'), runOf('0002-b')];
    const read = ({ run, evaluation: wanted }: { run: string; evaluation?: string }): RunDetails => {
      const id = wanted ?? evaluations[0];
      const record = {} as EvaluationRecord; // the cast: nothing here looks into it
      return {
        ...detailsOf(all.find(each => each.id === run)!),
        evaluation: id === undefined ? null : { id, file: '', createdAt: '', record },
        evaluations: evaluations.map(each => ({ id: each, createdAt: '' })),
      };
    };
    const client = fakeClient({
      [datasets.method]: () => [],
      [listRuns.method]: () => all,
      [runDetails.method]: read,
      [metricsTail.method]: () => tailOf(),
    });
    const library = new Library({ client, hasRecords: () => true });
    const messages: ViewMessage[] = [];
    const performed: { intent: ViewIntent; known: ReadonlySet<string> }[] = [];
    const page = new ResultsPage({
      client,
      library,
      jobs: new Jobs(),
      post: message => messages.push(message),
      perform: (intent, known) => performed.push({ intent, known }),
      onProblem: error => {
        throw error;
      },
    });
    const settle = () => new Promise(resolve => setTimeout(resolve, 20));
    return { page, library, messages, performed, settle, all, client };
  }

  it('is told everything when it is ready: state, then curves from the beginning', async () => {
    const { page, messages, settle } = await opened();
    page.receive({ kind: 'ready', selected: [] });
    await settle();
    const kinds = messages.map(({ kind }) => kind);
    expect(kinds.filter(kind => kind === 'state')).toHaveLength(2); // loading, then all of it
    const last = messages.findLast(message => message.kind === 'state')!;
    expect(last.state.runs.map(({ id }) => id)).toEqual(['0002-b', '0001-a']);
    expect(last.state.selected.map(({ summary }) => summary.id)).toEqual(['0002-b']);
    expect(messages.find(message => message.kind === 'metrics')).toMatchObject({
      run: '0002-b',
      from: 0,
      steps: [1, 2, 3],
    });
    page.dispose();
  });

  it('reads a run again when something of it changed, and not whenever something else did', async () => {
    const { page, library, messages, settle, all, client } = await opened();
    const nReadings = () => client.asked.filter(method => method === runDetails.method).length;
    page.receive({ kind: 'ready', selected: [] });
    await settle();
    expect(nReadings()).toBe(1);
    all[0] = runOf('0001-a', { revision: '2' }); // not the run shown
    await library.refresh();
    await settle();
    expect(nReadings()).toBe(1);
    all[1] = runOf('0002-b', { revision: '2' });
    await library.refresh();
    await settle();
    expect(nReadings()).toBe(2);
    const last = messages.findLast(message => message.kind === 'changed')!;
    expect(last.parts.selected?.map(({ summary }) => summary.revision)).toEqual(['2']);
    page.dispose();
  });

  it('finds what it showed before a reload', async () => {
    const { page, messages, settle } = await opened();
    page.receive({ kind: 'ready', selected: ['0001-a', '0099-gone'] });
    await settle();
    const state = messages.findLast(message => message.kind === 'state')!.state;
    expect(state.selected.map(({ summary }) => summary.id)).toEqual(['0001-a']);
    page.dispose();
  });

  it('may open only what it was posted', async () => {
    const { page, performed, settle } = await opened();
    page.receive({ kind: 'ready', selected: [] });
    await settle();
    page.receive({ kind: 'open', path: '/etc/passwd' });
    expect(performed[0]?.known.has('/etc/passwd')).toBe(false);
    expect(performed[0]?.known.has('/w/.rpg/runs/0002-b/run.json')).toBe(true);
    page.dispose();
  });

  it('that is shown something before it is ready shows it then', async () => {
    const { page, messages, settle } = await opened();
    page.show(['0001-a'], 'accuracy');
    expect(messages).toEqual([]);
    page.receive({ kind: 'ready', selected: [] });
    await settle();
    const [shown, curve] = ['show', 'metrics'].map(kind => messages.findIndex(message => message.kind === kind));
    expect(messages[shown!]).toEqual({ kind: 'show', section: 'accuracy' });
    expect(shown).toBeGreaterThan(curve!);
    expect(page.selected).toEqual(['0001-a']);
    page.dispose();
  });

  it('that was hidden is told nothing meanwhile, and catches up when it is shown', async () => {
    const { page, library, messages, settle } = await opened();
    page.receive({ kind: 'ready', selected: [] });
    await settle();
    page.setVisible(false);
    await settle();
    const nPoints = messages.reduce((sum, each) => sum + (each.kind === 'metrics' ? each.steps.length : 0), 0);
    messages.length = 0;
    await library.refresh();
    await settle();
    expect(messages).toEqual([]);
    page.setVisible(true);
    await settle();
    expect(messages.map(({ kind }) => kind)).toEqual(['changed', 'metrics']);
    expect(messages[1]).toMatchObject({ run: '0002-b', from: nPoints }); // it has those before
    messages.length = 0;
    page.receive({ kind: 'ready', selected: ['0002-b'] }); // or it was thrown away, and begins again
    await settle();
    expect(messages.map(({ kind }) => kind).slice(0, 2)).toEqual(['state', 'metrics']);
    expect(messages[1]).toMatchObject({ run: '0002-b', from: 0, steps: [1, 2, 3] });
    page.dispose();
  });

  it('keeps to the evaluation that was chosen, until a newer one is made', async () => {
    const evaluations = ['0002', '0001'];
    const { page, library, messages, settle, all } = await opened(evaluations);
    const shown = async (): Promise<string | undefined> => {
      await settle();
      const changed = messages.findLast(message => message.kind === 'changed' && message.parts.selected !== undefined);
      return changed?.kind === 'changed' ? changed.parts.selected?.[0]?.evaluation?.id : undefined;
    };
    page.receive({ kind: 'ready', selected: [] });
    await settle();
    page.receive({ kind: 'selectEvaluation', run: '0002-b', id: '0001' });
    expect(await shown()).toBe('0001');
    await library.refresh();
    expect(await shown()).toBe('0001');
    evaluations.unshift('0003');
    all[1] = runOf('0002-b', { revision: '2' });
    await library.refresh();
    expect(await shown()).toBe('0003');
    page.dispose();
  });

  it('is sent the points again when it missed some', async () => {
    const { page, messages, settle } = await opened();
    page.receive({ kind: 'ready', selected: [] });
    await settle();
    messages.length = 0;
    page.receive({ kind: 'resendMetrics', run: '0002-b' });
    await settle();
    expect(messages.find(message => message.kind === 'metrics')).toMatchObject({ from: 0 });
    page.dispose();
  });
});
