// How far a network's weights are from the nearest original in the space in which noise is added: an original with noise of 0.03
// on its normalised weights is at 0.03, so that any distance can be read as noise.
import { meanOfKnown } from '../statistics';
import { fixed } from '../words';
import type { Metric } from './metric';

const id = 'weightNoise';
const column = {
  id: 'weight-noise',
  title: 'As noise',
  name: 'nearest distance as noise',
  help: 'Root mean square distance to the nearest original in normalised weights: what noise of that level would be at',
  format: fixed(3),
} as const;

export const weightNoise: Metric = {
  id,
  ofNetwork: network => ({ metrics: { [id]: network.weightNoise } }),
  ofGroup: ({ networks }) => ({ metrics: { [id]: meanOfKnown(networks.map(({ metrics }) => metrics?.[id] ?? null)) } }),
  networkColumns: [{ ...column, value: ({ metrics }) => metrics?.[id] ?? null }],
  rowColumns: [{ ...column, section: 'similarity', value: ({ metrics }) => metrics?.[id] ?? null }],
};
