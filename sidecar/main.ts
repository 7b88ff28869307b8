// The sidecar's entry: a command line, or, when an editor forked it with `--serve`, a JSON-RPC server over Node IPC.
import { runCommandLine } from './cli/program';
import { serveOverIpc } from './rpc/server';

const args = process.argv.slice(2);
if (args[0] === '--serve') serveOverIpc();
else
  void runCommandLine(args).then(code => {
    process.exitCode = code;
  });
