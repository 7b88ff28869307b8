// What can be wrong with a folder of checkpoints.
import { usualExtensionsInWords } from '../checkpoint/registry';
import { formatShape } from '../checkpoint/tensor';
import { userError, type RpgError } from '../util/rpgError';

/** No file in the folder looks like a checkpoint. */
export function noCheckpoints(folder: string, nSkipped: number): RpgError {
  return userError(
    'no-checkpoints',
    `${folder}: no checkpoint found (${nSkipped} other entries); put ${usualExtensionsInWords} files, or adapter folders, into it or into ${folder}/checkpoint`,
    { folder, nSkipped },
  );
}

/** A checkpoint that is not of the folder's architecture. */
export function structureMismatch(difference: StructureDifference): RpgError {
  return userError(
    'structure-mismatch',
    `${describeDifference(difference)}; move it out of the folder, or register its kind separately`,
    {
      ...difference,
    },
  );
}

/** One place where a checkpoint differs from the others. Absent shapes mean an absent tensor. */
export interface StructureDifference {
  readonly path: string;
  readonly tensor: string;
  readonly found: readonly number[] | null;
  readonly expected: readonly number[] | null;
  /** Where names and shapes agree: what does not. */
  readonly other?: 'order' | 'kind of number' | 'tensor dictionary';
  /** A checkpoint that has the expected shape. */
  readonly referencePath: string;
}

export function describeDifference({
  path,
  tensor,
  found,
  expected,
  other,
  referencePath,
}: StructureDifference): string {
  if (other) return `${path}: tensor ${tensor} is in ${referencePath} too, but in another ${other}`;
  if (!found)
    return `${path}: tensor ${tensor} is missing; ${referencePath} has it with shape ${formatShape(expected ?? [])}`;
  if (!expected)
    return `${path}: tensor ${tensor} of shape ${formatShape(found)} is in none of the others (such as ${referencePath})`;
  return `${path}: tensor ${tensor} has shape ${formatShape(found)}, but ${formatShape(expected)} in ${referencePath}`;
}
