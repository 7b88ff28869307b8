// The 2,464-weight convolutional network of RPG's small-CNN experiments, on Fashion-MNIST.
import type { ZooRecipe } from './recipe';

const negativeSlope = 0.01;

export const fashionCnnSmall: ZooRecipe = {
  name: 'fashion-cnnsmall',
  title: 'Small CNN on Fashion-MNIST (2,464 weights)',
  fileTag: 'fashion_cnnsmall',
  dataset: 'fashion-mnist',
  network: {
    inputHeight: 28,
    inputWidth: 28,
    pixelMean: 0.286,
    pixelStd: 0.353,
    nClasses: 10,
    layers: [
      { kind: 'conv2d', inChannels: 1, outChannels: 8, kernelSize: 5 },
      { kind: 'maxPool2d' },
      { kind: 'leakyRelu', negativeSlope },
      { kind: 'conv2d', inChannels: 8, outChannels: 6, kernelSize: 5 },
      { kind: 'maxPool2d' },
      { kind: 'leakyRelu', negativeSlope },
      { kind: 'conv2d', inChannels: 6, outChannels: 4, kernelSize: 2 },
      { kind: 'leakyRelu', negativeSlope },
      { kind: 'flatten' },
      { kind: 'linear', inFeatures: 36, outFeatures: 20 },
      { kind: 'leakyRelu', negativeSlope },
      { kind: 'linear', inFeatures: 20, outFeatures: 10 },
    ],
  },
  schedule: {
    epochs: 20,
    batchSize: 64,
    learningRate: 3e-3,
    savingLearningRate: 1e-4,
    augmentation: { shift: 1, mirror: true },
  },
};
