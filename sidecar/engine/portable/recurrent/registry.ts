// Every recurrent model: a new one is a file beside this, a line here, and its entries in model/recurrentInventory.ts.
import type { RecurrentSpec } from '../../../model/modelSpec';
import type { KernelProgram } from '../kernel/kernel';
import type { Tensor3D } from '../tf';
import type { Weights } from '../weights';
import { gmlp } from './gmlp';
import { lstm } from './lstm';
import { mamba } from './mamba';
import { KernelMamba, kernelFits } from './mambaKernel';
import { transformer } from './transformer';

type Kind = RecurrentSpec['kind'];

const recurrentModels: {
  [K in Kind]: (spec: Extract<RecurrentSpec, { kind: K }>, weights: Weights, x: Tensor3D) => Tensor3D;
} = { mamba, lstm, transformer, gmlp };

/** Positions and condition to prototypes. */
export interface Recurrent {
  /** Differentiable in x and the weights. *Shapes* x (b, l, dModel) → (b, l, dPrototype). */
  run(x: Tensor3D): Tensor3D;
  /** Bytes held outside tfjs. */
  readonly bytes: number;
}

/** From tfjs operations, on every backend. */
export function createTfRecurrent(spec: RecurrentSpec, weights: Weights): Recurrent {
  // The table pairs every kind with its own spec; TypeScript cannot follow that through the index.
  const run = recurrentModels[spec.kind] as (spec: RecurrentSpec, weights: Weights, x: Tensor3D) => Tensor3D;
  return { run: x => run(spec, weights, x), bytes: 0 };
}

/** On the SIMD kernel where it knows the model, else from tfjs operations. */
export function createKernelRecurrent(spec: RecurrentSpec, weights: Weights, program: KernelProgram): Recurrent {
  return kernelFits(spec) ? new KernelMamba(spec, weights, program) : createTfRecurrent(spec, weights);
}
