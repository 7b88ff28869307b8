// What a zoo network *is*: a sequence of layers, named the way PyTorch's nn.Sequential names them, so that a trained state
// dict loads there. Small feed-forward classifiers only; no branches, no normalisation layers.
import { elementCount, type NamedArrays } from '../util/namedArrays';
import { internalError, userError, type RpgError } from '../util/rpgError';
import type { Random } from '../util/seededRandom';

/** One entry of the sequence. Convolutions have stride 1 and no padding; pools are 2×2 with stride 2. */
export type Layer =
  | { kind: 'conv2d'; inChannels: number; outChannels: number; kernelSize: number }
  | { kind: 'maxPool2d' }
  | { kind: 'averagePool2d' }
  | { kind: 'leakyRelu'; negativeSlope: number }
  | { kind: 'flatten' }
  | { kind: 'linear'; inFeatures: number; outFeatures: number };

/** A classifier of grey images. */
export interface NetworkSpec {
  readonly inputHeight: number;
  readonly inputWidth: number;
  /** A pixel p becomes (p / 255 - mean) / std, in float32 as PyTorch computes it. */
  readonly pixelMean: number;
  readonly pixelStd: number;
  readonly nClasses: number;
  readonly layers: readonly Layer[];
}

/** (channels, height, width); after `flatten` (features, 1, 1). */
export type FeatureShape = readonly [channels: number, height: number, width: number];

/** A trainable tensor of the network. */
export interface NetworkParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** First value inside the flat parameter vector. */
  readonly offset: number;
  /** Inputs that feed one output: the range of initial values is ±1/√fanIn. */
  readonly fanIn: number;
}

/** Shapes before layer 0, and after every layer. Errors internal: a layer does not fit its input. */
export function featureShapes(spec: NetworkSpec): FeatureShape[] {
  const shapes: FeatureShape[] = [[1, spec.inputHeight, spec.inputWidth]];
  for (const [index, layer] of spec.layers.entries()) shapes.push(outputShape(layer, shapes[index]!, index));
  return shapes;
}

function outputShape(layer: Layer, input: FeatureShape, index: number): FeatureShape {
  const [channels, height, width] = input;
  switch (layer.kind) {
    case 'conv2d': {
      const shrink = layer.kernelSize - 1;
      if (channels !== layer.inChannels || Math.min(height, width) <= shrink)
        throw doesNotFit(layer.kind, input, index);
      return [layer.outChannels, height - shrink, width - shrink];
    }
    case 'maxPool2d':
    case 'averagePool2d':
      if (Math.min(height, width) < 2) throw doesNotFit(layer.kind, input, index);
      return [channels, Math.floor(height / 2), Math.floor(width / 2)];
    case 'leakyRelu':
      return input;
    case 'flatten':
      return [elementCount(input), 1, 1];
    case 'linear':
      if (channels !== layer.inFeatures || height !== 1 || width !== 1) throw doesNotFit(layer.kind, input, index);
      return [layer.outFeatures, 1, 1];
    default:
      return layer satisfies never;
  }
}

/** The network's parameters in state-dict order: `0.weight`, `0.bias`, `3.weight`, … */
export function networkParameters(spec: NetworkSpec): NetworkParameter[] {
  const parameters: NetworkParameter[] = [];
  let offset = 0;
  const add = (name: string, shape: readonly number[], fanIn: number): void => {
    parameters.push({ name, shape, offset, fanIn });
    offset += elementCount(shape);
  };
  for (const [index, layer] of spec.layers.entries()) {
    if (layer.kind === 'conv2d') {
      const { inChannels, outChannels, kernelSize: k } = layer;
      add(`${index}.weight`, [outChannels, inChannels, k, k], inChannels * k * k);
      add(`${index}.bias`, [outChannels], inChannels * k * k);
    } else if (layer.kind === 'linear') {
      add(`${index}.weight`, [layer.outFeatures, layer.inFeatures], layer.inFeatures);
      add(`${index}.bias`, [layer.outFeatures], layer.inFeatures);
    }
  }
  return parameters;
}

/** Number of weights of the network. */
export function parameterCount(spec: NetworkSpec): number {
  return networkParameters(spec).reduce((count, { shape }) => count + elementCount(shape), 0);
}

/** PyTorch's default initial values: uniform in ±1/√fanIn for weights and biases alike. *Shapes* (parameterCount). */
export function initialParameters(spec: NetworkSpec, random: Random): Float64Array {
  const values = new Float64Array(parameterCount(spec));
  for (const { shape, offset, fanIn } of networkParameters(spec)) {
    const bound = 1 / Math.sqrt(fanIn);
    for (let i = 0; i < elementCount(shape); i++) values[offset + i] = (2 * random.uniform() - 1) * bound;
  }
  return values;
}

/** A flat parameter vector as a state dict, rounded to float32. */
export function toStateDict(spec: NetworkSpec, values: ArrayLike<number>): NamedArrays {
  return new Map(
    networkParameters(spec).map(({ name, shape, offset }) => {
      const data = Float32Array.from({ length: elementCount(shape) }, (_, i) => values[offset + i]!);
      return [name, { shape, data }];
    }),
  );
}

/**
 * A state dict as a flat parameter vector. *Shapes* (parameterCount).
 * *Errors* user: a tensor is missing, superfluous, or has another shape.
 */
export function fromStateDict(spec: NetworkSpec, state: NamedArrays, title: string): Float32Array {
  const parameters = networkParameters(spec);
  const values = new Float32Array(parameterCount(spec));
  for (const { name, shape, offset } of parameters) {
    const found = state.get(name);
    const wanted = shape.join('×');
    if (found === undefined) throw notThisNetwork(title, `${name} (${wanted}) is missing`);
    if (found.shape.join('×') !== wanted)
      throw notThisNetwork(title, `${name} is ${found.shape.join('×')}, not ${wanted}`);
    values.set(found.data, offset);
  }
  const extra = [...state.keys()].filter(name => !parameters.some(parameter => parameter.name === name));
  if (extra.length > 0) throw notThisNetwork(title, `${extra.join(', ')} does not belong to it`);
  return values;
}

/** Whether a state dict's names and shapes are exactly this network's, in any order. */
export function isStateDictOf(spec: NetworkSpec, state: NamedArrays): boolean {
  const parameters = networkParameters(spec);
  return (
    parameters.length === state.size &&
    parameters.every(({ name, shape }) => state.get(name)?.shape.join('×') === shape.join('×'))
  );
}

/** The value each of the 256 pixel levels takes at the network's input, rounded after every step as float32 does. */
export function pixelLevels(spec: NetworkSpec): Float64Array {
  const f = Math.fround;
  return Float64Array.from({ length: 256 }, (_, p) => f(f(f(p / 255) - f(spec.pixelMean)) / f(spec.pixelStd)));
}

function doesNotFit(kind: string, input: FeatureShape, index: number): RpgError {
  return internalError('network-layer-does-not-fit', `layer ${index} (${kind}) cannot read (${input.join(', ')})`);
}

function notThisNetwork(title: string, problem: string): RpgError {
  return userError(
    'not-this-network',
    `the checkpoint is not a ${title} network: ${problem}; test it with its own test command instead`,
  );
}
