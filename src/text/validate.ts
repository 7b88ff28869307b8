// What is said while one types. Each returns the complaint, or null when the text will do. The sidecar checks again.
import { filePlaceholder, isDatasetName, isEta, isFileNamePart, isTask } from '../../shared/rules';
import { formatCount } from '../../shared/words';

/** The names a dataset may have; the sidecar's rule. */
export function datasetNameProblem(text: string, taken: readonly string[]): string | null {
  if (text === '') return 'Give it a name';
  if (!isDatasetName(text))
    return 'Use up to 100 letters, digits, dots, dashes and underscores, beginning with a letter or digit';
  return taken.includes(text) ? `There is a dataset ${text} already` : null;
}

export function wholeNumberProblem(text: string, { min, max }: { min: number; max: number }): string | null {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value)) return 'Give a whole number';
  return value < min || value > max ? `Give a number from ${formatCount(min)} to ${formatCount(max)}` : null;
}

/** Noise of DDIM. */
export function etaProblem(text: string): string | null {
  const value = Number(text);
  return text.trim() === '' || !isEta(value) ? 'Give a number from 0 to 1' : null;
}

/** Part of a file name; the sidecar's rule. */
export function fileNamePartProblem(text: string): string | null {
  return isFileNamePart(text) ? null : 'Write no slashes and line breaks';
}

/** A test command must name the file it is to test. */
export function testCommandProblem(text: string): string | null {
  if (text.trim() === '') return null;
  if (!text.includes(filePlaceholder)) return 'Write {file} where the checkpoint goes: python3 test.py {file}';
  return (text.match(/"/g) ?? []).length % 2 === 1 ? 'A quotation mark is not closed' : null;
}

/** `3, 17, 0279` → [3, 17, 279]. */
export function parseClasses(text: string): number[] {
  return text
    .split(/[\s,;]+/)
    .filter(word => word !== '')
    .map(Number);
}

export function classesProblem(text: string, taskBits: number): string | null {
  const classes = parseClasses(text);
  if (classes.length === 0) return 'Give one or more task numbers, such as 3, 17, 279';
  const odd = classes.findIndex(value => !isTask(value, taskBits));
  if (odd < 0) return null;
  return `${text.split(/[\s,;]+/).filter(word => word !== '')[odd]!} is not a task: numbers go from 0 to ${2 ** taskBits - 1} (${taskBits} bits)`;
}
