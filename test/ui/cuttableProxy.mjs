// A connection that can be cut and mended, between the browser and the editor's server: what a closed laptop or a lost network is
// to a remote window.
import { connect, createServer } from 'node:net';

/** `cut` ends every connection and refuses new ones until `mend`. */
export async function cuttableProxy(port) {
  const sockets = new Set();
  let isCut = false;
  const server = createServer(client => {
    if (isCut) return void client.destroy();
    const upstream = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => {}); // the other side went away
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut,
    mend: () => (isCut = false),
    close: () => {
      cut();
      server.close();
    },
  };
}
