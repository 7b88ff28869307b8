// A multilayer perceptron of 7,002 weights on Fashion-MNIST pooled to 14×14: the quickest zoo to train.
import type { ZooRecipe } from './recipe';

const negativeSlope = 0.01;

export const fashionMlp: ZooRecipe = {
  name: 'fashion-mlp',
  title: 'Small MLP on 14×14 Fashion-MNIST (7,002 weights)',
  fileTag: 'fashion_mlp',
  dataset: 'fashion-mnist',
  network: {
    inputHeight: 28,
    inputWidth: 28,
    pixelMean: 0.286,
    pixelStd: 0.353,
    nClasses: 10,
    layers: [
      { kind: 'averagePool2d' },
      { kind: 'flatten' },
      { kind: 'linear', inFeatures: 196, outFeatures: 32 },
      { kind: 'leakyRelu', negativeSlope },
      { kind: 'linear', inFeatures: 32, outFeatures: 16 },
      { kind: 'leakyRelu', negativeSlope },
      { kind: 'linear', inFeatures: 16, outFeatures: 10 },
    ],
  },
  schedule: { epochs: 20, batchSize: 128, learningRate: 3e-3, savingLearningRate: 2e-4 },
};
