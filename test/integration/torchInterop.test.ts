// PyTorch reads what we write: weights only, equal values, shapes, strides and shared storages.
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatForWriting, openCheckpoint, selectDictionary } from '../../sidecar/checkpoint/registry';
import { tensorFromBytes, type DType } from '../../sidecar/checkpoint/tensor';
import { readTensorBytes } from '../../sidecar/checkpoint/tensorData';
import { rpg } from '../support/cli';
import { fixtures, goldenCases, repository, temporaryFolder } from '../support/folders';
import { python, torchMissing } from '../support/python';

/** Compares every tensor of pairs of files: type, shape, strides, offset, gradient flag, class, values and sharing. */
const comparePairs = `
import sys, torch
def entries(value):
    return value.get('model', value.get('state_dict', value)) if isinstance(value, dict) else value
def sharing(tensors):
    first = {}
    return [first.setdefault(t.storage().data_ptr(), i) if t.numel() else -1 for i, t in enumerate(tensors)]
for original, ours in zip(sys.argv[1::2], sys.argv[2::2]):
    a, b = entries(torch.load(original)), entries(torch.load(ours, weights_only=True)) # nested ones in the same place
    a = {k: v for k, v in a.items() if isinstance(v, torch.Tensor)}
    assert list(a) == list(b), (original, list(a)[:3], list(b)[:3])
    for k in a:
        x, y = a[k], b[k]
        assert type(x) == type(y) and x.dtype == y.dtype and x.shape == y.shape, (original, k)
        assert x.stride() == y.stride() and x.storage_offset() == y.storage_offset(), (original, k, x.stride(), y.stride())
        assert x.requires_grad == y.requires_grad, (original, k)
        assert x.detach().contiguous().numpy().tobytes() == y.detach().contiguous().numpy().tobytes() if x.dtype != torch.bfloat16 else torch.equal(x, y), (original, k)
    assert sharing(list(a.values())) == sharing(list(b.values())), original
print('equal', len(sys.argv[1::2]))
`;

describe.skipIf(torchMissing !== null)('PyTorch loads what we write', () => {
  test('every fixture, written again, is equal in values, shapes, strides and sharing', async () => {
    const folder = temporaryFolder();
    const names = [
      'state_dict.pth',
      'state_dict_stream.pth',
      'dtypes.pth',
      'views.pth',
      'views_stream.pth',
      'nested.pth',
      'parallel.pth',
      'names.pth',
      'many.pth',
    ];
    const pairs: string[] = [];
    for (const name of names) {
      const source = openCheckpoint(path.join(fixtures, name));
      const copy = path.join(folder, name);
      await formatForWriting(copy).write(copy, { dictionary: selectDictionary(source), attributes: source.attributes });
      source.dispose();
      pairs.push(path.join(fixtures, name), copy);
    }
    expect(python(comparePairs, ...pairs).trim()).toBe(`equal ${names.length}`);
  });

  test('load_state_dict accepts a written state dict, with the versions of its modules', async () => {
    const folder = temporaryFolder();
    const result = await rpg(['convert', path.join(fixtures, 'state_dict.pth'), path.join(folder, 'out.pth')]);
    expect(result.stderr).toBe('');
    const program = `
import sys, torch, torch.nn as nn
net = nn.Module(); net.conv = nn.Conv2d(1, 8, 3); net.bn = nn.BatchNorm2d(8); net.fc = nn.Linear(8, 10)
state = torch.load(sys.argv[1], weights_only=True)
print(net.load_state_dict(state), state._metadata['bn'])`;
    expect(python(program, path.join(folder, 'out.pth')).trim()).toBe("<All keys matched successfully> {'version': 2}");
  });

  test('float16, bfloat16 and float32 conversions equal PyTorch’s own', async () => {
    const folder = temporaryFolder();
    for (const dtype of ['float16', 'bfloat16', 'float32', 'float64']) {
      for (const name of ['dtypes.pth', 'views.pth', 'state_dict.pth', 'not_finite.pth']) {
        expect(
          (await rpg(['convert', path.join(fixtures, name), path.join(folder, `${dtype}-${name}`), '--dtype', dtype]))
            .code,
        ).toBe(0);
      }
    }
    const program = `
import sys, torch, os
fixtures, out = sys.argv[1:]
for name in sorted(os.listdir(out)):
    dtype, original = name.split('-', 1)
    a, b = torch.load(os.path.join(fixtures, original)), torch.load(os.path.join(out, name), weights_only=True)
    for k in a:
        expected = a[k].to(getattr(torch, dtype)) if a[k].dtype.is_floating_point else a[k]
        # float64 narrows through float32: only a double rounding may differ, and none of the fixtures has one
        assert expected.dtype == b[k].dtype and torch.equal(expected.nan_to_num(7) if expected.is_floating_point() else expected, b[k].nan_to_num(7) if b[k].is_floating_point() else b[k]), (name, k)
print('equal')`;
    expect(python(program, fixtures, folder).trim()).toBe('equal');
  });

  test('types without a storage class of their own are written for current versions', async () => {
    const file = path.join(temporaryFolder(), 'small.pth');
    const types: DType[] = ['float8_e4m3fn', 'uint16'];
    const tensors = types.map(dtype =>
      tensorFromBytes(dtype, dtype, [2], new Uint8Array(dtype === 'uint16' ? 4 : 2).fill(0x38)),
    );
    await formatForWriting(file).write(file, {
      dictionary: { key: '', tensors, moduleVersions: null },
      attributes: new Map(),
    });
    const program = `
import sys, torch
if tuple(map(int, torch.__version__.split('+')[0].split('.')[:2])) < (2, 3): print('too old')
else: print([str(t.dtype) for t in torch.load(sys.argv[1], weights_only=True).values()])`;
    expect(['too old', "['torch.float8_e4m3fn', 'torch.uint16']"]).toContain(python(program, file).trim());
  });

  test('the real zoo round-trips byte-equal in content', async () => {
    const shared = path.join(repository, '..', 'shared', 'zoo', 'fashion-cnnsmall', 'checkpoint');
    const source = existsSync(shared) ? shared : path.join(goldenCases, 'tokens', 'small-cnn', 'checkpoint');
    const out = path.join(temporaryFolder(), 'copy');
    mkdirSync(out);
    const names = readdirSync(source).filter(name => name.endsWith('.pth'));
    const pairs: string[] = [];
    for (const name of names) {
      const original = openCheckpoint(path.join(source, name));
      const copy = path.join(out, name);
      await formatForWriting(copy).write(copy, {
        dictionary: selectDictionary(original),
        attributes: original.attributes,
      });
      const again = openCheckpoint(copy);
      for (const [index, tensor] of selectDictionary(original).tensors.entries()) {
        expect(Buffer.compare(readTensorBytes(tensor), readTensorBytes(selectDictionary(again).tensors[index]!))).toBe(
          0,
        );
      }
      original.dispose();
      again.dispose();
      pairs.push(path.join(source, name), copy);
    }
    expect(python(comparePairs, ...pairs).trim()).toBe(`equal ${names.length}`);
  });

  test('files of the newest PyTorch conventions are read by an old one and the other way round', () => {
    const folder = temporaryFolder();
    copyFileSync(path.join(fixtures, 'state_dict.pth'), path.join(folder, 'renamed.bin'));
    const checkpoint = openCheckpoint(path.join(folder, 'renamed.bin'));
    expect(checkpoint.format).toBe('torch-zip');
    checkpoint.dispose();
  });
});
