// Tells what becomes of a workspace's runs, and of the curves asked for, until it is cancelled. Nothing tells of a change on every
// disk, so it looks: often at runs at work, seldom at the others.
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FollowRunsParams, MetricsTail, MetricsTailParams, RunsEvent } from '../../../protocol/runs';
import type { RunSummary } from '../../../protocol/runRecords';
import { isRunId } from '../../../shared/runIds';
import { metricsFile, readMetricsTail, type MetricsPlace } from '../../runs/metricsLog';
import { runsFolder } from '../../runs/runStore';
import { RunWatch, type LookDepth } from '../../runs/runWatch';
import type { OperationContext } from '../context';
import { toTail } from './metricsTail';

const lookEveryMs = 400;
/** Runs that are not at work are looked at this often; of very many, or on a slow disk, as seldom as costs a fiftieth of the time. */
const others = { everyMs: 2000, share: 1 / 50, atMostMs: 10_000 };
/** A long curve is sent in pieces, between which others may speak. */
const nextPieceMs = 20;

/** What is known stays when who follows asks again, as it does for every curve that is shown. One workspace: a process has no more. */
let shared: { readonly workspace: string; readonly watch: RunWatch } | null = null;

/** Resolves when it is cancelled, within a turn of the event loop. */
export async function followRuns(
  { curves }: FollowRunsParams,
  { workspace, signal, report }: OperationContext<RunsEvent>,
): Promise<null> {
  if (shared?.workspace !== workspace) shared = { workspace, watch: new RunWatch(workspace) };
  const { watch } = shared;
  const tails = curves.map(curve => new CurveTail(workspace, curve));
  let told: ReadonlyMap<string, RunSummary> | null = null;
  const pace = new Pace();
  await sendPoints(tails, signal, report);
  while (!signal.aborted) {
    const depth = pace.due();
    const runs: ReadonlyMap<string, RunSummary> | null =
      depth === null ? told : await unlessAborted(pace.timed(depth, watch.look(depth)), signal);
    // A run's points before its end: who hears of the end then has them all.
    const hasMore = await sendPoints(tails, signal, report);
    if (runs === null) break;
    if (told === null) report({ kind: 'listed', runs: [...runs.values()] });
    else if (runs !== told) tellChanges(told, runs, report);
    told = runs;
    await sleep(hasMore ? nextPieceMs : pace.pauseMs(), undefined, { signal }).catch(() => undefined); // cancelled
  }
  return null;
}

/** When to look, and how closely. */
class Pace {
  #depth: LookDepth = 'thorough';
  #nextMs = 0;
  #othersMs = 0;

  /** Null: not yet. */
  due(): LookDepth | null {
    return performance.now() < this.#nextMs ? null : this.#depth;
  }

  pauseMs(): number {
    return Math.max(0, this.#nextMs - performance.now());
  }

  async timed<T>(depth: LookDepth, look: Promise<T>): Promise<T> {
    const startMs = performance.now();
    const result = await look;
    const nowMs = performance.now();
    this.#nextMs = nowMs + lookEveryMs;
    const byCost = depth === 'usual' ? (nowMs - startMs) / others.share : 0; // the first look reads them all
    if (depth !== 'running') this.#othersMs = nowMs + Math.min(Math.max(others.everyMs, byCost), others.atMostMs);
    this.#depth = this.#nextMs >= this.#othersMs ? 'usual' : 'running';
    return result;
  }
}

/** Null as soon as the signal fires; the work itself goes on. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(null);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** The next piece of every curve that has one; whether there is more. */
async function sendPoints(
  tails: readonly CurveTail[],
  signal: AbortSignal,
  report: (event: RunsEvent) => void,
): Promise<boolean> {
  let hasMore = false;
  for (const [curve, each] of tails.entries()) {
    const tail = await each.next();
    if (signal.aborted) return false;
    if (tail) report({ kind: 'points', curve, tail });
    hasMore ||= tail?.hasMore ?? false;
  }
  return hasMore;
}

function tellChanges(
  before: ReadonlyMap<string, RunSummary>,
  now: ReadonlyMap<string, RunSummary>,
  report: (event: RunsEvent) => void,
): void {
  for (const run of before.keys()) if (!now.has(run)) report({ kind: 'removed', run });
  for (const [id, run] of now) if (before.get(id) !== run) report({ kind: 'summary', run });
}

/** One curve, read on from where it was whenever its file changed. */
class CurveTail {
  readonly #folder: string | null;
  #place: MetricsPlace;
  /** Of the file when it was read to its end. */
  #stamp: string | null = null;

  constructor(workspace: string, { run, fromByte, afterStep }: MetricsTailParams) {
    this.#folder = isRunId(run) && path.basename(run) === run ? path.join(runsFolder(workspace), run) : null;
    this.#place = { fromByte, afterStep };
  }

  /** Null: nothing new, or there is no such run now. Without points only at first, and where a curve lost them all. */
  async next(): Promise<MetricsTail | null> {
    if (this.#folder === null) return null;
    const stat = await fs.stat(metricsFile(this.#folder)).catch(() => null);
    const stamp = stat ? `${stat.mtimeMs}/${stat.size}` : '';
    if (stamp === this.#stamp) return null;
    if (!stat && !(await fs.stat(this.#folder).catch(() => null))) return null; // removed: its points may come back
    const read = readMetricsTail(this.#folder, this.#place);
    const isFirst = this.#stamp === null;
    this.#stamp = read.hasMore ? '?' : stamp;
    this.#place = read.next;
    return isFirst || read.isRestarted || read.lines.length > 0 ? toTail(read) : null;
  }
}
