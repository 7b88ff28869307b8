// A test command as the person writes it, cut into arguments, so that no shell sees a file name. Quotes and backslashes work
// as in a POSIX shell; pipes, redirections, variables and globs do not exist here and are refused rather than misread.
import { filePlaceholder } from '../../shared/rules';
import { userError, type RpgError } from '../util/rpgError';

/**
 * `python test.py "my file"` → ['python', 'test.py', 'my file'].
 * *Errors* user: empty, an unclosed quote, or shell syntax outside quotes.
 */
export function parseCommandLine(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let isInWord = false; // an empty word ("") is a word too
  let quote: '"' | "'" | null = null;
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quote === "'") {
      if (c === "'") quote = null;
      else word += c;
    } else if (quote === '"') {
      if (c === '"') quote = null;
      else if (c === '\\' && i + 1 < line.length && '"\\$`'.includes(line[i + 1]!)) word += line[++i]!;
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      isInWord = true;
    } else if (c === '\\' && i + 1 < line.length && process.platform !== 'win32') {
      word += line[++i]!;
      isInWord = true;
    } else if (/\s/.test(c)) {
      if (isInWord) words.push(word);
      word = '';
      isInWord = false;
    } else if ('|&;<>`'.includes(c)) {
      throw badCommand(
        line,
        `"${c}" at position ${i + 1} is shell syntax, and no shell is started; put it into a script`,
      );
    } else {
      word += c;
      isInWord = true;
    }
  }
  if (quote !== null) throw badCommand(line, `a ${quote} is not closed`);
  if (isInWord) words.push(word);
  if (words.length === 0) throw badCommand(line, 'it is empty; write for example: python test.py {file}');
  return words;
}

/** Puts values in place of `{file}` and the like inside arguments; an argument list without `{file}` gets it appended. */
export function fillPlaceholders(argv: readonly string[], values: Readonly<Record<string, string>>): string[] {
  const filled = argv.map(argument =>
    argument.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? values[name]! : whole)),
  );
  const hasFile = argv.some(argument => argument.includes(filePlaceholder));
  return hasFile || values.file === undefined ? filled : [...filled, values.file];
}

function badCommand(line: string, problem: string): RpgError {
  return userError('bad-test-command', `test command "${line}": ${problem}`, { line });
}
