// One trainer at work on one run folder: drives the trainer's events and writes what they ask for. Whatever ends it, the
// folder says so, the lock is released, and a later `resume` finds a good snapshot.
import type { TrainProgress, TrainResult } from '../../../protocol/training';
import type { RunEvent, RunFailure, RunRecord } from '../../../protocol/runRecords';
import { keepTrainingTest } from '../../runs/evaluations';
import { logEvent } from '../../runs/eventLog';
import { openMetricsLog, type MetricsLog } from '../../runs/metricsLog';
import type { RunLock } from '../../runs/runLock';
import { updateRun, weightsFile } from '../../runs/runStore';
import { testSamplesFolder } from '../../runs/samples';
import { listSnapshots, pruneSnapshots, writeSnapshot } from '../../runs/snapshots';
import { clearStopRequest, stopRequestWatcher } from '../../runs/stopRequest';
import type { Trainable, TrainerEvent } from '../../methods/training';
import { RpgError } from '../../util/rpgError';
import { createYielder } from '../../util/yieldPoint';
import { hostGone, type OperationContext } from '../context';
import { createProgressMeter } from './progressMeter';
import { createTestBeside, type BesideResult, type TestBeside } from './testBeside';

export interface SessionInput {
  folder: string;
  record: RunRecord;
  trainable: Trainable;
  startStep: number;
  /** For people, beside those of the run itself. */
  notes: readonly string[];
  lock: RunLock;
  context: OperationContext<TrainProgress>;
}

/**
 * Trains to the end, or until stopped. The trainable and the lock stay the caller's.
 * *Errors* `cancelled` after a graceful stop by the signal; `loss-not-finite` and everything that can fail, recorded.
 */
export async function runSession(input: SessionInput): Promise<TrainResult> {
  const session = new Session(input);
  try {
    return await session.run();
  } catch (error) {
    await session.recordFailure(error);
    throw error;
  } finally {
    session.close();
  }
}

class Session {
  private readonly startedAt = performance.now();
  private readonly metrics: MetricsLog;
  private readonly meter;
  private readonly beside: TestBeside | null;
  private lastStep: number;
  private lastLoss: number | null = null;

  constructor(private readonly input: SessionInput) {
    const { folder, record, startStep, context } = input;
    this.lastStep = startStep;
    this.metrics = openMetricsLog(folder);
    this.meter = createProgressMeter(record.id, record.config.training.steps, startStep, context.report);
    this.beside = this.createBeside();
    context.signal.addEventListener('abort', () => this.beside?.cancel(), { once: true });
  }

  async run(): Promise<TrainResult> {
    const { folder, startStep, lock, context } = this.input;
    await clearStopRequest(folder);
    const facts = { step: startStep, pid: lock.owner.pid, device: this.input.trainable.description };
    this.log({ event: startStep === 0 ? 'started' : 'resumed', ...facts });
    const stopRequested = stopRequestWatcher(folder);
    const pause = createYielder();
    const events = this.input.trainable.train(startStep, () => context.signal.aborted || stopRequested());
    for await (const event of events) {
      const result = await this.handle(event);
      if (result) return result;
      await pause();
    }
    throw new Error('the trainer ended without saying so');
  }

  async recordFailure(error: unknown): Promise<void> {
    const { folder } = this.input;
    this.beside?.cancel();
    if (error instanceof RpgError && error.blame === 'cancelled') return;
    const snapshots = await listSnapshots(folder);
    const failure: RunFailure = {
      code: error instanceof RpgError ? error.code : 'internal',
      message: error instanceof Error ? error.message : String(error),
      step: this.lastStep,
      lastSnapshot: snapshots.at(-1)?.step ?? null,
    };
    // A full disk may be the very failure; then the folder simply stays 'interrupted'.
    await updateRun(folder, { status: 'failed', failure }).catch(() => undefined);
    try {
      this.log({ event: 'failed', ...failure });
    } catch {
      // the same
    }
  }

  close(): void {
    try {
      this.metrics.close();
    } catch {
      // A full disk: what could not be appended is cut off again by resume.
    }
  }

  private async handle(event: TrainerEvent): Promise<TrainResult | null> {
    switch (event.kind) {
      case 'step':
        this.metrics.append(event);
        [this.lastStep, this.lastLoss] = [event.step, event.loss];
        this.meter.step(event);
        return null;
      case 'snapshotDue':
        await this.saveSnapshot(event.step);
        if (event.evaluate) this.testSnapshot(event.step);
        return null;
      case 'stopped':
        return this.endStopped(event.step);
      case 'done':
        return this.endFinished(event.step);
      default:
        return event satisfies never;
    }
  }

  private async saveSnapshot(step: number): Promise<void> {
    const { folder, record, lock, trainable } = this.input;
    await lock.assertHeld();
    this.metrics.sync(); // before DONE: a believed snapshot has all its metrics
    await this.meter.saving(`saving step ${step}`, async () => {
      const parts = await trainable.snapshotParts({ algorithm: 'philox4x32-10', seed: record.config.seed, step });
      await writeSnapshot(folder, step, parts);
    });
    const inUse = this.beside?.step ?? null;
    await pruneSnapshots(folder, record.config.training.keepSnapshots, new Set(inUse === null ? [] : [inUse]));
    const stepsPerSecond = this.meter.stepsPerSecond();
    this.log({ event: 'snapshot', step, loss: this.lastLoss, stepsPerSecond, ...trainable.memory() });
  }

  private testSnapshot(step: number): void {
    const skip = (reason: string): void => this.log({ event: 'test-skipped', step, reason });
    if (!this.beside) skip('the workspace is not trusted, or nothing can start a second process');
    else if (!this.beside.start(step)) skip(`step ${this.beside.step!} is still tested`);
  }

  private async endStopped(step: number): Promise<TrainResult> {
    const { folder, record, context } = this.input;
    this.beside?.cancel();
    await clearStopRequest(folder);
    const isInterrupted = context.signal.aborted && context.signal.reason === hostGone;
    if (!isInterrupted) await updateRun(folder, { status: 'stopped', failure: null });
    const by = context.signal.aborted ? 'signal' : 'request';
    this.log({ event: isInterrupted ? 'interrupted' : 'stopped', step, by });
    if (context.signal.aborted) throw trainingCancelled(record.id, step);
    return this.result('stopped', step, null);
  }

  private async endFinished(step: number): Promise<TrainResult> {
    const { folder, trainable } = this.input;
    const weights = weightsFile(folder);
    this.meter.phase('saving', 'saving the weights');
    await trainable.writeWeights(weights);
    await clearStopRequest(folder);
    await updateRun(folder, { status: 'finished', failure: null });
    this.log({ event: 'finished', step, loss: this.lastLoss });
    const tested = this.beside?.step ?? null;
    if (tested !== null) this.meter.phase('saving', `waiting for the test of step ${tested}`);
    await this.beside?.finish();
    return this.result('finished', step, weights);
  }

  private result(status: TrainResult['status'], step: number, weights: string | null): TrainResult {
    const { folder, record, notes } = this.input;
    const elapsedMs = performance.now() - this.startedAt;
    return {
      run: record.id,
      folder,
      status,
      step,
      loss: this.lastLoss,
      weights,
      elapsedMs,
      notes: [...notes, ...notesOf(record)],
    };
  }

  private createBeside(): TestBeside | null {
    const { folder, context } = this.input;
    if (!context.program) return null;
    return createTestBeside({
      program: context.program,
      argumentsFor: step => [
        ...['--workspace', context.workspace, 'generate', folder, '--snapshot', String(step), '--count', '1'],
        ...['--seed', String(step), '--test', '--json', '--force'],
        ...['--out', testSamplesFolder(folder, step)],
      ],
      onResult: result => this.recordTest(result),
    });
  }

  private async recordTest(result: BesideResult): Promise<void> {
    try {
      await keepTrainingTest(this.input.folder, result);
    } catch {
      // The test of one snapshot is not worth ending the training for; the log of the next snapshot will fail as well.
    }
  }

  private log(event: RunEvent): void {
    logEvent(this.input.folder, event);
  }
}

function trainingCancelled(run: string, step: number): RpgError {
  const remedies = [{ does: 'resume', run }] as const;
  return new RpgError('cancelled', 'cancelled', `stopped ${run} after step ${step}`, { run, step }, { remedies });
}

/** A batch needs more checkpoints than there are: legal, and worth saying. */
function notesOf({ config, dataset }: RunRecord): string[] {
  const { nCheckpoints } = dataset;
  const { batchSize } = config.training;
  if (nCheckpoints >= batchSize) return [];
  const which = nCheckpoints === 1 ? 'the only checkpoint is' : `the ${nCheckpoints} checkpoints are`;
  const learned = nCheckpoints === 1 ? '; a run learns a distribution from many, this one can only repeat it' : '';
  return [`${which} taken several times in a batch of ${batchSize}${learned}`];
}
