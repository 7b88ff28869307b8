// What a generation request asks for, network by network: its name, noise index, permutation state and class.
import type { GenerateParams } from '../../../protocol/generation';
import { isFileNamePart, isTask } from '../../../shared/rules';
import type { Conditions, WantedNetwork } from '../../methods/generating';
import { fillIntegers, streams } from '../../model/philox';
import { userError } from '../../util/rpgError';

export interface PlannedNetwork extends WantedNetwork {
  /** File name without its ending. */
  readonly name: string;
}

/** *Errors* `bad-request`: a seed too large; a tag that is a path; a permutation or class the run cannot have, or lacks. */
export function planNetworks(
  params: Pick<GenerateParams, 'count' | 'permutation' | 'classes'>,
  tag: string,
  seed: number,
  { permutationStates, taskBits }: Conditions,
): PlannedNetwork[] {
  const count = params.count ?? 1;
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) {
    throw badRequest(`count ${count} is not a whole number from 1 to 1000000`);
  }
  if (seed >= 2 ** 32) throw badRequest(`seed ${seed} is too large; give 0 to ${2 ** 32 - 1}`); // Philox takes 32 bits
  if (!isFileNamePart(tag))
    throw badRequest(
      `tag ${JSON.stringify(tag).slice(1, -1) || "''"} is not part of a file name; give one without slashes and line breaks`,
    );
  checkPermutation(params.permutation, permutationStates);
  const classes = checkedClasses(params.classes, taskBits);
  const total = count * Math.max(1, classes.length);
  return Array.from({ length: total }, (_, index) => {
    const label = classes.length === 0 ? null : classes[Math.floor(index / count)]!;
    return {
      name: fileName(tag, label, label === null ? index : index % count, count),
      index,
      permutationState: permutationOf(params.permutation, index, seed, permutationStates),
      class: label,
    };
  });
}

/** `generated_tag_001`, `generated_tag_class0279`, and both where a class has several. */
function fileName(tag: string, label: number | null, index: number, count: number): string {
  const number = `_${String(index + 1).padStart(3, '0')}`;
  if (label === null) return `generated_${tag}${number}`;
  return `generated_${tag}_class${String(label).padStart(4, '0')}${count > 1 ? number : ''}`;
}

function permutationOf(
  wanted: GenerateParams['permutation'],
  index: number,
  seed: number,
  states: Conditions['permutationStates'],
): number | null {
  if (states === null) return null;
  if (typeof wanted === 'number') return wanted;
  const drawn = new Int32Array(1);
  fillIntegers(drawn, states, { seed, stream: streams.samplePermutation, step: 0, item: index });
  return drawn[0]!;
}

function checkPermutation(wanted: GenerateParams['permutation'], states: Conditions['permutationStates']): void {
  if (typeof wanted !== 'number') return;
  if (states === null)
    throw badRequest('a permutation state is for runs with permutation states, and this one has none');
  if (!Number.isInteger(wanted) || wanted < 0 || wanted >= states) {
    throw badRequest(`permutation ${wanted} is not a state of this run; give 0 to ${states - 1}, or random`);
  }
}

function checkedClasses(classes: readonly number[] | undefined, taskBits: Conditions['taskBits']): readonly number[] {
  if (taskBits === null) {
    if (classes && classes.length > 0) throw badRequest('classes are for task-conditioned runs, and this one is not');
    return [];
  }
  const largest = 2 ** taskBits - 1;
  if (!classes || classes.length === 0)
    throw badRequest(`this run generates for a task; give one or more classes from 0 to ${largest}`);
  const wrong = classes.find(label => !isTask(label, taskBits));
  if (wrong !== undefined) throw badRequest(`${wrong} is not a class of this run; give 0 to ${largest}`);
  return [...new Set(classes)];
}

function badRequest(message: string) {
  return userError('bad-request', message);
}
