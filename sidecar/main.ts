// The sidecar's entry: a command line, or, when an editor forked it, a JSON-RPC server.
import { runCommandLine } from './cli/program';

void runCommandLine(process.argv.slice(2)).then(code => {
  process.exitCode = code;
});
