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
  const reason = error instanceof Error ? error.message : String(error);
  const position = Number(/position (\d+)/.exec(reason)?.[1] ?? NaN);
  const before = text.slice(0, Number.isNaN(position) ? text.length : position).split('\n');
  const [line, column] = [before.length, before.at(-1)!.length + 1];
  return userError(
    'config-not-json',
    `${path}:${line}:${column}: is not JSON (${reason}); configuration files are plain JSON without comments`,
    { path, line, column },
  );
}
