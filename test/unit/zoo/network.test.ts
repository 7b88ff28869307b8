import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../sidecar/util/seededRandom';
import { convolveReference, convolveRows5 } from '../../../sidecar/zoo/layers/conv2d';
import { createNetwork } from '../../../sidecar/zoo/network';
import {
  fromStateDict,
  initialParameters,
  isStateDictOf,
  networkParameters,
  parameterCount,
  toStateDict,
} from '../../../sidecar/zoo/networkSpec';
import { findRecipe, recipeOfState, zooRecipes } from '../../../sidecar/zoo/recipes/registry';
import { compileForward, lanes } from '../../../sidecar/zoo/simd/forward';
import { errorOf } from '../../support/errors';
import { bandImages, tinyNetwork } from '../../support/zoo';

describe('network descriptions', () => {
  test('fashion-cnnsmall has the names and shapes of the published state dict', () => {
    const parameters = networkParameters(findRecipe('fashion-cnnsmall').network);
    expect(parameters.map(({ name, shape }) => `${name} ${shape.join('×')}`)).toEqual([
      '0.weight 8×1×5×5',
      '0.bias 8',
      '3.weight 6×8×5×5',
      '3.bias 6',
      '6.weight 4×6×2×2',
      '6.bias 4',
      '9.weight 20×36',
      '9.bias 20',
      '11.weight 10×20',
      '11.bias 10',
    ]);
  });

  test.each([
    ['fashion-cnnsmall', 2_464],
    ['fashion-mlp', 7_002],
  ])('%s has %i weights', (name, count) => expect(parameterCount(findRecipe(name).network)).toBe(count));

  test('a state dict survives the way to a flat vector and back', () => {
    const values = Float32Array.from(initialParameters(tinyNetwork, seededRandom(3)));
    const state = toStateDict(tinyNetwork, values);
    expect(isStateDictOf(tinyNetwork, state)).toBe(true);
    expect(fromStateDict(tinyNetwork, state, 'tiny')).toEqual(values);
  });

  test('a state dict of another network says which tensor differs', () => {
    const state = toStateDict(tinyNetwork, new Float32Array(parameterCount(tinyNetwork)));
    state.set('0.weight', { shape: [5, 1, 3, 3], data: new Float32Array(45) });
    expect(errorOf(() => fromStateDict(tinyNetwork, state, 'tiny')).message).toContain(
      '0.weight is 5×1×3×3, not 5×1×2×2',
    );
    state.delete('0.weight');
    expect(errorOf(() => fromStateDict(tinyNetwork, state, 'tiny')).message).toContain('0.weight (5×1×2×2) is missing');
    expect(recipeOfState(state)).toBeNull();
  });

  test('an unknown recipe names the known ones', () => {
    expect(errorOf(() => findRecipe('fashion')).message).toContain('fashion-cnnsmall, fashion-mlp');
  });
});

test('5×5 convolutions by sliding rows equal the reference on a non-square image', () => {
  const shape = { inChannels: 2, inHeight: 7, inWidth: 11, outChannels: 3, kernelSize: 5 };
  const random = seededRandom(5);
  const input = Float64Array.from({ length: 2 * 7 * 11 }, () => random.normal());
  const weights = Float64Array.from({ length: 1 + 3 * 2 * 25 }, () => random.normal());
  const [slow, fast] = [new Float64Array(3 * 3 * 7), new Float64Array(3 * 3 * 7)];
  convolveReference(shape, input, weights, 1, slow);
  convolveRows5(shape, input, weights, 1, fast);
  for (const [i, value] of slow.entries()) expect(fast[i]).toBeCloseTo(value, 12);
});

describe('gradients', () => {
  test('every parameter agrees with finite differences through every kind of layer', () => {
    const images = bandImages(2, tinyNetwork, 7);
    const network = createNetwork(tinyNetwork);
    const start = initialParameters(tinyNetwork, seededRandom(11));
    network.parameters.set(start);
    const label = 2;
    const at = 13 * 11; // the second image
    const lossAt = (): number => {
      network.forward(images.pixels, at);
      return network.judge(label).loss;
    };
    const scale = 3;
    const gradients = new Float64Array(start.length);
    lossAt();
    network.backward(label, scale, gradients);
    const step = 1e-6;
    for (const [i, value] of start.entries()) {
      network.parameters[i] = value + step;
      const above = lossAt();
      network.parameters[i] = value - step;
      const below = lossAt();
      network.parameters[i] = value;
      expect(Math.abs(gradients[i]! - (scale * (above - below)) / (2 * step))).toBeLessThan(1e-7);
    }
    expect(gradients.filter(g => g !== 0).length).toBeGreaterThan(start.length / 2);
  });
});

describe('the SIMD forward pass', () => {
  test.each([...zooRecipes.map(recipe => [recipe.name, recipe.network] as const), ['tiny', tinyNetwork] as const])(
    '%s gives the reference’s logits for four different images',
    (_, spec) => {
      const images = bandImages(lanes, spec, 13);
      const size = spec.inputHeight * spec.inputWidth;
      const reference = createNetwork(spec);
      const compiled = compileForward(spec);
      const values = initialParameters(spec, seededRandom(17));
      reference.parameters.set(values);
      compiled.parameters.set(values);
      for (let lane = 0; lane < lanes; lane++) compiled.setImage(lane, images.pixels, lane * size);
      compiled.run();
      for (let lane = 0; lane < lanes; lane++) {
        const expected = reference.forward(images.pixels, lane * size);
        for (const [c, logit] of expected.entries())
          expect(Math.abs(compiled.logits[c * lanes + lane]! - logit)).toBeLessThan(2e-6);
      }
    },
  );

  test('NaN in the weights reaches the logits', () => {
    const compiled = compileForward(tinyNetwork);
    compiled.parameters.fill(Number.NaN);
    compiled.run();
    expect(compiled.logits.every(logit => Number.isNaN(logit))).toBe(true);
  });
});
