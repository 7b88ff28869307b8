// The file a test program may write for `{predictions}`: JSON, {"predicted": [class, …], "expected": [class, …]}, one entry
// per test sample in the test set's order, and, if it likes, "probabilities": [[of class 0, of class 1, …], …]. From it come
// similarity, ensembles and calibration.
import { readFileSync } from 'node:fs';
import type { Predictions, Probabilities } from '../../shared/testOutcome';
import { fileError, userError, type RpgError } from '../util/rpgError';

/** *Errors* user: unreadable, not JSON, not two lists of whole numbers of the same length, or probabilities that are none. */
export function readPredictionsFile(file: string): Predictions {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(file, 'read the predictions of the test', error);
  }
  return parsePredictions(file, text);
}

/** As `readPredictionsFile`; `name` is only used in messages. */
export function parsePredictions(name: string, text: string): Predictions {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badPredictions(name, 'is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw badPredictions(name, 'holds no object');
  const predicted = 'predicted' in value ? classList(value.predicted) : null;
  const expected = 'expected' in value ? classList(value.expected) : null;
  if (predicted === null || expected === null)
    throw badPredictions(name, 'lacks a list of whole numbers "predicted" or "expected"');
  if (predicted.length !== expected.length)
    throw badPredictions(name, `has ${predicted.length} predicted but ${expected.length} expected classes`);
  const given = 'probabilities' in value ? value.probabilities : null;
  return given === null
    ? { predicted, expected }
    : { predicted, expected, probabilities: probabilitiesOf(name, given, { predicted, expected }) };
}

/** Programs round what they print: a row need not be one to the last digit. */
const rowTolerance = 1e-3;

function probabilitiesOf(
  name: string,
  given: unknown,
  { predicted, expected }: Pick<Predictions, 'predicted' | 'expected'>,
): Probabilities {
  if (!Array.isArray(given) || given.length !== expected.length)
    throw badPredictions(name, `has "probabilities" that are no list of ${expected.length} rows`);
  const rows: unknown[] = given;
  const classes = Array.isArray(rows[0]) ? rows[0].length : 0;
  const values = new Float64Array(rows.length * classes);
  for (const [at, row] of rows.entries()) {
    if (!Array.isArray(row) || row.length !== classes || classes === 0)
      throw badPredictions(name, `has "probabilities" whose row ${at} is no list of ${classes} numbers`);
    let sum = 0;
    for (const [c, entry] of (row as unknown[]).entries()) {
      if (typeof entry !== 'number' || !(entry >= 0 && entry <= 1))
        throw badPredictions(name, `has the probability ${String(entry)} in row ${at}, which is none`);
      sum += values[at * classes + c] = entry;
    }
    if (Math.abs(sum - 1) > rowTolerance)
      throw badPredictions(name, `has "probabilities" whose row ${at} adds up to ${sum.toPrecision(4)}, not to 1`);
    for (const [verb, named] of [
      ['expects', expected[at]!],
      ['predicts', predicted[at]!],
    ] as const)
      if (named < 0 || named >= classes)
        throw badPredictions(
          name,
          `${verb} class ${named} in row ${at}, of which its ${classes} probabilities tell nothing`,
        );
  }
  return { classes, values };
}

function classList(value: unknown): Int32Array | null {
  if (!Array.isArray(value)) return null;
  const list: unknown[] = value;
  const isClass = (entry: unknown): entry is number =>
    typeof entry === 'number' && Number.isInteger(entry) && Math.abs(entry) < 2 ** 31;
  return list.every(isClass) ? Int32Array.from(list) : null;
}

function badPredictions(name: string, problem: string): RpgError {
  return userError(
    'bad-predictions',
    `${name} ${problem}; a test writes {"predicted": [3, …], "expected": [3, …]}, one class per test sample`,
    { file: name },
  );
}
