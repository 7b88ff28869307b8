// Every recurrent model: a new one is a file beside this, a line here, and its entries in model/recurrentInventory.ts.
import type { RecurrentSpec } from '../../../model/modelSpec';
import type { Tensor3D } from '../tf';
import type { Weights } from '../weights';
import { gmlp } from './gmlp';
import { lstm } from './lstm';
import { mamba } from './mamba';
import { transformer } from './transformer';

type Kind = RecurrentSpec['kind'];

const recurrentModels: {
  [K in Kind]: (spec: Extract<RecurrentSpec, { kind: K }>, weights: Weights, x: Tensor3D) => Tensor3D;
} = { mamba, lstm, transformer, gmlp };

/** Positions and condition to prototypes. *Shapes* x (b, l, dModel) → (b, l, dPrototype). */
export function runRecurrent(spec: RecurrentSpec, weights: Weights, x: Tensor3D): Tensor3D {
  // The table pairs every kind with its own spec; TypeScript cannot follow that through the index.
  const run = recurrentModels[spec.kind] as (spec: RecurrentSpec, weights: Weights, x: Tensor3D) => Tensor3D;
  return run(spec, weights, x);
}
