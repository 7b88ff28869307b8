// What the host knows and posts: jobs, and a page's conversation.
import { describe, expect, it } from 'vitest';
import { datasets } from '../../../protocol/datasets';
import { runDetails, type RunDetails, type RunsEvent } from '../../../protocol/runs';
import type { EvaluationRecord } from '../../../protocol/evaluation';
import type { RunSummary } from '../../../protocol/runRecords';
import type { ViewIntent, ViewMessage } from '../../../protocol/view';
import { Curve } from '../../../src/state/curve';
import { Jobs } from '../../../src/state/jobs';
import { Library } from '../../../src/state/library';
import { RunFollower } from '../../../src/state/runFollower';
import { jobViews, runLive } from '../../../src/state/viewState';
import { ResultsPage } from '../../../src/views/resultsPage';
import { beginWith, fakeSidecar, runOf, tailOf } from './support/fakeSidecar';

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
    const nothingYet = { stepsPerSecond: null, remainingMs: null };
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

  it('is as far as its run, whatever its trainer reports', async () => {
    const jobs = new Jobs();
    const run = runOf('0001-zoo', { status: 'running', step: 3, steps: 12 });
    const library = { findRun: (id: string) => (id === run.id ? run : undefined) };
    const fractions: unknown[] = [];
    await jobs.start({ title: 'Training zoo' }, async job => {
      const progress = {
        phase: 'training',
        message: '',
        step: 9,
        steps: 10,
        stepsPerSecond: 1,
        remainingMs: 1,
      } as const;
      for (const id of ['', '0002-not-listed-yet', '0001-zoo']) {
        job.reportTraining({ ...progress, run: id });
        fractions.push(jobViews(jobs, library)[0]!.fraction);
      }
    });
    await jobs.start({ title: 'Generating', run: '0001-zoo' }, async job => {
      job.report({ fraction: 0.5, message: '' });
      fractions.push(jobViews(jobs, library)[0]!.fraction);
    });
    expect(fractions).toEqual([null, null, 0.25, 0.5]);
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
  const curve = new Curve('0001-a', () => {});
  curve.take(tailOf());
  const jobs = new Jobs();
  await jobs.start({ title: 'Training' }, async handle => {
    const progress = { run: '0001-a', phase: 'training', message: '', step: 9, loss: 0.1 } as const;
    handle.reportTraining({ ...progress, stepsPerSecond: 4, remainingMs: 1500 });
    const live = runLive(runOf('0001-a', { status: 'running' }), null, jobs.trainingOf('0001-a'), 0, curve.latest);
    const { steps, loss } = tailOf();
    expect(live).toMatchObject({ step: steps.at(-1), loss: loss.at(-1), remainingMs: 1500, msPerStep: 250 });
  });
});

describe('a results page', () => {
  /** `evaluations` of every run, newest first. */
  async function opened(evaluations: readonly string[] = []) {
    const all = [runOf('0001-a'), runOf('0002-b')];
    const disk = { nSteps: 3 };
    const read = ({ run, evaluation: wanted }: { run: string; evaluation?: string }): RunDetails => {
      const id = wanted ?? evaluations[0];
      const record = {} as EvaluationRecord; // the cast: nothing here looks into it
      return {
        ...detailsOf(all.find(each => each.id === run)!),
        evaluation: id === undefined ? null : { id, file: '', createdAt: '', record },
        evaluations: evaluations.map(each => ({ id: each, createdAt: '' })),
      };
    };
    const answers = { [datasets.method]: () => [], [runDetails.method]: read };
    const client = fakeSidecar(
      answers,
      beginWith(
        () => all,
        () => disk.nSteps,
      ),
    );
    const hasRecords = () => true;
    const follower = new RunFollower({ client, hasRecords });
    const library = new Library({ client, hasRecords, follower });
    const messages: ViewMessage[] = [];
    const performed: { intent: ViewIntent; known: ReadonlySet<string> }[] = [];
    const page = new ResultsPage({
      client,
      library,
      follower,
      jobs: new Jobs(),
      post: message => messages.push(message),
      perform: (intent, known) => performed.push({ intent, known }),
      onProblem: error => {
        throw error;
      },
    });
    const settle = () => new Promise(resolve => setTimeout(resolve, 20));
    const tell = (event: RunsEvent): void => client.followings.at(-1)!.tell(event);
    return { page, library, messages, performed, settle, all, disk, client, tell };
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
    const { page, library, messages, settle, disk, tell } = await opened();
    page.receive({ kind: 'ready', selected: [] });
    await settle();
    page.setVisible(false);
    messages.length = 0;
    tell({ kind: 'points', curve: 0, tail: tailOf({ steps: [4], nextByte: 120 }) });
    await settle();
    disk.nSteps = 5;
    await library.refresh();
    await settle();
    expect(messages).toEqual([]);
    page.setVisible(true);
    await settle();
    expect(messages.map(({ kind }) => kind)).toEqual(['changed', 'metrics']);
    expect(messages[1]).toMatchObject({ run: '0002-b', from: 3, steps: [4, 5] }); // it has those before
    messages.length = 0;
    page.receive({ kind: 'ready', selected: ['0002-b'] }); // or it was thrown away, and begins again
    await settle();
    expect(messages.map(({ kind }) => kind).slice(0, 2)).toEqual(['state', 'metrics']);
    expect(messages[1]).toMatchObject({ run: '0002-b', from: 0, steps: [1, 2, 3, 4, 5] });
    page.dispose();
  });

  it('is told the points of its runs as they come, and then how far they are', async () => {
    const { page, messages, settle, all, client, tell } = await opened();
    all[1] = runOf('0002-b', { status: 'running', steps: 9 });
    page.receive({ kind: 'ready', selected: [] });
    await settle();
    messages.length = 0;
    tell({ kind: 'points', curve: 0, tail: tailOf({ steps: [4], loss: [0.25], learningRate: [1], nextByte: 120 }) });
    tell({ kind: 'summary', run: runOf('0002-b', { status: 'running', steps: 9, step: 4, loss: 0.25 }) });
    await expect.poll(() => messages.length).toBeGreaterThan(1);
    expect(messages[0]).toMatchObject({ kind: 'metrics', run: '0002-b', from: 3, steps: [4] });
    expect(messages[1]).toMatchObject({ kind: 'changed', parts: { live: [{ run: '0002-b', step: 4, loss: 0.25 }] } });
    expect(Object.keys((messages[1] as { parts: object }).parts)).toEqual(['live', 'jobs']); // no more than that
    // Other runs are selected: their curves from the beginning, this one no longer.
    messages.length = 0;
    page.receive({ kind: 'select', runs: ['0001-a'] });
    await settle();
    expect(client.followings.at(-1)!.params.curves).toEqual([{ run: '0001-a', fromByte: 0, afterStep: 0 }]);
    expect(messages.find(({ kind }) => kind === 'metrics')).toMatchObject({ run: '0001-a', from: 0, steps: [1, 2, 3] });
    page.dispose();
    await settle();
    expect(client.followings.at(-1)!.params.curves).toEqual([]);
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
