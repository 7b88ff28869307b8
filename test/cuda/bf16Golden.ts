// bfloat16 against golden values: `node scripts/run.mjs test/bench/bf16Golden.ts DIR`. Prints every value's relative error; 2e-2 is the goal.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openCudaModel } from '../../sidecar/engine/cuda/cudaModel';
import { CudaDevice, openDriver } from '../../sidecar/engine/cuda/driver';
import { fromPublished } from '../../sidecar/model/publishedWeights';
import { relativeError } from '../golden/checkedValue';
import { parseGoldenConfig } from '../golden/goldenConfig';
import { readArrays } from '../golden/readArrays';

async function main(): Promise<void> {
  const folder = process.argv[2] ?? '';
  const io = readArrays(path.join(folder, 'io.safetensors'));
  const weights = readArrays(path.join(folder, 'weights.pth'));
  const { spec } = parseGoldenConfig(JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8')), io, weights);
  const model = openCudaModel(new CudaDevice(await openDriver(), 0), spec, {
    seed: 0,
    precision: 'bfloat16',
    optimizerState: 'float32',
  });
  const named = new Map(
    [...weights].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );
  await model.writeWeights(fromPublished(named, spec));
  const rows = Int32Array.from(io.get('token_rows')!.data);
  const dim = spec.dimPerToken;
  const x0 = new Float32Array(rows.length * dim);
  rows.forEach((row, i) =>
    x0.set(Float32Array.from(io.get('x_0')!.data).subarray(row * dim, (row + 1) * dim), i * dim),
  );
  const ours = await model.gradients({
    permutationState: spec.usePermutationState ? Int32Array.from(io.get('permutation_state')!.data) : null,
    task: spec.condition.kind === 'none' ? null : Float32Array.from(io.get('task')!.data),
    rows,
    x0,
    noise: {
      kind: 'given',
      t: Int32Array.from(io.get('t')!.data),
      epsilon: Float32Array.from(io.get('epsilon')!.data),
    },
  });
  const error = (name: string, values: ArrayLike<number>) => relativeError(values, io.get(name)!.data).toExponential(1);
  const gradients = [...ours.gradients]
    .filter(([name]) => io.has(`grad.${name}`))
    .map(([name, { data }]) => [name, relativeError(data, io.get(`grad.${name}`)!.data)] as const)
    .filter(([, e]) => e < 0.999)
    .sort((a, b) => b[1] - a[1]);
  console.log(
    path.basename(folder),
    'prototypes',
    error('prototypes', ours.prototypes),
    'noise',
    error('predicted_noise', ours.predictedNoise!),
    'loss',
    error('loss', [ours.loss]),
    'worst gradients',
    gradients
      .slice(0, 5)
      .map(([name, e]) => `${name} ${e.toExponential(1)}`)
      .join(', '),
  );
  await model.dispose();
}
void main();
