// Temporary front door of the model cases: node scripts/run.mjs test/golden/modelMain.ts DIR ENGINE DEVICE [WORKERS]
import { checkModelCases } from './modelCases';

async function main(): Promise<void> {
  const [dir = '', engine = 'portable', device = 'cpu', workers = '1'] = process.argv.slice(2);
  const started = performance.now();
  const cases = await checkModelCases(dir, { engine, device, workers: Number(workers) });
  for (const { case: name, values } of cases) {
    const bad = values.filter(value => !(value.error <= value.tolerance));
    const worst = (prefix: RegExp) =>
      Math.max(...values.filter(v => prefix.test(v.name)).map(v => v.error)).toExponential(1);
    console.log(
      `${name}: ${values.length} values, ${bad.length} bad; values ${worst(/^(?!grad|delta)/)} grad ${worst(/^grad/)} delta ${worst(/^delta/)}`,
    );
    for (const value of bad.slice(0, 60))
      console.log(`  ${value.name} ${value.error.toExponential(2)} > ${value.tolerance}`);
    if (bad.length > 0) process.exitCode = 1;
  }
  console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`);
}
void main();
