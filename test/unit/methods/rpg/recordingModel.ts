// Stands where an engine begins, in trainer tests: it records what a trainer asks. One number is its weights, and its loss is a known function of
// everything a step gets, so that any difference between two runs shows.
import type { Model, TrainingBatch } from '../../../../sidecar/engine/engine';

export interface RecordingModel {
  model: Model;
  batches: TrainingBatch[];
}

export function recordingModel(lossAt?: (step: number) => number): RecordingModel {
  const batches: TrainingBatch[] = [];
  let weight = 1;
  const notAsked = () => Promise.reject(new Error('a trainer does not ask for this'));
  const model: Model = {
    description: 'recording',
    step(batch, hyper) {
      batches.push(batch);
      const sum = batch.x0.reduce((total, value) => total + (Number.isNaN(value) ? 0 : value), 0);
      weight -= hyper.learningRate * (sum / (batch.x0.length + 1));
      return Promise.resolve({ loss: lossAt ? lossAt(hyper.step) : Math.abs(weight) });
    },
    gradients: notAsked,
    prototypes: notAsked,
    sample: notAsked,
    readWeights: () => Promise.resolve(new Map([['w', { shape: [1], data: Float32Array.of(weight) }]])),
    writeWeights: notAsked,
    readOptimizerState: notAsked,
    writeOptimizerState: notAsked,
    memory: () => ({ bytes: 0, peakBytes: 0 }),
    dispose: () => Promise.resolve(),
  };
  return { model, batches };
}
