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
  // Test accuracy, seed 20: 0.8652 here; 0.8624 while saving at 1e-4, then 0.853 with batches of 64, 0.852 also at 3e-3.
  // Saving at 2e-4 leaves neighbours as far apart as in the published zoo (median L2 to the nearest 0.0056, there 0.0062).
  // Moving (±1 pixel) and mirroring the images cost 1.5 points: 2,464 weights have no room for it.
  schedule: { epochs: 20, batchSize: 128, learningRate: 1e-2, savingLearningRate: 2e-4 },
};
