// Token cases: statistics, the three splits, the position embeddings, and the way back to the first checkpoint.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { openCheckpoint, selectDictionary } from '../../sidecar/checkpoint/registry';
import { readFloat32 } from '../../sidecar/checkpoint/tensorData';
import { measureDataset } from '../../sidecar/datasets/measureDataset';
import { createPositionEmbedding } from '../../sidecar/tokenizer/positionEmbedding';
import { createTokenLayout, splits } from '../../sidecar/tokenizer/tokenLayout';
import { detokenize, tokenize } from '../../sidecar/tokenizer/weightTokenizer';
import { relativeError, type CheckedValue } from './checkedValue';

const tolerance = 2e-5;
/** Undoing float32 normalisation loses at most a few units in the last place of the largest weight. */
const inverseTolerance = 1e-6;

interface Expected {
  dim_per_token: number;
  d_model: number;
  statistics: Record<string, { shape: number[]; kind: string; mean?: number; std?: number; preMean?: number }>;
}

/** Every value of one folder: `checkpoint/*.pth`, `expected.json`, `io.safetensors`. */
export async function checkTokenCase(folder: string): Promise<CheckedValue[]> {
  const expected = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as Expected; // our own format
  const dataset = await measureDataset(path.join(folder, 'checkpoint'));
  const { structure } = dataset;
  const checked: CheckedValue[] = [];
  const check = (name: string, ours: ArrayLike<number>, golden: ArrayLike<number>, limit = tolerance): void => {
    checked.push({ name, error: relativeError(ours, golden), tolerance: limit });
  };
  const names = Object.keys(expected.statistics);
  checked.push({
    name: 'names',
    error: JSON.stringify(names) === JSON.stringify(structure.parameters.map(p => p.name)) ? 0 : Infinity,
    tolerance: 0,
  });
  for (const parameter of structure.parameters) {
    const golden = expected.statistics[parameter.name];
    if (!golden) continue;
    const same = golden.kind === parameter.kind && JSON.stringify(golden.shape) === JSON.stringify(parameter.shape);
    checked.push({ name: `${parameter.name} (kind, shape)`, error: same ? 0 : Infinity, tolerance: 0 });
    for (const statistic of ['mean', 'std', 'preMean'] as const) {
      if (golden[statistic] !== undefined)
        check(`${parameter.name}.${statistic}`, [parameter[statistic]], [golden[statistic]]);
    }
  }

  const io = openCheckpoint(path.join(folder, 'io.safetensors'));
  const golden = new Map(selectDictionary(io).tensors.map(tensor => [tensor.name, tensor]));
  const first = openCheckpoint(dataset.files[0]!.path);
  try {
    const tensors = new Map(selectDictionary(first).tensors.map(tensor => [tensor.name, tensor]));
    const read = (index: number): Float32Array => readFloat32(tensors.get(structure.parameters[index]!.name)!);
    for (const split of splits) {
      const layout = createTokenLayout(structure, expected.dim_per_token, split);
      const tokens = tokenize(structure, layout, read);
      const goldenTokens = golden.get(`tokens.${split}`);
      if (goldenTokens) check(`tokens.${split}`, tokens, readFloat32(goldenTokens));
      detokenize(structure, layout, tokens, (index, values) =>
        check(`${split} → ${structure.parameters[index]!.name}`, values, read(index), inverseTolerance),
      );
      const goldenPosition = golden.get(split === 'flat' ? 'position_1d' : `position_2d.${split}`);
      if (goldenPosition)
        check(
          `position ${split}`,
          createPositionEmbedding(layout, expected.d_model, split === 'flat' ? '1d' : '2d'),
          readFloat32(goldenPosition),
        );
    }
  } finally {
    io.dispose();
    first.dispose();
  }
  return checked;
}
