// A run's curves for TensorBoard. Metrics hold no times, so a step's is taken between those events of the log that name a step.
import { hostname } from 'node:os';
import * as path from 'node:path';
import type { LoggedEvent, MetricsLine } from '../../../protocol/runRecords';
import { listTrainingTests } from '../../runs/evaluations';
import { readEvents } from '../../runs/eventLog';
import { readMetrics } from '../../runs/metricsLog';
import { findRun, readRun } from '../../runs/runStore';
import { tensorBoardEvents, type Scalar } from '../../runs/tensorBoardEvents';
import { makeFolder, writeFileAtomically } from '../../util/atomicFile';
import { userError } from '../../util/rpgError';
import type { OperationContext } from '../context';

/** *Errors* `run-not-found`; `nothing-to-export`: no step was taken; `file-system`. */
export async function exportTensorBoard(
  params: { run: string; out: string },
  { workspace }: OperationContext,
): Promise<{ file: string; nScalars: number; sizeBytes: number }> {
  const folder = await findRun(workspace, params.run);
  const { id, createdAt } = await readRun(folder);
  const metrics = readMetrics(folder);
  if (metrics.length === 0) {
    throw userError('nothing-to-export', `${id} has taken no step yet; export it when it has`, { run: id });
  }
  const events = readEvents(folder, 'snapshot', 'stopped', 'interrupted', 'finished');
  const started = Date.parse(createdAt) / 1000;
  const wallTime = timesOf(events, started);
  const scalars = [
    ...curves(metrics, wallTime),
    ...speeds(
      events.filter(event => event.event === 'snapshot'),
      wallTime,
    ),
    ...(await listTrainingTests(folder)).flatMap(({ step, accuracy }) =>
      accuracy === null ? [] : [{ tag: 'test/accuracy', step, value: accuracy, wallTime: wallTime(step) }],
    ),
  ];
  const out = path.resolve(params.out);
  makeFolder(out);
  // The same name each time: a later export replaces the earlier one, and is not drawn over it.
  const file = path.join(out, `events.out.tfevents.${Math.floor(started)}.${hostname()}.${id}`);
  const bytes = Buffer.concat([...tensorBoardEvents(scalars, started)]);
  await writeFileAtomically(file, growing => growing.append(bytes));
  return { file, nScalars: scalars.length, sizeBytes: bytes.length };
}

type Times = (step: number) => number;

const curves = (metrics: readonly MetricsLine[], wallTime: Times): Scalar[] =>
  metrics.flatMap(({ step, loss, learningRate }) => [
    { tag: 'train/loss', step, value: loss, wallTime: wallTime(step) },
    { tag: 'train/learning_rate', step, value: learningRate, wallTime: wallTime(step) },
  ]);

/** Only snapshots tell one. */
const speeds = (events: readonly LoggedEvent<'snapshot'>[], wallTime: Times): Scalar[] =>
  events.flatMap(({ step, stepsPerSecond: value }) =>
    step === null || value === null ? [] : [{ tag: 'train/steps_per_second', step, value, wallTime: wallTime(step) }],
  );

/** Step → seconds since 1970, linear between the events that tell; a resumed run's later time counts. */
function timesOf(events: readonly { step: number | null; time: string }[], started: number): Times {
  const latest = new Map<number, number>([[0, started]]);
  for (const { step, time } of events) if (step !== null) latest.set(step, Date.parse(time) / 1000);
  const known = [...latest].sort(([a], [b]) => a - b);
  return step => {
    const next = known.findIndex(([at]) => at >= step);
    if (next <= 0) return known.at(next)![1]; // the first, or after the last
    const [[from, begin], [to, end]] = [known[next - 1]!, known[next]!];
    return begin + ((end - begin) * (step - from)) / (to - from);
  };
}
