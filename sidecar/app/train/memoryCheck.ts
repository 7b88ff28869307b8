// Refuses to start what cannot fit, before minutes are spent on it.
import { freemem } from 'node:os';
import type { EngineDevice } from '../../engine/engine';
import type { MemoryEstimate } from '../../methods/training';
import { mendableError } from '../../util/rpgError';

/** *Units* bytes. What this process may still use: a container's limit counts, not only the machine's memory. */
export function freeMemoryBytes(): number {
  // Node 20.13 and later know the container's limit as well.
  return typeof process.availableMemory === 'function' ? process.availableMemory() : freemem();
}

/** Memory a device may use now. Devices of the host share what is free there; cards have their own. */
export function deviceMemoryBytes({ facts }: EngineDevice, memoryBytes: number | null): number {
  return facts.ownsMemory && memoryBytes !== null ? memoryBytes : freeMemoryBytes();
}

/** One line for people: `about 0.3 GB: weights 0.1, optimizer 0.1, activations 0.1`. */
export function describeEstimate(estimate: MemoryEstimate): string {
  const { totalBytes, weightBytes, optimizerBytes, activationBytes } = estimate;
  return `about ${gigabytes(totalBytes)} GB of memory: weights and gradients ${gigabytes(weightBytes)}, optimizer ${gigabytes(optimizerBytes)}, activations ${gigabytes(activationBytes)}`;
}

/** *Errors* `memory-too-small`, naming the settings that lower the need. */
export function checkMemory(estimate: MemoryEstimate, freeBytes: number, where: string, force: boolean): void {
  if (force || estimate.totalBytes <= freeBytes) return;
  const remedy =
    estimate.activationBytes > estimate.weightBytes + estimate.optimizerBytes
      ? 'lower training.batchSize or diffusion.diffusionBatch'
      : 'lower tokens.dimPerToken and recurrent.dModel';
  throw mendableError(
    'memory-too-small',
    `training needs ${describeEstimate(estimate)}; ${where} has ${gigabytes(freeBytes)} GB free`,
    [remedy, { does: 'goOn', despite: 'memory' }],
    { ...estimate, freeBytes },
  );
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 1);
}
