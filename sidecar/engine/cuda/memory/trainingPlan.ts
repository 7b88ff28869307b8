// What training takes of a card's memory, to the byte and before anything is taken: the parameters' layout, the inputs, and a walk
// through the step with nothing launched. The card need not be open: its facts decide how kernels divide their work.
import type { ModelSpec } from '../../../model/modelSpec';
import { conditionGate } from '../layers/condition';
import type { CublasLt, ElementType } from '../driver/cublasLt';
import type { CudaDevice, DeviceFacts } from '../driver/driver';
import { MemoryPlan, stateNames, type PlanLine } from './memoryPlan';
import type { OptimizerState, TrainingMemory } from '../../engine';
import { layoutParameters, Parameters, type ParameterLayout } from './parameters';
import { Queue } from '../driver/queue';
import { placeInputs } from '../step/stepInputs';
import { createTrainStep } from '../step/trainStep';

export interface TrainingPlan {
  readonly layout: ParameterLayout;
  /** All of it. */
  readonly lines: readonly PlanLine[];
  /** Of the block that a step's phases share. */
  readonly scratchBytes: number;
}

/** With optimizer state `none` a plan to generate: scratch memory is taken as it is needed. *Errors* user: a size that the card's kernels do not have. */
export function planTraining(
  spec: ModelSpec,
  facts: DeviceFacts,
  element: ElementType,
  optimizerState: OptimizerState,
): TrainingPlan {
  const closed: Pick<CudaDevice, 'facts'> = { facts };
  const device = closed as CudaDevice; // a walk that launches nothing reads nothing else
  const layout = layoutParameters(spec, element, optimizerState);
  const parameters = new Parameters(device, layout, element, optimizerState);
  let inputBytes = 0;
  const inputs = placeInputs(spec, bytes => {
    inputBytes += bytes;
    return 0n;
  });
  const sequences = { batch: spec.batchSize, length: spec.nTokens, gate: conditionGate(spec) };
  const scratch = walk(device, null, element, queue => {
    if (optimizerState === 'none') return;
    const phases = createTrainStep(queue, parameters, spec, sequences, inputs);
    phases.forward();
    phases.denoise(true);
    phases.backward();
  });
  return {
    layout,
    lines: [...layout.lines, { name: 'inputs of a step', bytes: inputBytes }, ...scratch.atPeak],
    scratchBytes: scratch.peakBytes,
  };
}

/** The plan in the words of the contract. */
export function trainingMemory({ lines }: TrainingPlan): TrainingMemory {
  const bytesOf = (wanted: (name: string) => boolean) =>
    lines.reduce((sum, { name, bytes }) => sum + (wanted(name) ? bytes : 0), 0);
  const isState = (name: string) => stateNames.has(name);
  const optimizerBytes = bytesOf(name => name === 'optimizer state');
  return {
    weightBytes: bytesOf(isState) - optimizerBytes,
    optimizerBytes,
    activationBytes: bytesOf(name => !isState(name)),
  };
}

/** Memory that work would need. */
export function walk(
  device: CudaDevice,
  products: CublasLt | null,
  element: ElementType,
  enqueue: (queue: Queue) => void,
): MemoryPlan {
  const memory = new MemoryPlan(0n);
  enqueue(new Queue(device, products, element, memory, true));
  return memory;
}
