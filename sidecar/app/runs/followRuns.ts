// Tells what becomes of a workspace's runs, and of the curves asked for, until it is cancelled. Nothing tells of a change on every
// disk, so it looks: often at runs at work, seldom at the others.
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FollowRunsParams, MetricsTail, MetricsTailParams, RunsEvent } from '../../../protocol/runs';
import type { RunSummary } from '../../../protocol/runRecords';
import { isRunId } from '../../../shared/runIds';
import { metricsFile } from '../../runs/metricsLog';
import { runsFolder } from '../../runs/runStore';
import { RunWatch, type LookDepth } from '../../runs/runWatch';
import type { OperationContext } from '../context';
import { tailAfter } from './metricsTail';

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
  const cancelled = new Promise<null>(resolve => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  const tails = curves.map(curve => new CurveTail(workspace, curve));
  const sendPoints = async (): Promise<boolean> => {
    let hasMore = false;
    for (const [curve, each] of tails.entries()) {
      const tail = await each.next();
      if (signal.aborted) return false;
      if (tail) report({ kind: 'points', curve, tail });
      hasMore ||= tail?.hasMore ?? false;
    }
    return hasMore;
  };

  await sendPoints();
  let told: ReadonlyMap<string, RunSummary> | null = null;
  let depth: LookDepth = 'thorough';
  let [nextMs, othersMs] = [0, 0];
  while (!signal.aborted) {
    let runs = told;
    if (!told || performance.now() >= nextMs) {
      const startMs = performance.now();
      runs = await Promise.race([watch.look(depth), cancelled]);
      const nowMs = performance.now();
      nextMs = nowMs + lookEveryMs;
      if (depth === 'usual') othersMs = nowMs + Math.min((nowMs - startMs) / others.share, others.atMostMs);
      if (depth !== 'running') othersMs = Math.max(othersMs, nowMs + others.everyMs);
      depth = nextMs >= othersMs ? 'usual' : 'running';
    }
    // A run's points before its end: who hears of the end then has them all.
    const hasMore = await sendPoints();
    if (runs === null || signal.aborted) break;
    if (told === null) report({ kind: 'listed', runs: [...runs.values()] });
    else if (runs !== told) tellChanges(told, runs, report);
    told = runs;
    const pauseMs = hasMore ? nextPieceMs : Math.max(0, nextMs - performance.now());
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // cancelled
  }
  return null;
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
  #place: { fromByte: number; afterStep: number };
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
    const tail = tailAfter(this.#folder, this.#place);
    const isFirst = this.#stamp === null;
    this.#stamp = tail.hasMore ? '?' : stamp;
    this.#place = {
      fromByte: tail.nextByte,
      afterStep: tail.steps.at(-1) ?? (tail.isRestarted ? 0 : this.#place.afterStep),
    };
    return isFirst || tail.isRestarted || tail.steps.length > 0 ? tail : null;
  }
}
