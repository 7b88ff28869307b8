// The training step from top to bottom: condition and recurrent model forward, the denoiser forward and back to the prototypes,
// the recurrent model back, the optimizer. Everything is only queued; cudaModel.ts captures it as two graphs.
import type { ModelSpec } from '../../../model/modelSpec';
import { createCondition } from '../layers/condition';
import type { ConditionInputs } from '../layers/conditionStage';
import { DenoiserStep, lossAndGradient, noiseTokens, type NoiseInputs } from '../layers/denoiser';
import type { ChosenRows, Sequences } from '../layers/mambaLayer';
import type { Parameters } from '../memory/parameters';
import type { Queue } from '../driver/queue';
import { createRecurrent } from '../layers/recurrent';

/** The phases of one step, called in order, once. */
export interface TrainStep {
  /** What needs no tokens: the host may upload them meanwhile. */
  forward(): void;
  /** Noise, prediction, loss, and the gradient of the prototypes. `draw`: noise from Philox, else it was uploaded. */
  denoise(draw: boolean): void;
  backward(): void;
  /** (n, dim) float32 predicted noise, once `denoise` was queued; 0n without diffusion. */
  prediction(): bigint;
}

/** Where a step's inputs lie; `rows` (n) int32 are the token rows that enter the loss. */
export type StepInputs = ConditionInputs & NoiseInputs & { readonly rows: bigint };

export function createTrainStep(
  queue: Queue,
  parameters: Parameters,
  spec: ModelSpec,
  sequences: Sequences,
  inputs: StepInputs,
): TrainStep {
  const { memory } = queue;
  const n = spec.rowsPerStep;
  const chosen: ChosenRows = { pointer: inputs.rows, count: n };
  const condition = createCondition(queue, parameters, spec, spec.batchSize, inputs);
  let recurrent: ReturnType<typeof createRecurrent> | undefined;
  let prototypes = 0n;
  let dPrototypes = 0n;
  let prediction = 0n;
  return {
    forward: () => {
      memory.reset();
      queue.part('recurrent');
      parameters.clearGradients(queue);
      recurrent = createRecurrent(queue, parameters, spec, sequences, condition.forward(), chosen);
      prototypes = recurrent.forward();
      dPrototypes = queue.take('gradients of prototypes', n * spec.dPrototype);
    },
    denoise: draw => {
      memory.scope(() => {
        if (spec.denoiser) {
          const step = new DenoiserStep(queue, parameters, spec, inputs);
          step.run(prototypes, dPrototypes, draw);
          prediction = step.predicted;
        } else {
          const valid = queue.takeFloats('counters', 1);
          noiseTokens(queue, spec, inputs, valid, 0n, false);
          lossAndGradient(queue, spec, inputs, valid, prototypes, dPrototypes);
        }
      });
    },
    backward: () => {
      queue.part('recurrent');
      parameters.withLargeGradients(queue, () => {
        const dInput = queue.take('gradients of inputs', condition.inputRows * spec.dModel);
        recurrent!.backward(dPrototypes, dInput, spec.trainPositionEmbedding);
        condition.backward(dInput);
      });
      parameters.finishSmall(queue);
    },
    prediction: () => prediction,
  };
}
