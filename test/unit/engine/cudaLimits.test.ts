import { expect, it } from 'vitest';
import { unsupportedSizes } from '../../../sidecar/engine/cuda/limits';
import type { RecurrentSpec } from '../../../sidecar/model/recurrent/registry';
import { mambaLayer, tinySpec } from '../../support/specs';

const mamba = (change: object): RecurrentSpec => {
  const layer = { ...mambaLayer(64), headDim: 64, nHeads: 2 };
  return { kind: 'mamba', layers: [layer, { ...layer, ...change }] };
};

it.each([
  [{}, null],
  [{ headDim: 32 }, 'Mamba-2 heads of 32; its kernels know 64'],
  [{ dState: 129 }, 'recurrent.dState 129; its kernels know up to 128'],
  [{ dConv: 5 }, 'recurrent.dConv 5; its kernels know up to 4'],
])('the CUDA engine says of a Mamba-2 layer with %j: %s', (change, said) => {
  expect(unsupportedSizes(tinySpec({ recurrent: mamba(change) }), 'float32')).toBe(said);
});

it.each<RecurrentSpec>([
  { kind: 'lstm', dModel: 6, nLayers: 1 },
  { kind: 'transformer', dModel: 6, nLayers: 1, nHeads: 2, dimHead: 3, dimFeedforward: 5 },
  { kind: 'gmlp', dModel: 6, nLayers: 1, expand: 2 },
])('the CUDA engine runs a $kind of any size', recurrent => {
  expect(unsupportedSizes(tinySpec({ recurrent }), 'float32')).toBeNull();
});
