// The snapshot a person means, for its weights: the newest good one, or the one of a step.
import * as path from 'node:path';
import { hashesFit, listSnapshots, newestSnapshot, type Snapshot } from '../../runs/snapshots';
import { userError } from '../../util/rpgError';
import type { Method } from '../../methods/method';

/** *Errors* `snapshot-not-found`, with the steps there are. */
export async function findSnapshot(
  runFolder: string,
  step: number | undefined,
  { weightFiles }: Pick<Method, 'weightFiles'>,
): Promise<Snapshot> {
  const run = path.basename(runFolder);
  if (step === undefined) {
    const { snapshot } = await newestSnapshot(runFolder, weightFiles);
    if (snapshot) return snapshot;
    throw userError('snapshot-not-found', `${run} has no snapshot yet; wait for the first, or resume it`, { run });
  }
  const all = await listSnapshots(runFolder);
  const found = all.find(snapshot => snapshot.step === step);
  if (found && (await hashesFit(found, weightFiles))) return found;
  const steps = all.map(snapshot => snapshot.step).join(', ') || 'none';
  throw userError('snapshot-not-found', `${run} has no good snapshot of step ${step}; it has ${steps}`, { run, step });
}
