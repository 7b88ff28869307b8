// One operation bound to its method: parameters in, result or typed error out, with progress and cancellation beside them.
import { ProgressType, ResponseError, type CancellationToken, type MessageConnection } from 'vscode-jsonrpc/node';
import { applicationErrorCode, type ErrorData } from '../../protocol/errors';
import type { Envelope, Operation, Progress } from '../../protocol/operation';
import type { LogMessage } from '../../protocol/session';
import type { OnDevice, OperationContext, OperationFunction } from '../app/context';
import { internalError, RpgError, userError } from '../util/rpgError';
import type { DeviceQueue } from './deviceQueue';

/** What all requests of a connection share. */
export interface Session {
  readonly connection: MessageConnection;
  /** Null before `initialize`. */
  workspace: string | null;
  isTrusted: boolean;
  readonly queue: DeviceQueue;
  /** Requests that have not ended, so that a stop can wait for them. */
  readonly running: Map<AbortController, Promise<unknown>>;
  log(level: LogMessage['level'], message: string): void;
}

/** An operation with what the server must know of it. */
export interface Binding<Params, Result, P> {
  readonly operation: Operation<Params, Result, P>;
  readonly run: OperationFunction<Params, Result, Reported<P>>;
  /** Whether it runs the person's own commands, which an untrusted workspace must not. */
  readonly runsCommands?: (params: Params, workspace: string) => boolean | Promise<boolean>;
}

/** An operation that reports nothing takes any context. */
type Reported<P> = [P] extends [never] ? Progress : P;

/** A binding whose types were checked when it was made, and which now fits a list of others. */
export interface BoundOperation {
  readonly operation: { readonly method: string };
  readonly run: (params: never, context: OperationContext<never>) => Promise<unknown>;
  readonly runsCommands?: (params: never, workspace: string) => boolean | Promise<boolean>;
}

const anyProgress = new ProgressType<unknown>();

export function bindOperation(session: Session, given: BoundOperation): void {
  const { method } = given.operation;
  session.connection.onRequest(method, async ({ params, progressToken }: Envelope<never>, token: CancellationToken) => {
    const controller = new AbortController();
    if (token.isCancellationRequested) controller.abort(); // it was cancelled before it was read
    const subscription = token.onCancellationRequested(() => controller.abort());
    const report = (progress: unknown): void => {
      if (progressToken !== undefined && session.running.has(controller))
        void session.connection.sendProgress(anyProgress, progressToken, progress).catch(() => {});
    };
    const startedAt = performance.now();
    const work = runOne(session, given, params, controller.signal, report);
    session.running.set(controller, work);
    try {
      const result = await work;
      session.log('debug', `${method}: done in ${(performance.now() - startedAt).toFixed(0)} ms`);
      return result;
    } catch (error) {
      throw toResponseError(error, method, session);
    } finally {
      session.running.delete(controller);
      subscription.dispose();
    }
  });
}

async function runOne(
  session: Session,
  given: BoundOperation,
  params: never,
  signal: AbortSignal,
  report: (progress: unknown) => void,
): Promise<unknown> {
  const { method } = given.operation;
  const { workspace } = session;
  if (workspace === null) throw internalError('not-initialized', `${method} was asked before initialize`);
  if (!session.isTrusted && (await given.runsCommands?.(params, workspace))) throw untrusted();
  const onDevice: OnDevice = (turn, work, onWait) =>
    session.queue.run(turn, {
      title: method,
      signal,
      onWait: before => {
        const message = `waiting for ${before} to end on ${turn}`;
        session.log('info', `${method}: ${message}`);
        onWait(message);
      },
      work,
    });
  // What is tested beside a training runs the person's test command: not where they do not trust the workspace.
  const program = session.isTrusted ? commandLine() : undefined;
  return given.run(params, { signal, report, onDevice, workspace, program });
}

/** This program's command line, for tests beside the training. */
function commandLine(): readonly [string, ...string[]] {
  const flags = process.execArgv.filter(flag => !flag.startsWith('--inspect'));
  return [process.execPath, ...flags, process.argv[1]!];
}

/** What travels instead of an exception; the log is told as well. */
export function toResponseError(error: unknown, method: string, session: Session): ResponseError<ErrorData> {
  if (error instanceof RpgError) {
    const { code, blame, details, message, remedies } = error;
    session.log(blame === 'internal' ? 'error' : 'info', `${method}: ${code}: ${message}`);
    return new ResponseError(applicationErrorCode, message, { code, blame, details, remedies });
  }
  const { stack, message } = error instanceof Error ? error : new Error(String(error));
  session.log('error', `${method}: ${stack ?? message}`);
  return new ResponseError(applicationErrorCode, message, { code: 'internal', blame: 'internal', details: { stack } });
}

function untrusted(): RpgError {
  return userError(
    'untrusted',
    'this workspace is not trusted, so its test commands are not run; trust it to go on (Workspaces: Manage Workspace Trust)',
  );
}
