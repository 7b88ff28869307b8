// A workspace with a zoo so small that real training takes milliseconds a step, and a configuration for it.
import { mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import type { DType, Tensor, TensorDictionary } from '../../sidecar/checkpoint/tensor';
import { tensorFromBytes } from '../../sidecar/checkpoint/tensor';
import { torchZip } from '../../sidecar/checkpoint/torchZip';
import { fillNormal, fillUniform } from '../../sidecar/model/philox';

export interface TrainingWorkspace {
  readonly folder: string;
  readonly zoo: string;
  /** `tiny.rpg.json` of the workspace, for `rpg train`. */
  readonly config: string;
}

export interface WorkspaceOptions {
  nCheckpoints?: number;
  /** Names of the files, such as with a class; `net_0.pth` by default. */
  nameOf?: (index: number) => string;
  /** How a checkpoint is written; `writeTinyNetwork` by default. */
  write?: (file: string, index: number) => Promise<void>;
  /** Merged into the configuration, group by group. */
  config?: Record<string, unknown>;
}

/** Twelve steps, a snapshot every five. */
const tinyConfig: Record<string, unknown> = {
  preset: 'demo',
  dataset: 'zoo',
  seed: 11,
  tokens: { dimPerToken: 8 },
  recurrent: { dModel: [32], nLayers: 1, dState: 4 },
  diffusion: { layerChannels: [1, 2, 3, 2, 1], kernelSize: 3, T: 8, diffusionBatch: 5 },
  training: { batchSize: 2, steps: 12, saveEvery: 5 },
};

/** Makes the workspace inside a folder of the test's. */
export async function makeTrainingWorkspace(
  folder: string,
  options: WorkspaceOptions = {},
): Promise<TrainingWorkspace> {
  const { nCheckpoints = 3, nameOf = index => `net_${index}.pth`, write = writeTinyNetwork } = options;
  const zoo = path.join(folder, 'zoo');
  mkdirSync(path.join(zoo, 'checkpoint'), { recursive: true });
  mkdirSync(path.join(folder, '.rpg'));
  for (let index = 0; index < nCheckpoints; index++) {
    await write(path.join(zoo, 'checkpoint', nameOf(index)), index);
  }
  const config = path.join(folder, 'tiny.rpg.json');
  writeFileSync(config, JSON.stringify(mergeGroups(tinyConfig, { ...options.config })));
  return { folder, zoo, config };
}

/** Every kind of tensor once: weights, a variance, a fixed count. 24 generated weights. */
export async function writeTinyNetwork(file: string, seed: number): Promise<void> {
  await torchZip.write!(file, { dictionary: tinyNetwork(seed), attributes: new Map() });
}

export function tinyNetwork(seed: number): TensorDictionary {
  const tensors = [
    floats('conv.weight', [3, 5], seed, 0),
    floats('bn.running_mean', [3], seed, 1),
    floats('bn.running_var', [3], seed, 2),
    { ...tensorFromBytes('bn.num_batches_tracked', 'int64' satisfies DType, [], int64(100 + seed)) },
    floats('out.bias', [3], seed, 3),
  ];
  return { key: '', tensors, moduleVersions: null };
}

function floats(name: string, shape: number[], seed: number, item: number): Tensor {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const address = { seed, stream: 99, step: 0, item };
  if (name.endsWith('running_var')) {
    const uniform = new Float64Array(values.length);
    fillUniform(uniform, address);
    values.set(uniform.map(value => 0.5 + value));
  } else fillNormal(values, address);
  return tensorFromBytes(name, 'float32', shape, new Uint8Array(values.buffer));
}

function int64(value: number): Uint8Array {
  return new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
}

function mergeGroups(base: Record<string, unknown>, change: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...base };
  for (const [key, value] of Object.entries(change)) {
    const before = merged[key];
    const isGroup = typeof value === 'object' && value !== null && typeof before === 'object' && before !== null;
    merged[key] = isGroup && !Array.isArray(value) ? { ...before, ...value } : value;
  }
  return merged;
}
