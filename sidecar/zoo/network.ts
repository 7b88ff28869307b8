// Runs a zoo network on one image at a time: forward to the logits, backward to the gradient of every parameter. It owns
// the scratch memory of one thread; there is no batch dimension because small direct loops are fastest image by image.
import { argmax, crossEntropy, crossEntropyGradient, leakyReluBackward, leakyReluForward } from './layers/linear';
import { linearBackward, linearForward } from './layers/linear';
import { convBackward, convForward, createConvScratch, type ConvShape } from './layers/conv2d';
import { averagePoolBackward, averagePoolForward, maxPoolBackward, maxPoolForward } from './layers/pool';
import { featureShapes, networkParameters, parameterCount, pixelLevels, type NetworkSpec } from './networkSpec';
import { lanes, type SimdForward } from './simd/forward';
import { elementCount } from '../util/namedArrays';

/** A network with the scratch memory to run it. */
export interface Network {
  /** The current weights, flat, in state-dict order; set them, then call `forward`. */
  readonly parameters: Float64Array;
  /** Reads the pixels (inputHeight × inputWidth) from `at` and returns the logits (nClasses), valid until the next call. */
  forward(pixels: Uint8Array, at: number): Float64Array;
  /**
   * As `forward`, with the products of convolutions and linear layers taken from a lane of a SIMD run of the same image:
   * nine tenths of the arithmetic. The rest is done here, so that `backward` finds what it needs.
   */
  forwardFrom(simd: SimdForward, lane: number, pixels: Uint8Array, at: number): Float64Array;
  /** After `forward`: adds `scale` times the gradient of the cross entropy to `gradients`; returns the cross entropy. */
  backward(label: number, scale: number, gradients: Float64Array): number;
  /** After `forward`: the cross entropy in nats and the predicted class. */
  judge(label: number): { loss: number; predicted: number };
}

/** One layer bound to its buffers. */
interface BoundLayer {
  forward(): void;
  backward(gradients: Float64Array): void;
}

/** Binds a network to buffers of its own. *Memory* 16 bytes per activation. */
export function createNetwork(spec: NetworkSpec): Network {
  const shapes = featureShapes(spec);
  const parameters = new Float64Array(parameterCount(spec));
  const activations = shapes.map(shape => new Float64Array(elementCount(shape)));
  const activationGradients = shapes.map(shape => new Float64Array(elementCount(shape)));
  const levels = pixelLevels(spec);
  const offsets = new Map(networkParameters(spec).map(({ name, offset }) => [name, offset]));
  const firstTrainable = spec.layers.findIndex(layer => layer.kind === 'conv2d' || layer.kind === 'linear');
  const layers = spec.layers.map((_, index) => bind(index));
  const image = activations[0]!;
  const logits = activations.at(-1)!;

  function bind(index: number): BoundLayer {
    const layer = spec.layers[index]!;
    const shape = shapes[index]!;
    const input = activations[index]!;
    const output = activations[index + 1]!;
    const outputGradient = activationGradients[index + 1]!;
    const inputGradient = activationGradients[index]!;
    // Nothing below the first trainable layer wants a gradient.
    const wantedGradient = index > firstTrainable ? inputGradient : null;
    const weightAt = offsets.get(`${index}.weight`) ?? 0;
    const biasAt = offsets.get(`${index}.bias`) ?? 0;
    switch (layer.kind) {
      case 'conv2d': {
        const { inChannels, outChannels, kernelSize } = layer;
        const conv: ConvShape = { inChannels, inHeight: shape[1], inWidth: shape[2], outChannels, kernelSize };
        const scratch = createConvScratch(conv);
        return {
          forward: () => convForward(conv, input, parameters, weightAt, biasAt, output),
          backward: gradients =>
            convBackward(conv, input, parameters, weightAt, biasAt, outputGradient, gradients, wantedGradient, scratch),
        };
      }
      case 'linear':
        return {
          forward: () => linearForward(input, parameters, weightAt, biasAt, output),
          backward: gradients =>
            linearBackward(input, parameters, weightAt, biasAt, outputGradient, gradients, wantedGradient),
        };
      case 'maxPool2d': {
        const winners = new Int32Array(output.length);
        return {
          forward: () => maxPoolForward(shape, input, output, winners),
          backward: () => maxPoolBackward(outputGradient, winners, inputGradient),
        };
      }
      case 'averagePool2d':
        return {
          forward: () => averagePoolForward(shape, input, output),
          backward: () => averagePoolBackward(shape, outputGradient, inputGradient),
        };
      case 'leakyRelu':
        return {
          forward: () => leakyReluForward(layer.negativeSlope, input, output),
          backward: () => leakyReluBackward(layer.negativeSlope, input, outputGradient, inputGradient),
        };
      case 'flatten':
        return { forward: () => output.set(input), backward: () => inputGradient.set(outputGradient) };
      default:
        return layer satisfies never;
    }
  }

  return {
    parameters,
    forward(pixels, at) {
      for (let i = 0; i < image.length; i++) image[i] = levels[pixels[at + i]!]!;
      for (const layer of layers) layer.forward();
      return logits;
    },
    forwardFrom(simd, lane, pixels, at) {
      for (let i = 0; i < image.length; i++) image[i] = levels[pixels[at + i]!]!;
      for (const [index, layer] of layers.entries()) {
        const { kind } = spec.layers[index]!;
        if (kind === 'conv2d' || kind === 'linear') takeLane(simd.outputs[index]!, lane, activations[index + 1]!);
        else layer.forward();
      }
      return logits;
    },
    backward(label, scale, gradients) {
      crossEntropyGradient(logits, label, scale, activationGradients.at(-1)!);
      for (let index = layers.length - 1; index >= firstTrainable; index--) layers[index]!.backward(gradients);
      return crossEntropy(logits, label);
    },
    judge: label => ({ loss: crossEntropy(logits, label), predicted: argmax(logits) }),
  };
}

function takeLane(vectors: Float32Array, lane: number, output: Float64Array): void {
  for (let i = 0, from = lane; i < output.length; i++, from += lanes) output[i] = vectors[from]!;
}
