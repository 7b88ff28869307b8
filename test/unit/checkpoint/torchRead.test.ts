// Files PyTorch wrote are read exactly as PyTorch reads them; files with more than tensors are refused by name.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCheckpoint, selectDictionary } from '../../../sidecar/checkpoint/registry';
import { readTensorBytes } from '../../../sidecar/checkpoint/tensorData';
import { errorOf } from '../../support/errors';
import { fixtures } from '../../support/folders';

interface ExpectedTensor {
  dtype: string;
  shape: number[];
  stride: number[];
  hex: string;
  parameter: boolean;
  requires_grad: boolean;
}
const expected = JSON.parse(readFileSync(path.join(fixtures, 'expected.json'), 'utf8')) as Record<
  string,
  Record<string, ExpectedTensor>
>;

describe('what PyTorch saved', () => {
  test.each(Object.entries(expected))(
    '%s: every tensor has PyTorch’s values, type, shape and strides',
    (name, tensors) => {
      const checkpoint = openCheckpoint(path.join(fixtures, name));
      const found: Record<string, ExpectedTensor> = {};
      for (const dictionary of checkpoint.dictionaries) {
        for (const tensor of dictionary.tensors) {
          const prefix = dictionary.key === '' ? '' : `/${dictionary.key.replaceAll('.', '/')}`;
          const key = name === 'tensor.pth' ? '' : `${prefix}/${tensor.name}`;
          const { dtype, isParameter, requiresGrad } = tensor;
          const hex = Buffer.from(readTensorBytes(tensor)).toString('hex');
          found[key] = {
            dtype,
            shape: [...tensor.shape],
            stride: [...tensor.strides],
            hex,
            parameter: isParameter,
            requires_grad: requiresGrad,
          };
        }
      }
      checkpoint.dispose();
      expect(found).toEqual(tensors);
    },
  );

  test('a nested checkpoint offers the network before the optimizer', () => {
    const checkpoint = openCheckpoint(path.join(fixtures, 'nested.pth'));
    expect(selectDictionary(checkpoint).key).toBe('model');
    expect(checkpoint.dictionaries.map(dictionary => dictionary.key)).toContain('optimizer.state.0');
    expect(checkpoint.notes.join()).toContain('best_acc');
    checkpoint.dispose();
  });

  test('views of one storage share it', () => {
    const checkpoint = openCheckpoint(path.join(fixtures, 'views.pth'));
    const tensors = new Map(selectDictionary(checkpoint).tensors.map(tensor => [tensor.name, tensor]));
    expect(tensors.get('view')!.storage).toBe(tensors.get('base')!.storage);
    expect(tensors.get('scalar')!.storage).not.toBe(tensors.get('base')!.storage);
    checkpoint.dispose();
  });

  test('the fixtures are all here', () => {
    expect(readdirSync(fixtures).filter(name => name.endsWith('.pth') || name.endsWith('.pt')).length).toBe(
      Object.keys(expected).length + 5,
    );
  });
});

describe('what is refused', () => {
  test.each([
    ['refused_call.pth', 'forbidden-global', 'posix.system'],
    ['refused_module.pth', 'forbidden-global', '__main__.Net'],
    ['refused_sparse.pth', 'forbidden-global', '_rebuild_sparse_tensor'],
    ['refused_quantised.pth', 'forbidden-global', '_rebuild_qtensor'],
    ['refused_torchscript.pt', 'unsupported-content', 'TorchScript'],
  ])('%s: %s, naming %s', (name, code, named) => {
    const error = errorOf(() => openCheckpoint(path.join(fixtures, name)));
    expect(error.blame).toBe('user');
    expect(error.message).toContain(named);
    expect(error.message).toContain(name);
    expect(error.code).toBe(code);
  });
});
