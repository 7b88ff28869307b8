// Gated MLP, the ablation without recurrence: every token on its own.
import { affine, normEntries, parameter, uniform, type ParameterEntry } from '../parameterEntry';
import { layerEntries, type RecurrentModel } from './recurrentModel';

export interface GmlpSpec {
  kind: 'gmlp';
  dModel: number;
  nLayers: number;
  expand: number;
}

export const gmlp: RecurrentModel<GmlpSpec> = {
  kind: 'gmlp',
  mostWidths: 1,
  rules: [],
  toSpec: ({ dModel, nLayers, expand }) => ({ kind: 'gmlp', dModel: dModel[0]!, nLayers, expand }),
  entries: spec => layerEntries(spec.nLayers, n => entriesOfLayer(`model.gmlp_forward.${n}`, spec)),
  cost({ dModel, nLayers, expand }, { batchSize, nTokens }) {
    const tokens = batchSize * nTokens;
    return {
      activationElements: tokens * nLayers * (2 * expand * dModel + 2 * dModel),
      products: tokens * nLayers * (3 * expand * dModel ** 2 + nTokens * dModel),
    };
  },
};

function entriesOfLayer(prefix: string, { dModel, expand }: GmlpSpec): ParameterEntry[] {
  const dInner = expand * dModel;
  return [
    parameter(`${prefix}.proj_1.weight`, [dInner, dModel], uniform(1 / Math.sqrt(dModel))),
    parameter(`${prefix}.proj_2.weight`, [dInner, dModel], uniform(1 / Math.sqrt(dModel))),
    ...affine(`${prefix}.proj_3`, dModel, dInner),
    ...normEntries(`${prefix}.layer_norm`, dModel),
  ];
}
