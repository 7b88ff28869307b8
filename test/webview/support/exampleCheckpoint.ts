// Reports of checkpoints as the host posts them.
import type { CheckpointState } from '../../../protocol/checkpointView';
import type { TensorRecord } from '../../../protocol/checkpoints';

const types = ['float32', 'bfloat16', 'int64'] as const;

const exampleTensor = (index: number): TensorRecord => {
  const dtype = types[index % 7 === 6 ? 2 : index % 5 === 4 ? 1 : 0];
  return {
    name: `layers.${index}.self_attention.weight`,
    dtype,
    shape: index % 3 === 0 ? [64, 3, 7, 7] : [64],
    sizeBytes: 256 * (1 + (index % 11)),
    sharedStorage: index < 2 ? 1 : null,
    summary:
      dtype === 'int64'
        ? null
        : {
            mean: 0.001 * index,
            std: 0.1,
            min: -0.5,
            max: 0.5,
            nNaN: index === 3 ? 2 : 0,
            nInfinite: 0,
            nZero: 5,
            histogram: Array.from({ length: 32 }, (_, bin) => Math.round(1000 * Math.exp(-(((bin - 15) / 6) ** 2)))),
          },
  };
};

export const exampleCheckpoint = (nTensors: number): CheckpointState => ({
  kind: 'ready',
  statistics: 'yes',
  report: {
    kind: 'checkpoint',
    path: '/zoo/checkpoint/resnet18_0001_acc0.9530_seed0001.pth',
    format: 'PyTorch (zip)',
    sizeBytes: 46.8e6,
    dictionaries: [
      { key: 'model', nTensors, nElements: 11_689_512, sizeBytes: 46e6 },
      { key: 'ema', nTensors: 122, nElements: 11_689_512, sizeBytes: 46e6 },
    ],
    key: 'model',
    tensors: Array.from({ length: nTensors }, (_, index) => exampleTensor(index)),
    attributes: { epoch: '12' },
    notes: ['Two tensors share their storage.'],
    problems: ['layers.3.self_attention.weight holds 2 values that are not numbers.'],
  },
});
