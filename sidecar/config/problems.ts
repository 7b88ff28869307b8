// What can be wrong with a configuration, collected so that all of it is reported at once.
import type { ConfigProblem } from '../../protocol/runRecords';
import { RpgError, userError } from '../util/rpgError';

/** A value as a message shows it: short, and unmistakably a value. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** All problems of one configuration, one a line. */
export function configInvalid(problems: readonly ConfigProblem[]): RpgError {
  const lines = problems.map(({ path, source, message }) => `  ${path} (${source}): ${message}`);
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return userError('config-invalid', `the configuration has ${count}:\n${lines.join('\n')}`, { problems });
}

/** A configuration file that is not JSON. *Units* line and column count from 1. */
export function configNotJson(path: string, text: string, error: unknown): RpgError {
  const before = text.slice(0, faultyAt(text)).split('\n');
  const [line, column] = [before.length, before.at(-1)!.length + 1];
  const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error);
  return userError(
    'config-not-json',
    `${path}:${line}:${column}: is not JSON (${reason}); configuration files are plain JSON without comments`,
    { path, line, column },
  );
}

/**
 * Index of the first character that no JSON text could have there. JSON.parse does not always tell it, but it tells a text
 * that merely ends too early from one that is wrong, and every longer part of a wrong text is wrong: a binary search.
 */
function faultyAt(text: string): number {
  let [right, wrong] = [0, text.length + 1]; // lengths of a beginning that may go on, and of one that may not
  while (wrong - right > 1) {
    const middle = (right + wrong) >> 1;
    if (mayGoOn(text.slice(0, middle))) right = middle;
    else wrong = middle;
  }
  return right;
}

function mayGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const position = /position (\d+)/.exec(message)?.[1];
    return position === undefined ? message.includes('end of JSON') : Number(position) >= beginning.length;
  }
}
