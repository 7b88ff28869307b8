// Ten training steps of one small model on every device, side by side: the same weights, batches and noise, so the same losses
// up to rounding. What golden cases check for one step, this checks for the way steps follow each other.
import { selectDevice } from '../../sidecar/engine/registry';
import { fillNormal } from '../../sidecar/model/philox';
import { tinySpec } from '../support/specs';

const steps = 10;

/** float32 rounding, ten steps on. */
const tolerance = 1e-4;

const layer = { dModel: 32, dOutput: 32, dInner: 64, dState: 5, dConv: 4, headDim: 64, nHeads: 1 };
const spec = tinySpec({
  nTokens: 7,
  dimPerToken: 32,
  dModel: 32,
  dPrototype: 32,
  recurrent: { kind: 'mamba', layers: [layer, layer] },
  denoiser: { layerChannels: [1, 4, 8, 4, 1], kernelSize: 7 },
  diffusion: { T: 1000, betaStart: 1e-4, betaEnd: 0.02 },
  batchSize: 3,
  rowsPerStep: 21,
});

/** Prints the table; false when a device's losses leave the first one's. */
export async function compareLossCurves(devices: readonly { engine: string; device: string }[]): Promise<boolean> {
  const curves: { name: string; losses: number[] }[] = [];
  for (const wanted of devices) curves.push({ name: `${wanted.engine}/${wanted.device}`, losses: await train(wanted) });
  const width = Math.max(...curves.map(({ name }) => name.length)) + 2;
  console.log(`loss of ten steps\nstep  ${curves.map(({ name }) => name.padEnd(width)).join('')}`);
  for (let step = 0; step < steps; step++) {
    const row = curves.map(({ losses }) => losses[step]!.toFixed(8).padEnd(width)).join('');
    console.log(`${String(step + 1).padStart(4)}  ${row}`);
  }
  const reference = curves[0]!.losses;
  const distances = curves.map(({ losses }) =>
    Math.max(...losses.map((loss, i) => Math.abs(loss / reference[i]! - 1))),
  );
  const isSame = distances.every(distance => distance < tolerance);
  const largest = Math.max(...distances).toExponential(2);
  console.log(
    `${isSame ? 'ok  ' : 'FAIL'} loss curves: largest relative difference ${largest}, tolerance ${tolerance}`,
  );
  return isSame;
}

async function train(wanted: { engine: string; device: string }): Promise<number[]> {
  const { device } = await selectDevice(wanted);
  const model = await device.open(spec, { seed: 3, workers: 1, precision: 'float32', optimizerState: 'float32' });
  const losses: number[] = [];
  try {
    for (let step = 1; step <= steps; step++) {
      const x0 = new Float32Array(spec.rowsPerStep * spec.dimPerToken);
      fillNormal(x0, { seed: 3, stream: 99, step, item: 0 });
      const batch = {
        permutationState: Int32Array.of(0, 1, 2),
        task: null,
        rows: Int32Array.from({ length: spec.rowsPerStep }, (_, i) => i),
        x0,
        noise: { kind: 'seeded' as const, seed: 3, step },
      };
      const hyper = { step, learningRate: 3e-3, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
      losses.push((await model.step(batch, hyper)).loss);
    }
  } finally {
    await model.dispose();
  }
  return losses;
}
