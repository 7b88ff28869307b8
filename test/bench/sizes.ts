// Published model sizes, as the engine sees them (method.md, section 4).
import type { ModelSpec } from '../../sidecar/model/modelSpec';

interface Size {
  nTokens: number;
  width: number;
  dState: number;
  batchSize: number;
  rowsPerStep: number;
}

function mamba({ nTokens, width, dState, batchSize, rowsPerStep }: Size): ModelSpec {
  const dInner = 2 * width;
  const layer = { dModel: width, dOutput: width, dInner, dState, dConv: 4, headDim: 64, nHeads: dInner / 64 };
  return {
    nTokens,
    dimPerToken: width,
    dModel: width,
    dPrototype: width,
    recurrent: { kind: 'mamba', layers: [layer, layer] },
    condition: { kind: 'none', dCondition: 1, taskBits: 10 },
    nPermutation: 50,
    usePermutationState: true,
    denoiser: { layerChannels: [1, 32, 64, 128, 64, 32, 1], kernelSize: 7 },
    diffusion: { T: 1000, betaStart: 1e-4, betaEnd: 0.02 },
    trainPositionEmbedding: false,
    batchSize,
    rowsPerStep,
  };
}

export const benchSizes: Readonly<Record<string, ModelSpec | undefined>> = {
  cnnsmall: mamba({ nTokens: 19, width: 256, dState: 32, batchSize: 8, rowsPerStep: 152 }),
  /** ResNet-18 on CIFAR-10, the published quick start. */
  quickstart: mamba({ nTokens: 1448, width: 8192, dState: 128, batchSize: 8, rowsPerStep: 512 }),
};
