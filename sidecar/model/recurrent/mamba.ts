// Mamba-2, the published recurrent model: layers in sequence, without residual or norm between them.
// Source: Dao & Gu, "Transformers are SSMs", ICML 2024.
import { constant, drawn, parameter, uniform, type ParameterEntry } from '../parameterEntry';
import type { RecurrentFields, RecurrentModel } from './recurrentModel';

export interface MambaSpec {
  kind: 'mamba';
  layers: readonly MambaLayerSpec[];
}

/** One Mamba-2 layer; `dOutput` differs from `dModel` only in the variable second layer (reads 12288, writes 16384). */
export interface MambaLayerSpec {
  dModel: number;
  dOutput: number;
  dInner: number;
  dState: number;
  dConv: number;
  /** 64 in every published model. */
  headDim: number;
  nHeads: number;
}

/** The published models know no other width of a head. */
const headDim = 64;

export const mamba: RecurrentModel<MambaSpec> = {
  kind: 'mamba',
  mostWidths: 2,
  rules: [
    {
      reads: ['dModel', 'nLayers'],
      fault: ({ dModel, nLayers }) =>
        dModel.length === 1 || nLayers === 2 ? null : `two widths need recurrent.nLayers 2, and it is ${nLayers}`,
    },
    {
      reads: ['dModel', 'expand'],
      fault({ dModel, expand }) {
        const odd = dModel.find(width => (width * expand) % headDim !== 0);
        if (odd === undefined) return null;
        return `${odd} times recurrent.expand ${expand} is not a multiple of ${headDim}, the width of a Mamba-2 head; give a multiple`;
      },
    },
  ],
  toSpec: fields => ({
    kind: 'mamba',
    layers: Array.from({ length: fields.nLayers }, (_, layer) => toLayer(fields, layer)),
  }),
  entries: ({ layers }) => layers.flatMap((layer, n) => entriesOfLayer(`model.mamba_forward.${n}`, layer)),
  cost({ layers }, { batchSize, nTokens }) {
    const tokens = batchSize * nTokens;
    const chunk = Math.min(64, nTokens); // of the chunked state space: a (chunk, chunk) matrix a head
    let activationElements = 0;
    let products = 0;
    for (const { dModel, dInner, dOutput, dState, nHeads } of layers) {
      activationElements += tokens * (3 * dInner + 2 * dState + nHeads * chunk);
      const projections = dModel * (2 * dInner + 2 * dState + nHeads) + dInner * dOutput;
      const scan = 2 * dInner * dState + chunk * (dInner + dState);
      products += tokens * (projections + scan);
    }
    return { activationElements, products };
  },
};

/** With two widths the second layer reads the first, has the second's inner width, and writes the second. */
function toLayer({ dModel, expand, dState, dConv }: RecurrentFields, layer: number): MambaLayerSpec {
  const reads = dModel[0]!;
  const writes = layer === 0 ? reads : dModel.at(-1)!;
  const dInner = writes * expand;
  return { dModel: reads, dOutput: writes, dInner, dState, dConv, headDim, nHeads: dInner / headDim };
}

function entriesOfLayer(prefix: string, layer: MambaLayerSpec): ParameterEntry[] {
  const { dModel, dOutput, dInner, dState, dConv, nHeads } = layer;
  const convolved = dInner + 2 * dState; // x, B and C
  return [
    parameter(`${prefix}.dt_bias`, [nHeads], drawn(dtBias)),
    parameter(`${prefix}.A_log`, [nHeads], drawn(logUniform1To16)),
    parameter(`${prefix}.D`, [nHeads], constant(1)),
    parameter(`${prefix}.in_proj.weight`, [dInner + convolved + nHeads, dModel], uniform(1 / Math.sqrt(dModel))),
    parameter(`${prefix}.conv1d.weight`, [convolved, 1, dConv], uniform(1 / Math.sqrt(dConv))),
    parameter(`${prefix}.conv1d.bias`, [convolved], uniform(1 / Math.sqrt(dConv))),
    parameter(`${prefix}.norm.weight`, [dInner], constant(1)),
    parameter(`${prefix}.out_proj.weight`, [dOutput, dInner], uniform(1 / Math.sqrt(dInner))),
  ];
}

/** Softplus of it is log-uniform in 0.001–0.1. */
const dtBias = (u: number): number => inverseSoftplus(Math.exp(Math.log(0.001) + u * Math.log(0.1 / 0.001)));

/** Log of a uniform value in 1–16. */
const logUniform1To16 = (u: number): number => Math.log(1 + 15 * u);

/** x with ln(1 + e^x) = y. */
const inverseSoftplus = (y: number): number => y + Math.log(-Math.expm1(-y));
