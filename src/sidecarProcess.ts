// The sidecar's life: forked when it is first needed, greeted, watched, and started again after a crash, a little later each
// time. Knows nothing of operations and nothing of VS Code. Requests of a process that died are rejected, never repeated:
// whether a training was started is for the run folder to say.
import { fork, type ChildProcess } from 'node:child_process';
import {
  CancellationToken,
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import {
  initialize,
  logMethod,
  ping,
  protocolVersion,
  type InitializeResult,
  type LogMessage,
} from '../protocol/session';
import { Emitter, type Disposable } from './emitter';
import { killOrphans, orphanMark } from './orphans';
import {
  sidecarCannotStart,
  sidecarCrashes,
  sidecarGone,
  sidecarVersion,
  toSidecarError,
  type SidecarError,
} from './sidecarError';

export type SidecarState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready'; readonly hello: InitializeResult }
  /** Crashed; it is started again after `retryMs`, or with the next request. */
  | { readonly kind: 'crashed'; readonly exit: string; readonly retryMs: number }
  | { readonly kind: 'failed'; readonly error: SidecarError };

export interface SidecarOptions {
  /** The program to fork, such as dist/sidecar.js. */
  readonly script: string;
  /** Called at every start, for settings may have changed. */
  readonly launch: () => { nodePath: string | null; workspace: string; isTrusted: boolean };
  readonly log: (level: LogMessage['level'], message: string) => void;
  /** Before the first restart; doubled for every crash in a row. */
  readonly firstDelayMs?: number;
  /** Of the handshake. */
  readonly startLimitMs?: number;
}

/** A sidecar that is ready. */
export interface LiveSidecar {
  readonly connection: MessageConnection;
  readonly hello: InitializeResult;
  /** Rejects when the process ends. */
  readonly gone: Promise<never>;
}

const maxCrashes = 5;
/** Having lived this long, the next crash counts as the first. */
const healthyMs = 60_000;
/** A sidecar that is asked to end may save what it trains; after this it is killed. */
const endLimitMs = 35_000;
const hangLimitMs = 5000;

export class SidecarProcess implements Disposable {
  readonly #options: SidecarOptions;
  readonly #changed = new Emitter<SidecarState>();
  #state: SidecarState = { kind: 'stopped' };
  #live: Promise<LiveSidecar> | null = null;
  #child: ChildProcess | null = null;
  #crashes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: SidecarOptions) {
    this.#options = options;
  }

  readonly onChange = this.#changed.event;

  get state(): SidecarState {
    return this.#state;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** The running sidecar, started if need be. *Errors* `sidecar-cannot-start`, `protocol-mismatch`, `sidecar-crashes`. */
  live(): Promise<LiveSidecar> {
    if (this.#state.kind === 'failed') return Promise.reject(this.#state.error);
    this.#clearTimer();
    return (this.#live ??= this.#start());
  }

  /** Ends the sidecar, gracefully, and forgets its crashes; the next request starts a new one. */
  async restart(): Promise<void> {
    // One that hangs cannot save anything either.
    const live = this.#state.kind === 'ready' ? await this.#live : null;
    const isAnswering = live !== null && (await answersWithin(live.connection, hangLimitMs));
    await this.stop(isAnswering ? endLimitMs : 0);
    this.#crashes = 0;
    this.#set({ kind: 'stopped' });
  }

  /** Resolves when the process has ended. What it trains is saved first. */
  async stop(limitMs = endLimitMs): Promise<void> {
    this.#clearTimer();
    const child = this.#child;
    this.#child = null;
    this.#live = null;
    if (!child) return;
    const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
    if (child.exitCode !== null || child.signalCode !== null) return;
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    if (child.connected) child.disconnect();
    await ended;
    clearTimeout(limit);
    this.#set({ kind: 'stopped' });
  }

  /** The editor goes away: the channel closes, and the sidecar ends itself when it has saved what it trains. */
  dispose(): void {
    this.#clearTimer();
    const child = this.#child;
    this.#child = null;
    this.#live = null;
    if (child?.connected) child.disconnect();
    this.#changed.dispose();
  }

  async #start(): Promise<LiveSidecar> {
    const { script, launch, log, startLimitMs = 20_000 } = this.#options;
    const { nodePath, workspace, isTrusted } = launch();
    this.#set({ kind: 'starting' });
    const mark = orphanMark();
    const executable = nodePath ?? process.execPath;
    const child = fork(script, ['--serve'], {
      execPath: executable,
      execArgv: ['--enable-source-maps'],
      cwd: workspace,
      // Electron's executable is Node when told so; a real Node ignores it.
      env: { ...process.env, ...mark.env, ELECTRON_RUN_AS_NODE: '1', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
    });
    this.#child = child;
    const startedAt = Date.now();
    relay(child, log);
    const gone = whenGone(child, executable);
    gone.catch(() => {}); // observed by every request; alone it is no failure
    const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
    connection.onNotification(logMethod, ({ level, message }: LogMessage) => log(level, message));
    connection.onError(([error]) => log('warn', `connection: ${error.message}`));
    connection.listen();
    void gone.catch((error: unknown) => {
      connection.dispose();
      killOrphans(mark, log);
      if (this.#child === child) this.#onUnexpectedEnd(toSidecarError(error), Date.now() - startedAt);
    });
    try {
      const hello = await within(startLimitMs, executable, [
        connection.sendRequest<InitializeResult>(
          initialize.method,
          { params: { protocolVersion, workspace, isTrusted } },
          CancellationToken.None,
        ),
        gone,
      ]);
      if (hello.protocolVersion !== protocolVersion) throw sidecarVersion(hello.protocolVersion, protocolVersion);
      this.#set({ kind: 'ready', hello });
      return { connection, hello, gone };
    } catch (error) {
      throw this.#giveUpStart(child, toSidecarError(error));
    }
  }

  /** A start that failed for a reason that stays is not tried again by itself; a crash is. */
  #giveUpStart(child: ChildProcess, error: SidecarError): SidecarError {
    if (error.code === 'sidecar-gone') return error;
    if (this.#child === child) {
      this.#child = null;
      this.#live = null;
      this.#set({ kind: 'failed', error });
    }
    child.kill('SIGKILL');
    return error;
  }

  #onUnexpectedEnd(error: SidecarError, livedMs: number): void {
    this.#child = null;
    this.#live = null;
    if (error.code === 'sidecar-cannot-start') {
      this.#set({ kind: 'failed', error });
      return;
    }
    this.#crashes = livedMs > healthyMs ? 1 : this.#crashes + 1;
    this.#options.log('error', `${error.message} (crash ${this.#crashes} of ${maxCrashes})`);
    if (this.#crashes >= maxCrashes) {
      this.#set({ kind: 'failed', error: sidecarCrashes(this.#crashes) });
      return;
    }
    const retryMs = (this.#options.firstDelayMs ?? 1000) * 2 ** (this.#crashes - 1);
    this.#timer = setTimeout(() => void this.live().catch(() => {}), retryMs);
    const { exit } = error.details;
    this.#set({ kind: 'crashed', exit: typeof exit === 'string' ? exit : error.message, retryMs });
  }

  #set(state: SidecarState): void {
    this.#state = state;
    this.#changed.fire(state);
  }

  #clearTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

async function answersWithin(connection: MessageConnection, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>(resolve => (timer = setTimeout(() => resolve(false), limitMs)));
  const answer = connection.sendRequest(ping.method, { params: {} }, CancellationToken.None).then(
    () => true,
    () => true, // it ended meanwhile
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What libraries print does not disturb the protocol: it has a channel of its own. */
function relay(child: ChildProcess, log: SidecarOptions['log']): void {
  for (const [stream, level] of [
    [child.stdout, 'debug'],
    [child.stderr, 'warn'],
  ] as const)
    stream?.setEncoding('utf8').on('data', (text: string) => log(level, text.trimEnd()));
}

function whenGone(child: ChildProcess, executable: string): Promise<never> {
  return new Promise((_, reject) => {
    child.once('error', error => reject(sidecarCannotStart(executable, error.message)));
    child.once('exit', (code, signal) => reject(sidecarGone(signal ?? `exit code ${String(code)}`)));
  });
}

async function within<T>(limitMs: number, executable: string, racers: readonly Promise<T>[]): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(sidecarCannotStart(executable, `no answer in ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([...racers, late]);
  } finally {
    clearTimeout(timer);
  }
}
