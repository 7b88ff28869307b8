// Tiny networks and images for tests of the zoo: a few hundred pixels, every kind of layer, no side square.
import type { LabelledImages } from '../../sidecar/zoo/imageData';
import type { NetworkSpec } from '../../sidecar/zoo/networkSpec';
import { seededRandom } from '../../sidecar/util/seededRandom';

/** 13 × 11 pixels, three classes, every layer kind; channel counts that fill no block of four. */
export const tinyNetwork: NetworkSpec = {
  inputHeight: 13,
  inputWidth: 11,
  pixelMean: 0.4,
  pixelStd: 0.3,
  nClasses: 3,
  layers: [
    { kind: 'conv2d', inChannels: 1, outChannels: 5, kernelSize: 2 },
    { kind: 'maxPool2d' },
    { kind: 'leakyRelu', negativeSlope: 0.1 },
    { kind: 'conv2d', inChannels: 5, outChannels: 2, kernelSize: 3 },
    { kind: 'averagePool2d' },
    { kind: 'flatten' },
    { kind: 'linear', inFeatures: 4, outFeatures: 7 },
    { kind: 'leakyRelu', negativeSlope: 0.1 },
    { kind: 'linear', inFeatures: 7, outFeatures: 3 },
  ],
};

/** Images whose class is where their bright band lies, so that a network can learn them. */
export function bandImages(count: number, spec: NetworkSpec, seed: number): LabelledImages {
  const { inputHeight: height, inputWidth: width, nClasses } = spec;
  const random = seededRandom(seed);
  const pixels = new Uint8Array(new SharedArrayBuffer(count * height * width));
  const labels = new Uint8Array(new SharedArrayBuffer(count));
  for (let image = 0; image < count; image++) {
    const label = random.integer(nClasses);
    labels[image] = label;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const isBand = Math.floor((y * nClasses) / height) === label;
        pixels[(image * height + y) * width + x] = random.integer(100) + (isBand ? 155 : 0);
      }
  }
  return { count, height, width, pixels, labels };
}
