// Broken and forged files: one clear error each, naming file, value and remedy.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCheckpoint, selectDictionary } from '../../../sidecar/checkpoint/registry';
import { readTensorBytes } from '../../../sidecar/checkpoint/tensorData';
import { errorOf } from '../../support/errors';
import { fixtures, temporaryFolder } from '../../support/folders';

/** Writes bytes under a name and returns the error of opening them and reading every tensor. */
function errorOfFile(name: string, bytes: Uint8Array | string) {
  const file = path.join(temporaryFolder(), name);
  writeFileSync(file, bytes);
  return errorOf(() => readAll(file));
}

function readAll(file: string): void {
  const checkpoint = openCheckpoint(file);
  try {
    for (const dictionary of checkpoint.dictionaries)
      for (const tensor of dictionary.tensors) readTensorBytes(tensor, { limitBytes: 1 << 24 });
  } finally {
    checkpoint.dispose();
  }
}

const fixture = (name: string): Buffer => readFileSync(path.join(fixtures, name));

function safetensorsFile(header: unknown, dataBytes: number): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

describe('files that are no checkpoint', () => {
  test.each<[string, Uint8Array | string, string]>([
    ['empty.pth', '', 'empty'],
    ['text.pth', 'hello, I am a text file', 'begins with 68656c6c'],
    ['model.h5', Buffer.from([0x89, 0x48, 0x44, 0x46]), 'HDF5'],
    ['model.gguf', 'GGUF....', 'GGUF'],
    ['old.tar', Buffer.concat([Buffer.alloc(257), Buffer.from('ustar'), Buffer.alloc(300)]), 'tar'],
  ])('%s', (name, bytes, named) => {
    const error = errorOfFile(name, bytes);
    expect(error.code).toBe('not-a-checkpoint');
    expect(error.message).toContain(named);
  });

  test('a missing file says so', () => {
    expect(errorOf(() => openCheckpoint('/nowhere/x.pth')).message).toContain('does not exist');
  });

  test('a named pipe is refused instead of waited for', () => {
    const pipe = path.join(temporaryFolder(), 'pipe.pth');
    execFileSync('mkfifo', [pipe]);
    expect(errorOf(() => openCheckpoint(pipe)).message).toContain('not a regular file');
  });

  test('a zip archive of something else', () => {
    const folder = temporaryFolder();
    execFileSync('python3', [
      '-c',
      'import zipfile,sys; z=zipfile.ZipFile(sys.argv[1],"w"); z.writestr("a/readme.txt","hi"); z.close()',
      path.join(folder, 'a.pth'),
    ]);
    expect(errorOf(() => openCheckpoint(path.join(folder, 'a.pth'))).message).toContain('without data.pkl');
  });
});

describe('renamed files are read by content', () => {
  test('a torch file named .safetensors, a safetensors file named .pth', () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'a.safetensors'), fixture('state_dict.pth'));
    writeFileSync(
      path.join(folder, 'b.pth'),
      safetensorsFile({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, 8),
    );
    expect(() => readAll(path.join(folder, 'a.safetensors'))).not.toThrow();
    expect(() => readAll(path.join(folder, 'b.pth'))).not.toThrow();
  });
});

describe('torch archives', () => {
  test.each(['state_dict.pth', 'state_dict_stream.pth', 'views.pth'])('%s cut anywhere is refused', name => {
    const whole = fixture(name);
    for (let length = 1; length < whole.length; length += 37) {
      expect(errorOfFile('cut.pth', whole.subarray(0, length)).blame).toBe('user');
    }
  });

  test('a flipped bit in the pickle is found by its checksum', () => {
    const bytes = fixture('state_dict.pth');
    bytes[bytes.indexOf('conv.weight')]! ^= 1;
    expect(errorOfFile('x.pth', bytes).message).toContain('checksum of data.pkl');
  });

  test('an encrypted archive', () => {
    const bytes = fixture('state_dict.pth');
    for (let at = bytes.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 4, 'latin1'))
      bytes[at + 8]! |= 1;
    expect(errorOfFile('x.pth', bytes).message).toContain('encrypted');
  });

  test('a deflate bomb is refused by its size', () => {
    const file = path.join(temporaryFolder(), 'bomb.pth');
    execFileSync('python3', [
      '-c',
      'import zipfile,sys; z=zipfile.ZipFile(sys.argv[1],"w",zipfile.ZIP_DEFLATED); z.writestr("a/data.pkl",b"\\0"*(100<<20)); z.close()',
      file,
    ]);
    expect(errorOf(() => openCheckpoint(file)).message).toMatch(/over the limit/);
  });

  test('a file that shrinks while it is open', () => {
    const file = path.join(temporaryFolder(), 'x.pth');
    writeFileSync(file, fixture('many.pth'));
    const checkpoint = openCheckpoint(file);
    truncateSync(file, 1000);
    const tensor = selectDictionary(checkpoint).tensors.at(-1)!;
    expect(errorOf(() => readTensorBytes(tensor)).message).toContain('ended at byte');
    checkpoint.dispose();
  });

  test('a stride-0 view that claims terabytes is refused before memory is taken', () => {
    // views.pth holds `expanded` of shape (5, 3), strides (0, 1): the shape is forged to 5 → 2³¹ − 1.
    const forged = forgeExpandedShape(fixture('views_stream.pth'));
    expect(errorOfFile('x.pth', forged).code).toBe('over-limit');
  });
});

/** In the pickle, `K\x05K\x03\x86` is the tuple (5, 3); J is a four-byte integer. */
function forgeExpandedShape(bytes: Buffer): Buffer {
  const at = bytes.indexOf(Buffer.from([0x4b, 5, 0x4b, 3, 0x86]));
  return Buffer.concat([bytes.subarray(0, at), Buffer.from([0x4a, 0xff, 0xff, 0xff, 0x7f]), bytes.subarray(at + 2)]);
}

describe('safetensors', () => {
  const w = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  test.each<[string, Buffer, string]>([
    [
      'a header longer than the file',
      Buffer.concat([Buffer.from([255, 255, 0, 0, 0, 0, 0, 0]), Buffer.from('{}')]),
      'claims 65535 bytes',
    ],
    ['a header of exabytes', Buffer.concat([Buffer.alloc(8, 255), Buffer.from('{}')]), 'claims'],
    ['a header that is not JSON', safetensorsFile('{"w": ', 8), 'not JSON'],
    ['a header that is a list', safetensorsFile('[1]', 0), 'not a JSON object'],
    ['a hole', safetensorsFile({ w, v: { ...w, data_offsets: [12, 20] } }, 20), 'hole or overlap'],
    ['an overlap', safetensorsFile({ w, v: { ...w, data_offsets: [4, 12] } }, 12), 'hole or overlap'],
    ['trailing bytes', safetensorsFile({ w }, 9), 'it has 9'],
    ['a truncated buffer', safetensorsFile({ w }, 7), 'it has 7'],
    ['a shape that needs more', safetensorsFile({ w: { ...w, shape: [3] } }, 8), 'needs 12 bytes'],
    ['a negative length', safetensorsFile({ w: { ...w, shape: [-2] } }, 8), 'not counts'],
    ['a fractional length', safetensorsFile({ w: { ...w, shape: [1.5] } }, 8), 'not counts'],
    ['a shape beyond integers', safetensorsFile({ w: { ...w, shape: [2 ** 40, 2 ** 40] } }, 8), 'needs'],
    ['an unknown type', safetensorsFile({ w: { ...w, dtype: 'F128' } }, 8), 'F128'],
    ['metadata that is no text', safetensorsFile({ __metadata__: { a: 1 }, w }, 8), '__metadata__.a'],
    ['an entry that is a number', safetensorsFile({ w: 5 }, 0), 'not an object'],
  ])('%s', (_title, bytes, named) => {
    const error = errorOfFile('x.safetensors', bytes);
    expect(error.blame).toBe('user');
    expect(error.message).toContain(named);
  });
});

test('an adapter folder without its tensors', () => {
  const folder = path.join(temporaryFolder(), 'adapter');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'adapter_config.json'), '{}');
  expect(errorOf(() => openCheckpoint(folder)).message).toContain('adapter_model.safetensors');
});

test('control characters in names never reach the terminal', () => {
  const error = errorOfFile(
    'x.safetensors',
    safetensorsFile({ 'w\u001b[31m': { dtype: 'F32', shape: [3], data_offsets: [0, 8] } }, 8),
  );
  expect(error.message).not.toContain('\u001b');
  expect(error.message).toContain('\\u001b');
});
