// The pickle codec: what is written is read back the same; streams that lie are refused cheaply.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeLong, readPickle, TruncatedPickle } from '../../../sidecar/checkpoint/pickleReader';
import { PyBytes, PyFloat, PyOrderedDict, PySet, PyTuple } from '../../../sidecar/checkpoint/pickleValues';
import { PickleWriter } from '../../../sidecar/checkpoint/pickleWriter';
import { errorOf } from '../../support/errors';

const read = (bytes: Uint8Array): unknown => readPickle(bytes, { path: 'x.pth' }).value;
function write(value: unknown): Buffer {
  const writer = new PickleWriter();
  writer.value(value);
  return writer.finish();
}

const pythonValue = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'grapheme' }).filter(text => text.isWellFormed()),
    fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }).map(exact),
    fc.double({ noNaN: true }).map(value => (Number.isInteger(value) ? new PyFloat(value) : value)),
    fc.uint8Array().map(data => new PyBytes(data)),
    fc.array(tie('value')),
    fc.array(tie('value')).map(items => new PyTuple(items)),
    fc.array(tie('value')).map(items => new PySet(items)),
    fc.array(fc.tuple(fc.string({ unit: 'grapheme-ascii' }), tie('value'))).map(entries => new Map(entries)),
    fc.array(fc.tuple(fc.string({ unit: 'grapheme-ascii' }), tie('value'))).map(entries => new PyOrderedDict(entries)),
  ),
})).value;

function exact(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

describe('round trip', () => {
  test('any value of the types torch saves comes back the same', () => {
    fc.assert(
      fc.property(pythonValue, value => {
        expect(read(write(value))).toStrictEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  test('equal values give equal bytes', () => {
    fc.assert(
      fc.property(pythonValue, value => {
        expect(write(value).equals(write(value))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test.each([0n, 1n, -1n, 127n, 128n, -128n, -129n, 255n, 256n, 2n ** 63n, -(2n ** 63n), 2n ** 64n])(
    'integer %s',
    value => {
      expect(read(write(value))).toBe(exact(value));
    },
  );

  test('LONG1 of no bytes is zero', () => expect(decodeLong(new Uint8Array())).toBe(0));

  test('a value used twice is written once', () => {
    const shared = ['x'.repeat(1000)];
    const twice = read(write([shared, shared])) as unknown[];
    expect(twice[0]).toBe(twice[1]);
  });
});

describe('hostile streams', () => {
  const stream = (...parts: (number[] | string | Buffer)[]): Buffer =>
    Buffer.concat(parts.map(part => Buffer.from(part as string)));

  test.each<[string, Buffer, string]>([
    ['calls a function', stream([0x80, 2], 'cos\nsystem\n', [0x58, 2, 0, 0, 0], 'ls', [0x85, 0x52, 0x2e]), 'os.system'],
    ['names a class by STACK_GLOBAL', stream([0x80, 4, 0x8c, 2], 'os', [0x8c, 6], 'system', [0x93, 0x2e]), 'os.system'],
    ['pops an empty stack', stream([0x80, 2, 0x30, 0x2e]), 'stack'],
    ['closes a mark it never opened', stream([0x80, 2, 0x74, 0x2e]), 'never opened'],
    ['recalls what it never stored', stream([0x80, 2, 0x68, 7, 0x2e]), 'memo 7'],
    ['has an unknown opcode', stream([0x80, 2, 0xff]), '0xff'],
    ['has text that is not UTF-8', stream([0x80, 2, 0x58, 1, 0, 0, 0, 0xff, 0x2e]), 'UTF-8'],
    ['hashes a list', stream([0x80, 2, 0x7d, 0x5d, 0x4e, 0x73, 0x2e]), 'hashed'],
    ['announces an absurd string', stream([0x80, 2, 0x8d, 0, 0, 0, 0, 0, 1, 0, 0]), 'bytes'],
    ['opens marks for ever', Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(100_000, 0x28)]), 'nesting'],
    ['builds on a list', stream([0x80, 2, 0x5d, 0x7d, 0x62, 0x2e]), 'OrderedDict'],
    ['uses a persistent id outside of a checkpoint', stream([0x80, 2, 0x4e, 0x51, 0x2e]), 'persistent'],
  ])('%s', (_title, bytes, named) => {
    expect(errorOf(() => read(bytes)).message).toContain(named);
  });

  test('an endless stream is cut off by its work, not by memory', () => {
    const bytes = Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(6_000_000, 0x5d)]);
    expect(errorOf(() => read(bytes)).code).toBe('over-limit');
  });

  test('copying one long list again and again counts as work', () => {
    const list = Buffer.concat([
      Buffer.from([0x5d, 0x71, 0, 0x28]),
      Buffer.alloc(100_000, 0x29),
      Buffer.from([0x65, 0x30]),
    ]);
    const call = Buffer.concat([Buffer.from('ccollections\nOrderedDict\n'), Buffer.from([0x68, 0, 0x85, 0x52, 0x30])]);
    const pairless = Buffer.concat([Buffer.from([0x80, 2]), list, ...Array.from({ length: 1000 }, () => call)]);
    expect(['damaged-file', 'over-limit']).toContain(errorOf(() => read(pairless)).code);
  });

  test('a stream cut anywhere says so', () => {
    const whole = write([1, 'two', new PyTuple([3, new PyFloat(4)]), new Map([['five', 2n ** 70n]])]);
    for (let length = 0; length < whole.length; length++) {
      expect(() => read(whole.subarray(0, length))).toThrow(TruncatedPickle);
    }
  });
});
