// Tests networks with the person's own program, once per file: `python test.py {file}`. Each failure – it does not start,
// exits with a code, hangs, prints nothing or NaN – belongs to its file and says so with the end of the output; the rest
// goes on.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestOutcome } from '../../shared/testOutcome';
import { userError, type RpgError } from '../util/rpgError';
import { fillPlaceholders, parseCommandLine } from './commandLine';
import { readPredictionsFile } from './predictionsFile';
import { runProcess, type ProcessResult } from './runProcess';
import { compileAccuracyPattern, defaultAccuracyPattern, findAccuracy } from './testOutput';
import type { NetworkToTest, Tester } from './tester';

export interface ExternalTestOptions {
  /** `{file}` is the network's file (appended where absent), `{predictions}` a file the program may write. */
  readonly command: string;
  /** Working directory, usually the dataset's folder. */
  readonly cwd: string;
  readonly timeLimitMs: number;
  readonly concurrency: number;
  /** A regular expression whose first group is the accuracy. */
  readonly accuracyPattern?: string;
  /** Writes a network that has no file of its own (a baseline) and returns where; `remove` is called after its test. */
  readonly writeTemporary: (network: NetworkToTest) => Promise<{ path: string; remove: () => void }>;
}

/** What a timer can wait; a longer time would fire at once. */
const longestTimeLimitMs = 2 ** 31 - 1;

/** *Errors* user: the command line, the pattern or the time limit cannot be used. */
export function externalTester(options: ExternalTestOptions): Tester {
  const argv = parseCommandLine(options.command);
  const pattern = compileAccuracyPattern(options.accuracyPattern ?? defaultAccuracyPattern);
  const { timeLimitMs } = options;
  if (!(timeLimitMs > 0 && timeLimitMs <= longestTimeLimitMs))
    throw userError(
      'bad-request',
      `a time limit of ${timeLimitMs / 1000} s is not possible; give more than 0 and at most ${Math.floor(longestTimeLimitMs / 1000)}`,
      { timeLimitMs },
    );
  const wantsPredictions = argv.some(argument => argument.includes('{predictions}'));
  return {
    kind: 'external',
    title: options.command,
    concurrency: options.concurrency,
    async test(network, signal) {
      const file =
        network.path === null ? await options.writeTemporary(network) : { path: network.path, remove: () => undefined };
      const predictionsFile = path.join(tmpdir(), `rpg-predictions-${randomUUID()}.json`);
      try {
        const result = await runProcess(fillPlaceholders(argv, { file: file.path, predictions: predictionsFile }), {
          cwd: options.cwd,
          timeLimitMs,
          signal,
        });
        const outcome = judge({ name: network.source.name, file: file.path }, argv[0]!, result, pattern, timeLimitMs);
        return wantsPredictions ? { ...outcome, predictions: readPredictionsFile(predictionsFile) } : outcome;
      } finally {
        file.remove();
        rmSync(predictionsFile, { force: true });
      }
    },
  };
}

function judge(
  { name, file }: { name: string; file: string },
  program: string,
  result: ProcessResult,
  pattern: RegExp,
  timeLimitMs: number,
): TestOutcome {
  const { end } = result;
  switch (end.kind) {
    case 'not-started':
      throw testFailed(name, `the program "${program}" did not start (${end.reason}); check the test command`, result);
    case 'time-limit':
      throw testFailed(name, `it took longer than ${timeLimitMs / 1000} s; raise the time limit`, result);
    case 'killed':
      throw testFailed(name, `it was ended by ${end.signal}`, result);
    case 'exit': {
      if (end.code !== 0) throw testFailed(name, `it exited with code ${end.code}`, result);
      // Standard error first: the last match wins, and results belong on standard output.
      const found = findAccuracy(withoutName(`${result.stderr}\n${result.stdout}`, file), pattern);
      if ('problem' in found) throw testFailed(name, found.problem, result);
      return { ...found, predictions: null };
    }
    default:
      return end satisfies never;
  }
}

/** File names tell an accuracy (`…_acc0.8793_…`), and many programs print the name of what they test. */
function withoutName(output: string, file: string): string {
  const names = [file, path.parse(file).name].filter(name => new RegExp(defaultAccuracyPattern, 'i').test(name));
  return names.reduce((rest, name) => rest.replaceAll(name, ''), output);
}

/** Code of the failures that belong to one network. */
export const testFailedCode = 'test-failed';

function testFailed(name: string, problem: string, { stdout, stderr }: ProcessResult): RpgError {
  const tail = outputTail(`${stdout}\n${stderr}`);
  return userError(testFailedCode, `the test of ${name} failed: ${problem}${tail === '' ? '' : `\n${tail}`}`, {
    name,
    problem,
    tail,
  });
}

/** The last ten lines, at most 2,000 characters, control characters removed. */
export function outputTail(output: string): string {
  const lines = output
    .replace(/\r\n?/g, '\n')
    .replace(/\u001b\[[0-9;]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line !== '');
  return lines.slice(-10).join('\n').slice(-2000);
}
