// Stacked LSTM, as PyTorch's nn.LSTM has it: the ablation with classical recurrence.
import { parameter, uniform, type ParameterEntry } from '../parameterEntry';
import { layerEntries, type RecurrentModel } from './recurrentModel';

export interface LstmSpec {
  kind: 'lstm';
  dModel: number;
  nLayers: number;
}

export const lstm: RecurrentModel<LstmSpec> = {
  kind: 'lstm',
  mostWidths: 1,
  rules: [],
  toSpec: ({ dModel, nLayers }) => ({ kind: 'lstm', dModel: dModel[0]!, nLayers }),
  entries: ({ dModel, nLayers }) => layerEntries(nLayers, n => entriesOfLayer(n, dModel)),
  cost({ dModel, nLayers }, { batchSize, nTokens }) {
    const tokens = batchSize * nTokens;
    return {
      activationElements: tokens * nLayers * 6 * dModel, // four gates, cell, output
      products: tokens * nLayers * 8 * dModel ** 2,
    };
  },
};

function entriesOfLayer(n: number, dModel: number): ParameterEntry[] {
  const prefix = 'model.lstm_forward';
  const initial = uniform(1 / Math.sqrt(dModel));
  return [
    parameter(`${prefix}.weight_ih_l${n}`, [4 * dModel, dModel], initial),
    parameter(`${prefix}.weight_hh_l${n}`, [4 * dModel, dModel], initial),
    parameter(`${prefix}.bias_ih_l${n}`, [4 * dModel], initial),
    parameter(`${prefix}.bias_hh_l${n}`, [4 * dModel], initial),
  ];
}
