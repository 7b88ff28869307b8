// A sentence → a task: which of the dataset's labels it asks for. Words are matched with the labels, one or many of them;
// "except", "not", "without" and "but" turn the meaning of what follows. No language model: what was understood is shown.
import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { PromptReading } from '../../../protocol/generation';
import { datasetRoot } from '../../datasets/datasetStore';
import { findRun, readRun } from '../../runs/runStore';
import { userError, type RpgError } from '../../util/rpgError';
import type { OperationContext } from '../context';

/** The labels of CIFAR-10, which the published task-conditioned networks tell apart. */
const cifar10Labels = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');
const otherWords: Readonly<Record<string, string>> = {
  plane: 'airplane',
  aeroplane: 'airplane',
  aircraft: 'airplane',
  car: 'automobile',
  boat: 'ship',
  lorry: 'truck',
  kitten: 'cat',
  puppy: 'dog',
};
const negations = new Set(['except', 'not', 'without', 'but', 'no']);
const everything = new Set(['all', 'every', 'everything', 'any', 'anything']);
const fillers = new Set(
  'a an and or the of for to from in with that which is are me i we network networks model models classifier find finds recognise recognises recognize recognizes tell tells detect detects separate separates apart rest others image images picture pictures generate make only as well also please vs versus between one ones class classes label labels'.split(
    ' ',
  ),
);

/** *Errors* `run-without-tasks`; `labels-missing`. */
export async function readPrompt(
  params: { run: string; prompt: string },
  { workspace }: OperationContext,
): Promise<PromptReading> {
  const record = await readRun(await findRun(workspace, params.run));
  const { kind, taskBits } = record.config.condition;
  if (kind === 'none') throw withoutTasks(record.id);
  return readPromptWith(labelsOf(record.dataset.folder, taskBits), params.prompt);
}

/** The reading itself: one label a bit. */
export function readPromptWith(labels: readonly string[], prompt: string): PromptReading {
  const bits = labels.map(() => 0);
  const unknown: string[] = [];
  let value = 1;
  for (const word of prompt.toLowerCase().match(/[\p{L}\p{N}_-]+/gu) ?? []) {
    const label = indexOfLabel(labels, word);
    if (label >= 0) bits[label] = value;
    else if (negations.has(word)) value = 0;
    else if (everything.has(word)) bits.fill(1);
    else if (!fillers.has(word)) unknown.push(word);
  }
  return {
    class: bits.reduce((sum, bit) => 2 * sum + bit, 0),
    bits,
    labels: labels.filter((_, index) => bits[index] === 1),
    unknown,
  };
}

function indexOfLabel(labels: readonly string[], word: string): number {
  const singular = [word, word.replace(/s$/, ''), word.replace(/es$/, ''), word.replace(/ies$/, 'y')];
  const candidates = singular.flatMap(form => [form, otherWords[form] ?? form]);
  return labels.findIndex(label => candidates.includes(label.toLowerCase()));
}

function labelsOf(folder: string, taskBits: number): string[] {
  const file = path.join(datasetRoot(folder), 'labels.txt');
  const labels = existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .map(line => line.trim())
        .filter(line => line !== '')
    : cifar10Labels;
  if (labels.length === taskBits) return [...labels];
  const found = existsSync(file) ? `${file} names ${labels.length}` : `${file} does not exist`;
  throw userError(
    'labels-missing',
    `a prompt needs the names of the ${taskBits} labels, and ${found}; write one a line, in the order of the bits`,
    { file, taskBits },
  );
}

/** Said wherever tasks are asked of a run that has none. */
function withoutTasks(run: string): RpgError {
  return userError(
    'run-without-tasks',
    `${run} was not trained with tasks (condition.kind is none), so it cannot generate for one; train with condition.kind task on checkpoints whose names carry a class (…_class0279_…)`,
    { run },
  );
}
