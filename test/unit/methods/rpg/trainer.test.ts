import { describe, expect, it } from 'vitest';
import type { TrainerEvent } from '../../../../sidecar/methods/training';
import type { ResolvedRunConfig } from '../../../../protocol/runConfig';
import type { Model } from '../../../../sidecar/engine/engine';
import { defaultConfig } from '../../../../sidecar/config/draftConfig';
import { toModelSpec } from '../../../../sidecar/config/toModelSpec';
import { learningRateAt } from '../../../../sidecar/methods/rpg/learningRate';
import { hyperAt, train, type TokenSource, type TrainerInput } from '../../../../sidecar/methods/rpg/trainer';
import { recordingModel } from './recordingModel';

const nTokens = 5;
const dim = 3;
const nCheckpoints = 2;

/** Element = 100·checkpoint + 10·row + column. */
const tokens: TokenSource = {
  nCheckpoints,
  readRows(checkpoint, rows, out, at) {
    rows.forEach((row, i) => {
      for (let column = 0; column < dim; column++) out[at + i * dim + column] = 100 * checkpoint + 10 * row + column;
    });
  },
};

function configOf(training: Partial<ResolvedRunConfig['training']> = {}): ResolvedRunConfig {
  const config = defaultConfig();
  return {
    ...config,
    seed: 3,
    tokens: { ...config.tokens, dimPerToken: dim },
    diffusion: { ...config.diffusion, diffusionBatch: 4 },
    training: { ...config.training, precision: 'float32', batchSize: 2, steps: 10, saveEvery: 4, ...training },
  };
}

function inputOf(overrides: Partial<TrainerInput> & { config?: ResolvedRunConfig } = {}): TrainerInput {
  const config = overrides.config ?? configOf();
  return {
    model: recordingModel().model,
    spec: toModelSpec(config, { nCheckpoints, nTokens }),
    config,
    tokens,
    tasks: null,
    startStep: 0,
    shouldStop: () => false,
    ...overrides,
  };
}

async function collect(input: TrainerInput): Promise<TrainerEvent[]> {
  const events: TrainerEvent[] = [];
  for await (const event of train(input)) events.push(event);
  return events;
}

const stepsOf = (events: TrainerEvent[], kind: TrainerEvent['kind']) =>
  events.filter(event => event.kind === kind).map(event => event.step);

describe('the trainer', () => {
  it('reports every step, asks for snapshots at the interval and the end, and ends', async () => {
    const events = await collect(inputOf());
    expect(stepsOf(events, 'step')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(stepsOf(events, 'snapshotDue')).toEqual([4, 8, 10]);
    expect(events.at(-1)).toEqual({ kind: 'done', step: 10 });
  });

  it('asks for a snapshot to evaluate where the two intervals differ', async () => {
    const events = await collect(inputOf({ config: configOf({ evaluateEvery: 6 }) }));
    const due = events.filter(event => event.kind === 'snapshotDue');
    expect(due.map(({ step, evaluate }) => [step, evaluate])).toEqual([
      [4, false],
      [6, true],
      [8, false],
      [10, false],
    ]);
  });

  it('gives the engine the rows of the chosen checkpoints, their states and the seed', async () => {
    const recording = recordingModel();
    await collect(inputOf({ model: recording.model }));
    for (const [i, { rows, x0, permutationState, task, noise }] of recording.batches.entries()) {
      expect(rows).toHaveLength(4);
      rows.forEach((row, place) => {
        const checkpoint = permutationState![Math.floor(row / nTokens)]!;
        expect(x0[place * dim + 1]).toBe(100 * checkpoint + 10 * (row % nTokens) + 1);
      });
      expect(task).toBeNull();
      expect(noise).toEqual({ kind: 'seeded', seed: 3, step: i + 1 });
    }
  });

  it('gathers the next batch while the engine is at work, and tells of one that cannot be at its step', async () => {
    const recording = recordingModel();
    const order: string[] = [];
    const step: Model['step'] = async (batch, hyper) => {
      order.push(`step ${hyper.step} begins`);
      await new Promise(resolve => setImmediate(resolve));
      order.push(`step ${hyper.step} ends`);
      return recording.model.step(batch, hyper);
    };
    let reads = 0;
    const readRows: TokenSource['readRows'] = (...args) => {
      order.push('read');
      if (++reads > 8) throw new Error('the disk is gone');
      return tokens.readRows(...args);
    };
    const seen: number[] = [];
    const events = train(inputOf({ model: { ...recording.model, step }, tokens: { ...tokens, readRows } }));
    const training = (async () => {
      for await (const event of events) if (event.kind === 'step') seen.push(event.step);
    })();
    await expect(training).rejects.toThrow('the disk is gone');
    const first = order.indexOf('step 1 begins');
    expect(order.slice(first, order.indexOf('step 1 ends'))).toContain('read');
    expect(seen.length).toBeGreaterThan(1);
    expect(order.at(-1)).toBe(`step ${seen.at(-1)!} ends`);
  });

  it('gives the engine the task bits of the chosen checkpoints', async () => {
    const recording = recordingModel();
    const config = configOf();
    config.condition = { ...config.condition, kind: 'task', taskBits: 2, permutationState: false };
    await collect(inputOf({ model: recording.model, config, tasks: Float32Array.of(0, 1, 1, 0) }));
    for (const { task, x0, rows, permutationState } of recording.batches) {
      expect(permutationState).toBeNull();
      rows.forEach((row, place) => {
        const checkpoint = Math.floor(x0[place * dim]! / 100);
        const sequence = Math.floor(row / nTokens);
        expect([task![2 * sequence], task![2 * sequence + 1]]).toEqual([
          checkpoint === 0 ? 0 : 1,
          checkpoint === 0 ? 1 : 0,
        ]);
      });
    }
  });

  it('continues from a step with the batches of an uninterrupted run', async () => {
    const [whole, rest] = [recordingModel(), recordingModel()];
    await collect(inputOf({ model: whole.model }));
    await collect(inputOf({ model: rest.model, startStep: 6 }));
    expect(rest.batches).toEqual(whole.batches.slice(6));
  });

  it('stops after the step in which it was asked to, with a snapshot', async () => {
    let asked = 0;
    const events = await collect(inputOf({ shouldStop: () => ++asked === 3 }));
    expect(events.slice(-3)).toMatchObject([
      { kind: 'step', step: 3 },
      { kind: 'snapshotDue', step: 3 },
      { kind: 'stopped', step: 3 },
    ]);
  });

  it('stops when the loss is not a number, naming step, learning rate and the last snapshot', async () => {
    const model = recordingModel(step => (step === 6 ? Infinity : 0.5)).model;
    const config = configOf({ schedule: 'constant', learningRate: 0.25 });
    await expect(collect(inputOf({ model, config }))).rejects.toMatchObject({
      code: 'loss-not-finite',
      message: expect.stringMatching(
        /became Infinity at step 6 with learning rate 0.250; the last good snapshot is of step 4/,
      ) as string,
      details: { step: 6, lastSnapshot: 4 },
    });
    const early = recordingModel(step => (step === 2 ? NaN : 0.5)).model;
    await expect(collect(inputOf({ model: early }))).rejects.toThrow(/step 2 .* there is no snapshot yet/);
  });
});

describe('the learning rate', () => {
  const training = { learningRate: 2, warmupSteps: 4, steps: 14, schedule: 'cosine' as const };

  it.each([
    [1, 0.5],
    [4, 2],
    [5, 2],
    [10, 1],
    [14, 1 + Math.cos(0.9 * Math.PI)],
  ])('at step %i is %f', (step, expected) => expect(learningRateAt(step, training)).toBeCloseTo(expected, 12));

  it('would be 0 one step after the last', () => {
    expect(learningRateAt(15, training)).toBeCloseTo(0, 12);
  });

  it('stays at the peak where the schedule is constant', () => {
    expect(learningRateAt(14, { ...training, schedule: 'constant' })).toBe(2);
    expect(learningRateAt(2, { ...training, schedule: 'constant' })).toBe(1);
  });

  it('is one of the numbers of AdamW', () => {
    expect(hyperAt(1, configOf())).toEqual({
      step: 1,
      learningRate: 3e-3,
      weightDecay: 0,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
    });
  });
});
