// What the results page is told, made of what the host knows. Pure: the same knowledge gives the same message.
import type { RunDetails } from '../../protocol/runs';
import type { RunSummary } from '../../protocol/runRecords';
import type { EvaluationView, JobView, RunAction, RunLive, RunView, ViewProblem } from '../../protocol/view';
import { errorMessage } from '../errorMessage';
import type { SidecarError } from '../sidecarError';
import type { LatestPoint } from './curve';
import type { Job, Jobs } from './jobs';
import type { Library } from './library';

export function runView(details: RunDetails, summary: RunSummary): RunView {
  return {
    summary,
    config: details.config,
    dataset: details.dataset,
    engine: details.engine,
    failure: details.failure,
    evaluation: evaluationView(details),
    duringTraining: details.duringTraining,
    samples: details.samples,
    files: details.files,
    blocked: blockedActions(summary, details),
  };
}

function evaluationView({ evaluation, evaluations }: RunDetails): EvaluationView | null {
  if (!evaluation) return null;
  const { id, file, createdAt, record } = evaluation;
  return { id, file, createdAt, result: record.evaluation, all: evaluations };
}

/** Why an action cannot be taken now, in words; what is not listed can. */
export function blockedActions(
  summary: RunSummary,
  details: Pick<RunDetails, 'samples'> | null,
): Partial<Record<RunAction, string>> {
  const { status, snapshots } = summary;
  const isRunning = status === 'running';
  const blocked: Partial<Record<RunAction, string>> = {};
  if (!isRunning) blocked.stop = 'It is not being trained';
  if (isRunning) blocked.resume = 'It is being trained';
  if (status === 'finished') blocked.resume = 'It is finished';
  if (status === 'unreadable') blocked.resume = blocked.generate = blocked.evaluate = 'Its record cannot be read';
  if (snapshots.length === 0) blocked.generate ??= 'It has no snapshot yet';
  if (details?.samples.length === 0) blocked.evaluate ??= 'It has generated no networks yet';
  if (isRunning) blocked.delete = 'Stop it first';
  return blocked;
}

/**
 * Step and loss are those of the curve's last point (`latest`), whoever trains the run, so that the page tells one story; what
 * the folder does not know, such as the speed now, is as reported where it is at work in this window.
 */
export function runLive(
  summary: RunSummary,
  details: RunDetails | null,
  job: Job | undefined,
  sinceReadMs: number,
  latest: LatestPoint | null = null,
): RunLive {
  const training = job?.training ?? null;
  const resources = details?.resources;
  const perSecond = training?.stepsPerSecond ?? resources?.stepsPerSecond ?? null;
  const recordedMs = resources?.elapsedMs ?? null;
  const isRunning = summary.status === 'running';
  const step = latest?.step ?? summary.step;
  const steps = Math.max(0, summary.steps - step);
  return {
    run: summary.id,
    message: training?.message ?? '',
    step,
    loss: latest ? latest.loss : summary.loss,
    memoryBytes: resources?.memoryBytes ?? null,
    msPerStep: perSecond === null || perSecond <= 0 ? null : 1000 / perSecond,
    remainingMs: training?.remainingMs ?? (isRunning && perSecond ? (1000 * steps) / perSecond : null),
    elapsedMs: recordedMs === null ? null : recordedMs + (isRunning ? sinceReadMs : 0),
  };
}

/** The jobs as they are shown: a training is as far as its run. */
export function jobViews(jobs: Pick<Jobs, 'all'>, library: Pick<Library, 'findRun'>): JobView[] {
  return jobs.all.map(({ view, training }) => {
    const run = training === null || view.run === null ? undefined : library.findRun(view.run);
    return run && run.steps > 0 ? { ...view, fraction: run.step / run.steps } : view;
  });
}

export function problemView(error: SidecarError): ViewProblem {
  const shown = errorMessage(error);
  return { message: shown.kind === 'silent' ? error.message : shown.text, actions: ['retry', 'showLog', 'checkSetUp'] };
}
