// Finds accuracy and loss in what a test program printed. The last match counts: programs print progress before results.
import { userError } from '../util/rpgError';

/**
 * `Acc: 0.8793`, `accuracy=87.93%`, `"acc": 0.88`, `Top-1 Acc 87.93 %`, `acc@1 76.2`. A custom pattern's first group is the
 * number, a second group `%` makes it percent.
 */
export const defaultAccuracyPattern = String.raw`(?<![a-z])acc(?:uracy)?(?:@1|_1|1)?["']?\s*[:=]?\s*(nan|[-+]?inf(?:inity)?|[-+]?\d*\.?\d+(?:e[-+]?\d+)?)\s*(%?)`;

const lossPattern = /(?<![a-z])loss["']?\s*[:=]?\s*([-+]?\d*\.?\d+(?:e[-+]?\d+)?)/gi;

/** *Errors* user: not a regular expression, or one without a group. */
export function compileAccuracyPattern(pattern: string): RegExp {
  let compiled: RegExp;
  try {
    compiled = new RegExp(pattern, 'gi');
  } catch (error) {
    throw userError(
      'bad-accuracy-pattern',
      `accuracy pattern "${pattern}" is not a regular expression (${error instanceof Error ? error.message : ''}); the default finds "Acc: 0.8793"`,
      { pattern },
      error,
    );
  }
  // An empty alternative always matches and tells how many groups there are.
  const groups = (new RegExp(`${pattern}|`).exec('')?.length ?? 1) - 1;
  if (groups === 0)
    throw userError(
      'bad-accuracy-pattern',
      `accuracy pattern "${pattern}" has no group; put the number into parentheses: acc=(\\d+\\.\\d+)`,
      { pattern },
    );
  return compiled;
}

/** What was found, or why nothing usable was. */
export type FoundAccuracy = { accuracy: number; loss: number | null } | { problem: string };

/** The last accuracy in the output as a fraction, and the last loss. Numbers above 1 are read as percent. */
export function findAccuracy(output: string, pattern: RegExp): FoundAccuracy {
  const last = [...output.matchAll(pattern)].at(-1);
  if (last === undefined) return { problem: 'it printed no accuracy that the pattern finds' };
  const text = last[1] ?? '';
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) return { problem: `it printed an accuracy of "${text}"` };
  const accuracy = last[2] === '%' || value > 1 ? Number((value / 100).toPrecision(12)) : value; // 0.8793, not 0.8793000000000001
  if (accuracy < 0 || accuracy > 1)
    return { problem: `it printed an accuracy of "${text}", which is neither a fraction nor percent` };
  const lossText = [...output.matchAll(lossPattern)].at(-1)?.[1];
  return { accuracy, loss: lossText === undefined ? null : Number(lossText) };
}
