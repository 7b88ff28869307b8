// Every recurrent model on this engine: a new one is a file beside this and a line here, or the table does not compile.
import type { RecurrentKind, RecurrentSpec, RecurrentSpecs } from '../../../model/recurrent/registry';
import type { KernelProgram } from '../kernel/kernel';
import type { Tensor3D } from '../tf';
import type { Weights } from '../weights';
import { gmlp } from './gmlp';
import { lstm } from './lstm';
import { mamba } from './mamba';
import { KernelMamba, kernelFits } from './mambaKernel';
import { transformer } from './transformer';

interface PortableRecurrent<Spec> {
  /** From tfjs operations. *Shapes* x (b, l, dModel) → (b, l, dPrototype). */
  forward(spec: Spec, weights: Weights, x: Tensor3D): Tensor3D;
  /** On the SIMD kernel; null where it does not know these sizes. Absent: it does not know the model. */
  onKernel?(spec: Spec, weights: Weights, program: KernelProgram): Recurrent | null;
}

const recurrentModels: { readonly [Kind in RecurrentKind]: PortableRecurrent<RecurrentSpecs[Kind]> } = {
  mamba: {
    forward: mamba,
    onKernel: (spec, weights, program) => (kernelFits(spec) ? new KernelMamba(spec, weights, program) : null),
  },
  lstm: { forward: lstm },
  transformer: { forward: transformer },
  gmlp: { forward: gmlp },
};

/** Positions and condition to prototypes. */
export interface Recurrent {
  /** Differentiable in x and the weights. *Shapes* x (b, l, dModel) → (b, l, dPrototype). */
  run(x: Tensor3D): Tensor3D;
  /** Bytes held outside tfjs. */
  readonly bytes: number;
}

/** From tfjs operations, on every backend. */
export function createTfRecurrent(spec: RecurrentSpec, weights: Weights): Recurrent {
  const model = modelOf(spec);
  return { run: x => model.forward(spec, weights, x), bytes: 0 };
}

/** On the SIMD kernel where it knows the model, else from tfjs operations. */
export function createKernelRecurrent(spec: RecurrentSpec, weights: Weights, program: KernelProgram): Recurrent {
  return modelOf(spec).onKernel?.(spec, weights, program) ?? createTfRecurrent(spec, weights);
}

/** The table pairs every kind with its own specification, which TypeScript takes on trust (methods). */
function modelOf({ kind }: RecurrentSpec): PortableRecurrent<RecurrentSpec> {
  return recurrentModels[kind];
}
