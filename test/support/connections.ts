// Two ends of one JSON-RPC connection in this process.
import { PassThrough } from 'node:stream';
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';

/** `client` listens; `server` is left to whoever binds it. */
export function connectedPair(): { client: MessageConnection; server: MessageConnection } {
  const [up, down] = [new PassThrough(), new PassThrough()];
  const client = createMessageConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
  const server = createMessageConnection(new StreamMessageReader(up), new StreamMessageWriter(down));
  client.listen();
  return { client, server };
}
