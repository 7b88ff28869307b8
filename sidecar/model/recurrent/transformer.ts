// Pre-norm transformer over all positions, the ablation with attention: no mask, scores not divided by sqrt(dimHead).
import { affine, normEntries, parameter, uniform, type ParameterEntry } from '../parameterEntry';
import { layerEntries, type RecurrentModel } from './recurrentModel';

export interface TransformerSpec {
  kind: 'transformer';
  dModel: number;
  nLayers: number;
  nHeads: number;
  dimHead: number;
  dimFeedforward: number;
}

export const transformer: RecurrentModel<TransformerSpec> = {
  kind: 'transformer',
  mostWidths: 1,
  rules: [],
  toSpec: ({ dModel, nLayers, nHeads, dimHead, dimFeedforward }) => ({
    kind: 'transformer',
    dModel: dModel[0]!,
    nLayers,
    nHeads,
    dimHead,
    dimFeedforward,
  }),
  entries: spec => layerEntries(spec.nLayers, n => entriesOfLayer(`model.transformer_forward.layers.${n}`, spec)),
  cost({ dModel, nLayers, nHeads, dimHead, dimFeedforward }, { batchSize, nTokens }) {
    const tokens = batchSize * nTokens;
    const attention = 4 * dModel * nHeads * dimHead + 2 * nTokens * nHeads * dimHead;
    return {
      activationElements: tokens * nLayers * (3 * nHeads * dimHead + nHeads * nTokens + dimFeedforward + 2 * dModel),
      products: tokens * nLayers * (attention + 2 * dModel * dimFeedforward),
    };
  },
};

function entriesOfLayer(
  prefix: string,
  { dModel, nHeads, dimHead, dimFeedforward }: TransformerSpec,
): ParameterEntry[] {
  const dInner = nHeads * dimHead;
  return [
    ...normEntries(`${prefix}.0.norm`, dModel),
    parameter(`${prefix}.0.to_qkv.weight`, [3 * dInner, dModel], uniform(1 / Math.sqrt(dModel))),
    ...(dInner === dModel
      ? []
      : [parameter(`${prefix}.0.to_out.weight`, [dModel, dInner], uniform(1 / Math.sqrt(dInner)))]),
    ...normEntries(`${prefix}.1.net.0`, dModel),
    ...affine(`${prefix}.1.net.1`, dimFeedforward, dModel),
    ...affine(`${prefix}.1.net.3`, dModel, dimFeedforward),
  ];
}
