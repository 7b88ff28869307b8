// What the recurrent model reads: positions, and per sequence a condition (+ permutation state), as L + b rows; and back.
import type { ModelSpec } from '../../../model/modelSpec';
import type { ConditionInputs, ConditionStage } from './conditionStage';
import { biasGradient } from './layerNorm';
import type { LayerInput } from './mambaLayer';
import type { Parameters } from '../memory/parameters';
import type { Queue } from '../driver/queue';
import { TokenCondition } from './tokenCondition';

const silu = 1;

/** First position the condition counts from. */
export function conditionGate(spec: ModelSpec): number {
  return spec.condition.kind === 'task' ? Math.max(0, spec.nTokens - 8) : 0;
}

/** For `batch` sequences. */
export function createCondition(
  queue: Queue,
  parameters: Parameters,
  spec: ModelSpec,
  batch: number,
  inputs: ConditionInputs,
): ConditionStage {
  const Stage = spec.condition.kind === 'taskFull' ? TokenCondition : Condition;
  return new Stage(queue, parameters, spec, batch, inputs);
}

class Condition implements ConditionStage {
  #saved: { bits: bigint; before: bigint; hidden: bigint } | null = null;

  constructor(
    readonly queue: Queue,
    readonly parameters: Parameters,
    readonly spec: ModelSpec,
    readonly batch: number,
    readonly inputs: ConditionInputs,
  ) {}

  get inputRows(): number {
    return this.spec.nTokens + this.batch;
  }

  forward(): LayerInput {
    const { queue, parameters, spec, batch, inputs } = this;
    const { nTokens, dModel } = spec;
    const shared = queue.take('inputs', (nTokens + batch) * dModel);
    const condition = spec.condition.kind === 'task' ? this.#task() : parameters.value('to_condition.bias');
    const permuted = this.#usesPermutation();
    queue.each('sharedInput', (nTokens + batch) * dModel, [
      ...[parameters.value('model.pe'), condition, spec.condition.kind === 'task' ? dModel : 0],
      ...[
        permuted ? parameters.value('to_permutation_state.weight') : 0n,
        inputs.states,
        shared,
        nTokens,
        batch,
        dModel,
      ],
    ]);
    return { kind: 'shared', x: shared };
  }

  backward(dShared: bigint): void {
    const { queue, parameters, spec, batch, inputs } = this;
    const { nTokens, dModel, nPermutation } = spec;
    if (spec.trainPositionEmbedding) {
      const { pointer } = parameters.gradient('model.pe');
      queue.each('widen', nTokens * dModel, [dShared, pointer, BigInt(nTokens * dModel)]);
    }
    const bias = spec.condition.kind === 'none' ? parameters.gradient('to_condition.bias').pointer : 0n;
    const permutation = this.#usesPermutation() ? parameters.gradient('to_permutation_state.weight').pointer : 0n;
    queue.each('conditionGradient', dModel, [
      dShared,
      inputs.states,
      bias,
      permutation,
      nTokens,
      batch,
      dModel,
      nPermutation,
    ]);
    if (spec.condition.kind === 'task') this.#taskBackward(queue.at(dShared, nTokens * dModel));
  }

  #usesPermutation(): boolean {
    return this.spec.usePermutationState;
  }

  /** to_condition_linear(silu(get_condition(bits))), float32. */
  #task(): bigint {
    const { queue, parameters, spec, batch, inputs } = this;
    const { dCondition, taskBits } = spec.condition;
    const bits = queue.take('task bits', batch * taskBits);
    const before = queue.take('task condition', batch * dCondition);
    const hidden = queue.take('task condition', batch * dCondition);
    const wide = queue.take('task condition', batch * spec.dModel);
    const out = queue.takeFloats('task condition', batch * spec.dModel);
    queue.each('convert', batch * taskBits, [inputs.task, bits, BigInt(batch * taskBits)]);
    queue.linear(bits, parameters.matrix('get_condition.0.weight'), before, {
      rows: batch,
      inputs: taskBits,
      outputs: dCondition,
    });
    const bias = parameters.value('get_condition.0.bias');
    queue.each('addBias', batch * dCondition, [
      before,
      bias,
      hidden,
      before,
      BigInt(batch * dCondition),
      dCondition,
      silu,
    ]);
    const linear = { rows: batch, inputs: dCondition, outputs: spec.dModel };
    queue.linear(hidden, parameters.matrix('to_condition_linear.weight'), wide, linear);
    const wideBias = parameters.value('to_condition_linear.bias');
    const count = batch * spec.dModel;
    queue.each('addBias', count, [wide, wideBias, wide, 0n, BigInt(count), spec.dModel, 0]);
    queue.each('widen', count, [wide, out, BigInt(count)]);
    this.#saved = { bits, before, hidden };
    return out;
  }

  #taskBackward(dWide: bigint): void {
    const { queue, parameters, spec, batch } = this;
    const { dCondition, taskBits } = spec.condition;
    const { bits, before, hidden } = this.#saved!;
    const linear = { rows: batch, inputs: dCondition, outputs: spec.dModel };
    const weight = parameters.gradient('to_condition_linear.weight');
    queue.linearWeightGradient(dWide, hidden, weight.pointer, weight.element, linear);
    biasGradient(queue, parameters, 'to_condition_linear.bias', dWide, batch, spec.dModel);
    queue.memory.scope(() => {
      const dHidden = queue.take('gradients', batch * dCondition);
      queue.linearInputGradient(dWide, parameters.matrix('to_condition_linear.weight'), dHidden, linear);
      queue.each('activationBackward', batch * dCondition, [dHidden, before, BigInt(batch * dCondition), silu]);
      const first = parameters.gradient('get_condition.0.weight');
      const shape = { rows: batch, inputs: taskBits, outputs: dCondition };
      queue.linearWeightGradient(dHidden, bits, first.pointer, first.element, shape);
      biasGradient(queue, parameters, 'get_condition.0.bias', dHidden, batch, dCondition);
    });
  }
}
