// Weights → tokens → weights, for any architecture; and the reference values.
import { existsSync, readdirSync } from 'node:fs';
import * as path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  measureTensor,
  parameterKind,
  StructureBuilder,
  type ParameterShape,
  type Structure,
} from '../../../sidecar/tokenizer/structure';
import { createPositionEmbedding } from '../../../sidecar/tokenizer/positionEmbedding';
import { createTokenLayout, splits } from '../../../sidecar/tokenizer/tokenLayout';
import { detokenize, tokenize } from '../../../sidecar/tokenizer/weightTokenizer';
import { checkTokenCase } from '../../golden/tokenCases';
import { errorOf } from '../../support/errors';
import { goldenCases } from '../../support/folders';

const count = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

const architecture = fc.array(
  fc.record({
    name: fc.constantFrom('conv.weight', 'fc.bias', 'bn.running_var', 'bn.num_batches_tracked', 'index'),
    shape: fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 4 }),
    isFloat: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);

function valuesOf(parameter: ParameterShape, seed: number): Float32Array {
  const isVariance = parameter.name.includes('running_var');
  return Float32Array.from({ length: count(parameter.shape) }, (_, index) => {
    const noise = Math.sin(index * 12.9898 + seed * 78.233);
    return isVariance ? 1 + 0.9 * noise : noise;
  });
}

function structureOf(parameters: readonly ParameterShape[], nCheckpoints: number): Structure {
  const builder = new StructureBuilder(parameters);
  for (let checkpoint = 0; checkpoint < nCheckpoints; checkpoint++) {
    builder.add(
      parameters.map((parameter, index) => {
        const kind = parameterKind(parameter);
        return kind === 'fixed' ? null : measureTensor(valuesOf(parameter, index + 10 * checkpoint), kind);
      }),
    );
  }
  return builder.build();
}

describe('any architecture', () => {
  test('tokens turn back into the weights they came from', () => {
    fc.assert(
      fc.property(
        architecture,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(...splits),
        (list, dimPerToken, split) => {
          const parameters = list.map((parameter, index) => ({
            ...parameter,
            name: `${index}.${parameter.name}`,
            dtype: 'float32',
          }));
          const structure = structureOf(parameters, 2);
          const layout = createTokenLayout(structure, dimPerToken, split);
          const tokens = tokenize(structure, layout, index => valuesOf(parameters[index]!, index));
          const seen: number[] = [];
          detokenize(structure, layout, tokens, (index, values) => {
            seen.push(index);
            const original = valuesOf(parameters[index]!, index);
            for (const [at, value] of values.entries()) expect(value).toBeCloseTo(original[at]!, 5);
          });
          expect(seen).toEqual(
            structure.parameters.flatMap((parameter, index) => (parameter.kind === 'fixed' ? [] : [index])),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('every weight has one place, every other place is padding', () => {
    fc.assert(
      fc.property(
        architecture,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(...splits),
        (list, dimPerToken, split) => {
          const structure = structureOf(
            list.map(parameter => ({ ...parameter, dtype: 'float32' })),
            1,
          );
          const layout = createTokenLayout(structure, dimPerToken, split);
          const uses = new Uint8Array(layout.nTokens * dimPerToken);
          for (const run of layout.runs) for (let at = 0; at < run.length; at++) uses[run.tokenOffset + at]!++;
          expect(uses.every(times => times <= 1)).toBe(true);
          expect(uses.filter(times => times === 0).length).toBe(layout.nPadding);
          const used = layout.runs.reduce((sum, run) => sum + run.length, 0);
          expect(used).toBe(
            structure.parameters
              .filter(parameter => parameter.kind !== 'fixed')
              .reduce((sum, parameter) => sum + count(parameter.shape), 0),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('with the output split no row mixes two slices that would fit a row each', () => {
    const structure = structureOf([{ name: 'w', shape: [6, 5, 3], dtype: 'float32', isFloat: true }], 1);
    expect(createTokenLayout(structure, 50, 'output').runs.map(run => run.length)).toEqual([45, 45]);
    expect(createTokenLayout(structure, 31, 'output').runs.map(run => run.length)).toEqual([30, 30, 30]);
    expect(createTokenLayout(structure, 15, 'output').runs.map(run => run.length)).toEqual([15, 15, 15, 15, 15, 15]);
    expect(createTokenLayout(structure, 7, 'output').runs.map(run => run.length)).toEqual(
      Array.from({ length: 30 }, () => 3),
    );
  });
});

describe('hard values', () => {
  const shape = (name: string, length: number): ParameterShape => ({
    name,
    shape: [length],
    dtype: 'float32',
    isFloat: true,
  });

  test('NaN and infinite weights are counted, leave the statistics alone, and become padding', () => {
    const measured = measureTensor(Float32Array.of(1, NaN, 3, Infinity), 'weight');
    expect(measured).toEqual({ mean: 2, std: Math.SQRT2, preMean: 1, nNonFinite: 2 });
    const builder = new StructureBuilder([shape('w', 4)]);
    builder.add([measured]);
    const structure = builder.build();
    const tokens = tokenize(structure, createTokenLayout(structure, 4, 'layer'), () =>
      Float32Array.of(1, NaN, 3, Infinity),
    );
    expect([...tokens].map(Number.isNaN)).toEqual([false, true, false, true]);
  });

  test('a tensor without spread comes back unharmed', () => {
    const structure = structureOf([shape('ln.weight', 3)], 1);
    const constant = { ...structure, parameters: [{ ...structure.parameters[0]!, mean: 1, std: 0 }] };
    const layout = createTokenLayout(constant, 3, 'layer');
    const tokens = tokenize(constant, layout, () => Float32Array.of(1, 1, 1));
    expect([...tokens]).toEqual([0, 0, 0]);
    detokenize(constant, layout, tokens, (_index, values) => {
      expect([...values]).toEqual([1, 1, 1]);
    });
  });

  test('a generated variance is never zero or negative', () => {
    const structure = structureOf([shape('bn.running_var', 5)], 2);
    const layout = createTokenLayout(structure, 5, 'layer');
    detokenize(structure, layout, Float32Array.of(-1e3, -10, 0, 1, 5), (_index, values) => {
      expect(values.every(value => value > 0)).toBe(true);
    });
  });

  test('more tokens than an array can hold is a clear error', () => {
    const structure = {
      parameters: [
        { name: 'w', shape: [1, 2 ** 28, 17], dtype: 'float32', kind: 'weight' as const, mean: 0, std: 1, preMean: 1 },
      ],
    };
    expect(errorOf(() => createTokenLayout(structure, 2 ** 16, 'layer')).code).toBe('too-many-tokens');
  });
});

test('the position embedding tells rows and tensors apart', () => {
  const layout = { nTokens: 3, tensorOfRow: Int32Array.of(0, 0, 1), rowInTensor: Int32Array.of(0, 1, 0) };
  const rows = (kind: '2d' | '1d' | 'none'): number[][] => {
    const embedding = createPositionEmbedding(layout, 8, kind);
    return [0, 1, 2].map(row => [...embedding.subarray(row * 8, row * 8 + 8)]);
  };
  const [first, second, third] = rows('2d');
  expect(first!.slice(4)).toEqual(second!.slice(4)); // same tensor
  expect(first!.slice(0, 4)).toEqual(third!.slice(0, 4)); // same row inside its tensor
  expect(new Set(rows('1d').map(String)).size).toBe(3);
  expect(
    rows('none')
      .flat()
      .every(value => value === 0),
  ).toBe(true);
});

const tokenCases = path.join(goldenCases, 'tokens');
describe.runIf(existsSync(tokenCases))('reference values', () => {
  test.each(readdirSync(tokenCases))('tokens/%s', async name => {
    for (const value of await checkTokenCase(path.join(tokenCases, name)))
      expect(value.error, value.name).toBeLessThanOrEqual(value.tolerance);
  });
});
