// Steps in bfloat16 between two given steps. The portable engine computes both precisions alike, so a model that went
// through the window must end with the very bits of one that was never closed.
import { describe, expect, it } from 'vitest';
import type { Model } from '../../sidecar/engine/engine';
import { selectDevice } from '../../sidecar/engine/registry';
import { openForTraining, precisionAt, precisionsOf, type Precision } from '../../sidecar/methods/rpg/precision';
import { bits } from '../support/bits';
import { tinyBatch, tinySpec } from '../support/specs';

const hyper = { learningRate: 0.01, weightDecay: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const training = { precision: 'bfloat16', bfloat16Steps: [3, 5] } as const;
const spec = tinySpec();
const { device } = await selectDevice({ engine: 'portable', device: 'cpu' });

/** Opens models, and tells in which precisions and which of them are open. */
function opener(failFrom = Infinity) {
  const opened: Precision[] = [];
  let nOpen = 0;
  const open = async (precision: Precision): Promise<Model> => {
    if (opened.push(precision) > failFrom) throw new Error('no memory');
    const model = await device.open(spec, { seed: 4, workers: 1, precision: 'float32', optimizerState: 'float32' });
    nOpen++;
    const dispose = model.dispose.bind(model);
    model.dispose = async () => {
      nOpen--;
      await dispose();
    };
    return model;
  };
  return { open, opened, nOpen: () => nOpen };
}

async function trainSteps(model: Model, from: number, to: number): Promise<number[]> {
  const losses = [];
  for (let step = from; step <= to; step++)
    losses.push((await model.step(tinyBatch(spec, step), { ...hyper, step })).loss);
  return losses;
}

const endOf = async (model: Model) => [bits(await model.readWeights()), bits(await model.readOptimizerState())];

describe('a window of steps in bfloat16', () => {
  it('is of the steps that are given, the last included', () => {
    const of = (step: number) => precisionAt(step, training);
    expect([1, 2, 3, 4, 5, 6].map(of)).toEqual(
      ['float32', 'float32', 'bfloat16', 'bfloat16', 'bfloat16', 'float32'], // prettier-ignore
    );
    expect(precisionsOf(training)).toEqual(['float32', 'bfloat16']);
    const whole = { precision: 'bfloat16', bfloat16Steps: null } as const;
    expect([precisionAt(1, whole), precisionsOf(whole)]).toEqual(['bfloat16', ['bfloat16']]);
  });

  it('loses nothing at its edges, and has one model open at a time', async () => {
    const { open, opened, nOpen } = opener();
    const model = await openForTraining(open, training);
    const plain = await open('float32');
    opened.length = 0;
    expect(await trainSteps(model, 1, 7)).toEqual(await trainSteps(plain, 1, 7));
    expect(opened).toEqual(['bfloat16', 'float32']);
    expect(await endOf(model)).toEqual(await endOf(plain));
    expect(nOpen()).toBe(2);
    expect(model.description).toBe(`${plain.description}; bfloat16 in steps 3 to 5, float32 in others`);
    await model.dispose();
    await plain.dispose();
    expect(nOpen()).toBe(0);
  });

  it('goes on in its midst as if it had not been interrupted', async () => {
    const { open, opened, nOpen } = opener();
    const whole = await openForTraining(open, training);
    await trainSteps(whole, 1, 4);
    const [weights, state] = [await whole.readWeights(), await whole.readOptimizerState()];
    const expected = await trainSteps(whole, 5, 7);
    opened.length = 0;
    const resumed = await openForTraining(open, training);
    await resumed.writeWeights(weights);
    await resumed.writeOptimizerState(state);
    expect(await trainSteps(resumed, 5, 7)).toEqual(expected);
    expect(opened).toEqual(['float32', 'bfloat16', 'float32']);
    expect(await endOf(resumed)).toEqual(await endOf(whole));
    await whole.dispose();
    await resumed.dispose();
    expect(nOpen()).toBe(0);
  });

  it('that cannot be entered ends the training with the engine’s reason, and leaves nothing open', async () => {
    const { open, nOpen } = opener(1);
    const model = await openForTraining(open, training);
    await expect(trainSteps(model, 1, 7)).rejects.toThrow('no memory');
    await model.dispose();
    expect(nOpen()).toBe(0);
  });

  it('is nothing but the model where there is none', async () => {
    const { open } = opener();
    const model = await openForTraining(open, { precision: 'float32', bfloat16Steps: null });
    expect(model.description).not.toContain('bfloat16');
    await model.dispose();
  });
});
