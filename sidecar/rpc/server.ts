// The JSON-RPC front door: one connection, one workspace, one process. It binds every operation to its method name, gives
// each a signal, a progress channel and its turn at the device, and ends the process when the editor is gone. It decides
// nothing else: what an operation does is the same from the command line.
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { initialize, logMethod, ping, protocolVersion, trustWorkspace, type LogMessage } from '../../protocol/session';
import type { InitializeParams, InitializeResult } from '../../protocol/session';
import { hostGone } from '../app/context';
import { userError, type RpgError } from '../util/rpgError';
import { version } from '../util/version';
import { bindOperation, toResponseError, type Session } from './bind';
import { bindings } from './bindings';
import { capabilities } from './capabilities';
import { DeviceQueue } from './deviceQueue';

/** How long work may take to save what it has when the editor is gone. */
const farewellMs = 30_000;

/** Serves the process that forked this one until it goes away; then saves what is trained, and exits. */
export function serveOverIpc(): void {
  if (!process.send) {
    process.stderr.write('error: --serve needs the editor that forks this program; for a terminal: rpg --help\n');
    process.exitCode = 2;
    return;
  }
  const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
  const server = startServer(connection);
  // The reader does not notice a parent that died; the channel does.
  process.once('disconnect', () => void server.stop(farewellMs).then(() => process.exit(0)));
  // Ctrl-C in the terminal the editor was started from reaches the whole process group: the editor decides, not it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => void server.stop(farewellMs).then(() => process.exit(0)));
  process.on('uncaughtException', error => {
    server.log('error', `uncaught: ${error.stack ?? error.message}`);
    void server.stop(1000).then(() => process.exit(1));
  });
}

export interface Server {
  log(level: LogMessage['level'], message: string): void;
  /** Cancels everything and resolves when it has ended, or after `limitMs`. */
  stop(limitMs: number): Promise<void>;
}

/** Binds everything to a connection and listens. */
export function startServer(connection: MessageConnection): Server {
  let isConnected = true;
  const log: Server['log'] = (level, message) => {
    if (isConnected)
      void connection.sendNotification(logMethod, { level, message } satisfies LogMessage).catch(() => {});
  };
  const running = new Map<AbortController, Promise<unknown>>();
  const session: Session = {
    connection,
    workspace: null,
    isTrusted: false,
    queue: new DeviceQueue(),
    running,
    log,
  };
  connection.onRequest(initialize.method, ({ params }: { params: InitializeParams }): InitializeResult => {
    if (params.protocolVersion !== protocolVersion)
      throw toResponseError(protocolMismatch(params.protocolVersion), initialize.method, session);
    session.workspace = params.workspace;
    session.isTrusted = params.isTrusted;
    log('info', `serving ${params.workspace}, version ${version}, Node ${process.version}, process ${process.pid}`);
    return { protocolVersion, version, pid: process.pid, node: process.version, capabilities: capabilities() };
  });
  connection.onRequest(ping.method, () => ({ residentBytes: process.memoryUsage.rss() }));
  connection.onRequest(trustWorkspace.method, () => {
    session.isTrusted = true;
    return null;
  });
  for (const binding of bindings) bindOperation(session, binding);
  connection.listen();
  return {
    log,
    async stop(limitMs) {
      isConnected = false;
      for (const controller of running.keys()) controller.abort(hostGone);
      const limit = new Promise(resolve => setTimeout(resolve, limitMs).unref());
      await Promise.race([Promise.allSettled(running.values()), limit]);
    },
  };
}

function protocolMismatch(theirs: number): RpgError {
  return userError(
    'protocol-mismatch',
    `the editor speaks version ${theirs} of the protocol, this sidecar version ${protocolVersion}; reload the window, or install the extension again`,
    { theirs, ours: protocolVersion },
  );
}
