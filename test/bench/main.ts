// `npm run bench -- NAME…`: benchmarks report, they never fail. Each prints what it measured, on what, beside what.
import { cpus, totalmem } from 'node:os';
import { benchCheckpoint } from './checkpoint';
import { benchExtension } from './extension';
import { benchTrain } from './train';
import { benchWebview } from './webview';

const benchmarks: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  checkpoint: benchCheckpoint,
  extension: benchExtension,
  train: benchTrain,
  webview: benchWebview,
};

async function main(): Promise<void> {
  const [name, ...args] = process.argv.slice(2);
  const bench = name === undefined ? undefined : benchmarks[name];
  if (!bench) {
    console.error(`usage: npm run bench -- ${Object.keys(benchmarks).join(' | ')}`);
    process.exitCode = 2;
    return;
  }
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  );
  await bench(args);
}

void main();
