// The file a test program may write for `{predictions}`: JSON, {"predicted": [class, …], "expected": [class, …]}, one entry
// per test sample in the test set's order. From it come similarity and ensembles.
import { readFileSync } from 'node:fs';
import type { Predictions } from '../../shared/testOutcome';
import { fileError, userError, type RpgError } from '../util/rpgError';

/** *Errors* user: unreadable, not JSON, or not two lists of whole numbers of the same length. */
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
  return { predicted, expected };
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
