import { wasmDevice } from '../../sidecar/engine/portable/devices/wasm';
import { workloads, noiseBatch } from './train';
async function main() {
  const { spec } = workloads[Number(process.argv[2] ?? 0)]!;
  const workers = Number(process.argv[3] ?? 1);
  const model = await wasmDevice.open(spec, { seed: 1, workers, precision: 'float32', optimizerState: 'float32' });
  const hyper = { learningRate: 1e-3, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  for (let step = 1; step <= 23; step++) {
    const c0 = process.cpuUsage();
    const t0 = performance.now();
    await model.step(noiseBatch(spec, step), { ...hyper, step });
    const c = process.cpuUsage(c0);
    if (step % 4 === 0)
      console.log('wall', (performance.now() - t0).toFixed(1), 'cpu', ((c.user + c.system) / 1000).toFixed(1));
  }
  await model.dispose();
}
void main();
