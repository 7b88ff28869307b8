// What each recurrent model stores, under the published names.
import type { MambaLayerSpec, RecurrentSpec } from './modelSpec';
import { affine, constant, normEntries, parameter, uniform, type ParameterEntry } from './parameterEntry';

/** Entries of the recurrent model, in the published order. */
export function recurrentEntries(recurrent: RecurrentSpec): ParameterEntry[] {
  switch (recurrent.kind) {
    case 'mamba':
      return recurrent.layers.flatMap((layer, n) => mambaEntries(`model.mamba_forward.${n}`, layer));
    case 'lstm':
      return layers(recurrent.nLayers, n => lstmEntries(n, recurrent.dModel));
    case 'transformer':
      return layers(recurrent.nLayers, n => transformerEntries(`model.transformer_forward.layers.${n}`, recurrent));
    case 'gmlp':
      return layers(recurrent.nLayers, n => gmlpEntries(`model.gmlp_forward.${n}`, recurrent));
    default:
      return recurrent satisfies never;
  }
}

function layers(n: number, entries: (n: number) => ParameterEntry[]): ParameterEntry[] {
  return Array.from({ length: n }, (_, i) => entries(i)).flat();
}

function mambaEntries(prefix: string, layer: MambaLayerSpec): ParameterEntry[] {
  const { dModel, dOutput, dInner, dState, dConv, nHeads } = layer;
  const convolved = dInner + 2 * dState; // x, B and C
  return [
    parameter(`${prefix}.dt_bias`, [nHeads], { kind: 'dtBias' }),
    parameter(`${prefix}.A_log`, [nHeads], { kind: 'logUniform1To16' }),
    parameter(`${prefix}.D`, [nHeads], constant(1)),
    parameter(`${prefix}.in_proj.weight`, [dInner + convolved + nHeads, dModel], uniform(1 / Math.sqrt(dModel))),
    parameter(`${prefix}.conv1d.weight`, [convolved, 1, dConv], uniform(1 / Math.sqrt(dConv))),
    parameter(`${prefix}.conv1d.bias`, [convolved], uniform(1 / Math.sqrt(dConv))),
    parameter(`${prefix}.norm.weight`, [dInner], constant(1)),
    parameter(`${prefix}.out_proj.weight`, [dOutput, dInner], uniform(1 / Math.sqrt(dInner))),
  ];
}

function lstmEntries(n: number, dModel: number): ParameterEntry[] {
  const prefix = 'model.lstm_forward';
  const initial = uniform(1 / Math.sqrt(dModel));
  return [
    parameter(`${prefix}.weight_ih_l${n}`, [4 * dModel, dModel], initial),
    parameter(`${prefix}.weight_hh_l${n}`, [4 * dModel, dModel], initial),
    parameter(`${prefix}.bias_ih_l${n}`, [4 * dModel], initial),
    parameter(`${prefix}.bias_hh_l${n}`, [4 * dModel], initial),
  ];
}

function transformerEntries(
  prefix: string,
  { dModel, nHeads, dimHead, dimFeedforward }: Extract<RecurrentSpec, { kind: 'transformer' }>,
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

function gmlpEntries(prefix: string, { dModel, expand }: Extract<RecurrentSpec, { kind: 'gmlp' }>): ParameterEntry[] {
  const dInner = expand * dModel;
  return [
    parameter(`${prefix}.proj_1.weight`, [dInner, dModel], uniform(1 / Math.sqrt(dModel))),
    parameter(`${prefix}.proj_2.weight`, [dInner, dModel], uniform(1 / Math.sqrt(dModel))),
    ...affine(`${prefix}.proj_3`, dModel, dInner),
    ...normEntries(`${prefix}.layer_norm`, dModel),
  ];
}
