import { startWasmBackend } from '../../sidecar/engine/portable/devices/wasmBackend';
import { Network, disposePass } from '../../sidecar/engine/portable/network';
import { createKernelConvStack } from '../../sidecar/engine/portable/stack/kernelConvStack';
import { takeShard } from '../../sidecar/engine/portable/shard';
import { createSchedule } from '../../sidecar/model/schedule';
import { initialWeights } from '../../sidecar/model/initialValues';
import { tf } from '../../sidecar/engine/portable/tf';
import { workloads, noiseBatch } from './train';
async function main() {
  await startWasmBackend();
  const { spec } = workloads[Number(process.argv[2] ?? 0)]!;
  const network = new Network(spec, (s, w) => createKernelConvStack(s, w, () => undefined));
  network.write(initialWeights(spec, 1, null));
  const schedule = createSchedule(spec.diffusion);
  const engine = tf.engine() as any;
  const original = engine.runKernelFunc.bind(engine);
  const times = new Map<string, [number, number]>();
  let on = false;
  let nested = 0;
  engine.runKernelFunc = (params: any) => {
    const t0 = performance.now();
    nested++;
    const r = original(params);
    nested--;
    if (on && params.kernelName) {
      const key =
        params.kernelName +
        ' ' +
        Object.values(params.inputs)
          .map((t: any) => JSON.stringify(t.shape ?? t.map?.((u: any) => u.shape)))
          .join('x') +
        (params.attrs?.perm ? ' perm ' + params.attrs.perm : '');
      const e = times.get(key) ?? [0, 0];
      e[0]++;
      e[1] += performance.now() - t0;
      times.set(key, e);
    }
    return r;
  };
  let total = 0;
  for (let i = 0; i < 14; i++) {
    on = i >= 4;
    const shard = takeShard(spec, schedule, noiseBatch(spec, i), 0, 2);
    const t0 = performance.now();
    const pass = network.pass(shard);
    if (on) total += performance.now() - t0;
    disposePass(pass);
  }
  let sum = 0,
    count = 0;
  for (const [, [n, t]] of times) {
    sum += t;
    count += n;
  }
  console.log('pass (half batch)', (total / 10).toFixed(1), 'ms; kernels', (sum / 10).toFixed(1), 'ms in', count / 10);
  for (const [k, [n, t]] of [...times].sort((a, b) => b[1][1] - a[1][1]).slice(0, 25))
    console.log((t / 10).toFixed(2).padStart(7), n / 10, k);
}
void main();
