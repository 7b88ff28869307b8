// The arithmetic of each step: bfloat16 between two given steps and float32 outside, or one precision for all. Weights and
// optimizer state are float32 in both, so that a model goes from one to the other with nothing lost.
import type { ResolvedRunConfig } from '../../../protocol/runConfig';
import type { EngineDevice, Model, NamedArrays, SampleRequest, StepHyper, TrainingBatch } from '../../engine/engine';
import type { ModelSpec } from '../../model/modelSpec';

export type Precision = ResolvedRunConfig['training']['precision'];
type Training = Pick<ResolvedRunConfig['training'], 'precision' | 'bfloat16Steps'>;

/** *Units* `step` counts from 1. Runs of before there was a window have none. */
export function precisionAt(step: number, { precision, bfloat16Steps }: Training): Precision {
  if (!bfloat16Steps) return precision;
  const [first, last] = bfloat16Steps as [number, number];
  return step >= first && step <= last ? 'bfloat16' : 'float32';
}

/** Every precision that some step has. */
export function precisionsOf({ precision, bfloat16Steps }: Training): readonly Precision[] {
  return bfloat16Steps ? ['float32', 'bfloat16'] : [precision];
}

/** Why a device cannot run a model in each of these precisions, or null. */
export function refusalOf(device: EngineDevice, spec: ModelSpec, precisions: readonly Precision[]): string | null {
  return (
    precisions.map(precision => device.refuses?.(spec, precision) ?? null).find(refusal => refusal !== null) ?? null
  );
}

/**
 * A model to train. Where the configuration has a window of steps in bfloat16, the model is closed at the window's edges and
 * opened again in the other precision, with weights and optimizer state carried over.
 * *Errors* those of `open`, at an edge as well; the model is closed then.
 */
export async function openForTraining(
  open: (precision: Precision) => Promise<Model>,
  training: Training,
): Promise<Model> {
  const first = precisionAt(1, training);
  const model = await open(first);
  return training.bfloat16Steps ? new WindowedModel(model, first, open, training) : model;
}

class WindowedModel implements Model {
  /** The same at every step: a resumed run compares it. */
  readonly description: string;
  #model: Model;
  #precision: Precision;
  #isOpen = true;
  #peakBytes = 0;

  constructor(
    model: Model,
    precision: Precision,
    private readonly open: (precision: Precision) => Promise<Model>,
    private readonly training: Training,
  ) {
    this.#model = model;
    this.#precision = precision;
    this.description = `${model.description}; bfloat16 in steps ${training.bfloat16Steps!.join(' to ')}, float32 in others`;
  }

  async step(batch: TrainingBatch, hyper: StepHyper): Promise<{ loss: number }> {
    await this.#changeTo(precisionAt(hyper.step, this.training));
    return this.#model.step(batch, hyper);
  }

  gradients(batch: TrainingBatch): ReturnType<Model['gradients']> {
    return this.#model.gradients(batch);
  }

  prototypes(conditioning: Parameters<Model['prototypes']>[0]): Promise<Float32Array> {
    return this.#model.prototypes(conditioning);
  }

  sample(request: SampleRequest): Promise<Float32Array> {
    return this.#model.sample(request);
  }

  readWeights(): Promise<NamedArrays> {
    return this.#model.readWeights();
  }

  writeWeights(weights: NamedArrays): Promise<void> {
    return this.#model.writeWeights(weights);
  }

  readOptimizerState(): Promise<NamedArrays> {
    return this.#model.readOptimizerState();
  }

  writeOptimizerState(state: NamedArrays): Promise<void> {
    return this.#model.writeOptimizerState(state);
  }

  memory(): { bytes: number; peakBytes: number } {
    const { bytes, peakBytes } = this.#model.memory();
    return { bytes, peakBytes: Math.max(peakBytes, this.#peakBytes) };
  }

  async dispose(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#model.dispose();
  }

  async #changeTo(precision: Precision): Promise<void> {
    if (precision === this.#precision) return;
    const weights = await this.#model.readWeights();
    const state = await this.#model.readOptimizerState();
    this.#peakBytes = this.memory().peakBytes;
    await this.dispose(); // first: a card may have no room for both
    this.#model = await this.open(precision);
    this.#isOpen = true;
    this.#precision = precision;
    await this.#model.writeWeights(weights);
    await this.#model.writeOptimizerState(state);
  }
}
