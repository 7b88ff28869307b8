// Ten training steps of one small model on every device, side by side: the same weights, batches and noise, so the same losses
// up to rounding. What golden cases check for one step, this checks for the way steps follow each other.
import { selectDevice } from '../../sidecar/engine/registry';
import { fillNormal } from '../../sidecar/model/philox';
import { tinySpec } from '../support/specs';

const steps = 10;

/** Of rounding, ten steps on. */
const tolerances = { float32: 1e-4, bfloat16: 2e-2 };

export interface CurvePlace {
  engine: string;
  device: string;
  precision: keyof typeof tolerances;
}

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

/** Prints the table; false when losses leave the first place's. */
export async function compareLossCurves(places: readonly CurvePlace[]): Promise<boolean> {
  const curves: { name: string; precision: CurvePlace['precision']; losses: number[] }[] = [];
  for (const place of places) {
    const name = `${place.engine}/${place.device} ${place.precision}`;
    curves.push({ name, precision: place.precision, losses: await train(place) });
  }
  const width = Math.max(...curves.map(({ name }) => name.length)) + 2;
  console.log(`loss of ten steps\nstep  ${curves.map(({ name }) => name.padEnd(width)).join('')}`);
  for (let step = 0; step < steps; step++) {
    const row = curves.map(({ losses }) => losses[step]!.toFixed(8).padEnd(width)).join('');
    console.log(`${String(step + 1).padStart(4)}  ${row}`);
  }
  const reference = curves[0]!.losses;
  let isSame = true;
  for (const [precision, tolerance] of Object.entries(tolerances)) {
    const distances = curves
      .filter(curve => curve.precision === precision)
      .map(({ losses }) => Math.max(...losses.map((loss, i) => Math.abs(loss / reference[i]! - 1))));
    if (distances.length === 0) continue;
    const largest = Math.max(...distances);
    const isWithin = distances.every(distance => distance < tolerance); // NaN is not
    isSame &&= isWithin;
    console.log(
      `${isWithin ? 'ok  ' : 'FAIL'} loss curves, ${precision}: largest relative difference ${largest.toExponential(2)}, tolerance ${tolerance}`,
    );
  }
  return isSame;
}

async function train({ precision, ...wanted }: CurvePlace): Promise<number[]> {
  const { device } = await selectDevice(wanted);
  const model = await device.open(spec, { seed: 3, workers: 1, precision, optimizerState: 'float32' });
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
