// All runs of a workspace, looked at again and again while processes anywhere write them: a run is read again only when the times
// and sizes of what it is made of changed. A summary that did not change stays the same object.
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { RunSummary } from '../../protocol/runRecords';
import { lastMetricsLine } from './metricsLog';
import { runFiles } from './runFiles';
import { lockOwner } from './runLock';
import { listRunIds, runsFolder, summarizeRun } from './runStore';

/**
 * How closely it is looked. `running`: only at runs at work, and which runs there are. `usual`: at the others as well, for what a
 * program of ours does to them. `thorough`: also for what is removed by hand inside of their folders.
 */
export type LookDepth = 'running' | 'usual' | 'thorough';

/** Whatever a program of ours does to a run shows in these: what is renamed into place changes the folder, all else is logged. */
const usualNames = ['.', runFiles.log] as const;
const names = [
  ...usualNames,
  runFiles.record,
  runFiles.metrics,
  runFiles.samples,
  runFiles.evaluations,
  runFiles.snapshots,
] as const;
const metricsAt = names.indexOf(runFiles.metrics);

/** What changes again within the resolution of a file's time looks the same: such a file is read again later. */
const settleMs = 2000;

interface Known {
  readonly summary: RunSummary;
  /** Times and sizes, in the order of `names`, from before it was read. */
  readonly stamps: readonly string[];
  readonly isSettled: boolean;
}

export class RunWatch {
  #known: ReadonlyMap<string, Known> = new Map();
  #runs: ReadonlyMap<string, RunSummary> = new Map();
  /** Of the folder of all runs, when it was listed. */
  #listed = { stamp: '', isSettled: false };
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly workspace: string) {}

  /**
   * The runs there are, oldest first; the same map where nothing changed. Several may look: one after the other. Never rejects
   * over a run that cannot be read.
   */
  look(depth: LookDepth): Promise<ReadonlyMap<string, RunSummary>> {
    const look = this.#last.then(() => this.#look(depth));
    this.#last = look.catch(() => undefined);
    return look;
  }

  async #look(depth: LookDepth): Promise<ReadonlyMap<string, RunSummary>> {
    const ids = await this.#ids();
    const looks = ids.map(id => this.#lookAt(id, depth));
    const isSame = ids.length === this.#known.size && looks.every((look, at) => look === this.#known.get(ids[at]!));
    if (isSame) return this.#runs; // of a thousand runs that rest, for next to nothing
    const found = await Promise.all(looks.map(async look => look));
    this.#known = new Map(found.map((known, at) => [ids[at]!, known]));
    const isChanged =
      ids.length !== this.#runs.size || found.some(({ summary }, at) => summary !== this.#runs.get(ids[at]!));
    if (isChanged) this.#runs = new Map(found.map(({ summary }, at) => [ids[at]!, summary]));
    return this.#runs;
  }

  async #ids(): Promise<readonly string[]> {
    const stat = await fs.stat(runsFolder(this.workspace)).catch(() => null);
    const stamp = stampOf(stat);
    if (stamp === this.#listed.stamp && this.#listed.isSettled) return [...this.#known.keys()];
    const isSettledNow = isSettled(stat?.mtimeMs ?? 0);
    const ids = await listRunIds(this.workspace);
    // None may also mean that the folder could not be listed this time.
    this.#listed = { stamp, isSettled: isSettledNow && ids.length > 0 };
    return ids;
  }

  #lookAt(id: string, depth: LookDepth): Known | Promise<Known> {
    const known = this.#known.get(id);
    const folder = path.join(runsFolder(this.workspace), id);
    if (!known) return readAnew(folder);
    const { status } = known.summary;
    if (status === 'running') return lookAtRunning(folder, known);
    if (depth === 'running') return known;
    // One that cannot be read may be mended by hand.
    return lookAtOther(folder, known, depth === 'thorough' || status === 'unreadable' ? names : usualNames);
  }
}

/** Its curve grows all the time: as long as nothing else changed, only the last point is read. */
async function lookAtRunning(folder: string, known: Known): Promise<Known> {
  const owner = await lockOwner(folder).catch(() => null);
  if (owner?.pid !== known.summary.pid) return readAnew(folder);
  const { stamps } = await stampsOf(folder, names);
  const changed = stamps.flatMap((stamp, at) => (stamp === known.stamps[at] ? [] : [at]));
  if (changed.length === 0) return known;
  if (changed.some(at => at !== metricsAt)) return readAnew(folder);
  const last = lastMetricsLine(folder);
  const summary = { ...known.summary, step: last?.step ?? 0, loss: last?.loss ?? null };
  return { ...known, summary: sameOr(known.summary, summary), stamps };
}

async function lookAtOther(folder: string, known: Known, looked: readonly string[]): Promise<Known> {
  const { stamps } = await stampsOf(folder, looked);
  const isSame = known.isSettled && stamps.every((stamp, at) => stamp === known.stamps[at]);
  return isSame ? known : readAnew(folder, known);
}

async function readAnew(folder: string, known?: Known): Promise<Known> {
  const { stamps, newestMs } = await stampsOf(folder, names);
  const isSettledNow = isSettled(newestMs);
  const summary = await summarizeRun(folder);
  return { summary: known ? sameOr(known.summary, summary) : summary, stamps, isSettled: isSettledNow };
}

function sameOr(before: RunSummary, now: RunSummary): RunSummary {
  return JSON.stringify(before) === JSON.stringify(now) ? before : now;
}

async function stampsOf(
  folder: string,
  looked: readonly string[],
): Promise<{ stamps: readonly string[]; newestMs: number }> {
  const stats = await Promise.all(looked.map(name => fs.stat(path.join(folder, name)).catch(() => null)));
  return { stamps: stats.map(stampOf), newestMs: Math.max(...stats.map(stat => stat?.mtimeMs ?? 0)) };
}

const stampOf = (stat: { mtimeMs: number; size: number } | null): string =>
  stat ? `${stat.mtimeMs}/${stat.size}` : '';

const isSettled = (newestMs: number): boolean => Math.abs(Date.now() - newestMs) > settleMs;
