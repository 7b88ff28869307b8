// The command line: parses words, runs one operation, turns errors into messages and exit codes (0, 1 internal, 2 user,
// 130 cancelled).
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command, CommanderError } from 'commander';
import colors from 'picocolors';
import { exitCodes, withRemedies } from '../../protocol/errors';
import type { Progress } from '../../protocol/operation';
import { operationList } from '../../protocol/operations';
import { printable } from '../checkpoint/errors';
import { atOnce, type OperationContext, type OperationFunction } from '../app/context';
import { implementations } from '../app/registry';
import { RpgError } from '../util/rpgError';
import { version } from '../util/version';
import { addCommand } from './addCommand';
import type { Cli } from './cliCommand';
import { cliCommands } from './registry';
import { remedyText } from './remedyText';

/** Runs one command line to its end and resolves to the exit code. Never rejects. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => {
    // The second Ctrl-C does not wait for anything.
    if (interrupt.signal.aborted) process.exit(exitCodes.cancelled);
    interrupt.abort();
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  process.stdout.on('error', ignoreClosedPipe);
  let exitCode = 0;
  const program = createProgram();
  const cli = createCli(program, interrupt.signal, code => (exitCode = code));
  for (const [name, operation] of operationList) {
    // The cast: it is called with the parameters that the table of this very operation makes.
    const implementation = implementations[name] as unknown as OperationFunction<unknown, unknown>;
    addCommand(program, cli, { operation, implementation, own: cliCommands[name] });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportError(error, args.includes('--json'));
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}

function createProgram(): Command {
  return new Command('rpg')
    .description(
      'Learn the distribution of trained checkpoints by recurrent diffusion, generate new networks, judge them.',
    )
    .version(version)
    .option('--workspace <folder>', 'folder that holds .rpg/ (default: the nearest one upwards, or here)')
    .showHelpAfterError('(rpg --help lists the commands)')
    .showSuggestionAfterError()
    .exitOverride();
}

function createCli(program: Command, signal: AbortSignal, setExitCode: (code: number) => void): Cli {
  const workspace = (): string => findWorkspace(program.opts<{ workspace?: string }>().workspace);
  const context = <P>(report: (progress: P) => void): OperationContext<P> => ({
    signal,
    report,
    onDevice: atOnce,
    workspace: workspace(),
    program: [process.execPath, ...process.execArgv, process.argv[1]!],
  });
  const run = async <Params, Result>(
    operation: OperationFunction<Params, Result>,
    params: Params,
    options: { title: string; json?: boolean },
  ): Promise<Result> => {
    const bar = createProgressBar(options.title, options.json ?? false);
    try {
      return await operation(params, context<Progress>(bar.update));
    } finally {
      bar.stop();
    }
  };
  return {
    workspace,
    signal,
    run,
    context,
    print: (line = '') => process.stdout.write(`${line}\n`),
    printJson: value => process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: line => process.stderr.write(`${line}\n`),
    setExitCode,
  };
}

function findWorkspace(given: string | undefined): string {
  if (given !== undefined) return path.resolve(given);
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, '.rpg'))) return folder;
    if (folder === path.dirname(folder)) return process.cwd();
  }
}

/** Shown only on a terminal, only for work that takes longer than a blink, and wiped at the end. */
function createProgressBar(
  title: string,
  isSilent: boolean,
): { update: (progress: Progress) => void; stop: () => void } {
  if (isSilent || !process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar({
    format: `${title} {bar} {percentage} %  {message}`,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    barsize: 24,
    fps: 10,
  });
  const startedAt = performance.now();
  let isShown = false;
  return {
    update: ({ fraction, message }) => {
      if (!isShown && performance.now() - startedAt < 300) return;
      if (!isShown) bar.start(100, 0, { message: '' });
      isShown = true;
      bar.update(Math.round(100 * (fraction ?? 0)), { message: printable(message).slice(-40) });
    },
    stop: () => bar.stop(),
  };
}

function reportError(error: unknown, isJson: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Commander has printed it for people.
    if (isJson) printJsonError({ code: 'bad-request', blame: 'user', message: error.message.replace(/^error: /, '') });
    return exitCodes.user;
  }
  if (error instanceof RpgError) {
    if (isJson) printJsonError(error);
    const message = withRemedies(error.message, error.remedies, remedyText);
    const label = error.blame === 'cancelled' ? '' : colors.red('error: ');
    process.stderr.write(`${label}${message}\n`);
    return exitCodes[error.blame];
  }
  const { stack, message } = error as Error;
  if (isJson) printJsonError({ code: 'internal', blame: 'internal', message });
  process.stderr.write(`${colors.red('internal error:')} ${message}\n${stack ?? ''}\n`);
  return exitCodes.internal;
}

function printJsonError({
  code,
  blame,
  message,
  details = {},
  remedies = [],
}: Pick<RpgError, 'code' | 'blame' | 'message'> & Partial<Pick<RpgError, 'details' | 'remedies'>>): void {
  process.stdout.write(`${JSON.stringify({ error: { code, blame, message, details, remedies } }, null, 2)}\n`);
}

/** `rpg … | head` closes the pipe: that is no failure. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}
