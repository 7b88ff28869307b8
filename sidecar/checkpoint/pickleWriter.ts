// Writes pickle protocol 2 with only the opcodes torch's weights-only unpickler accepts, old and new versions alike.
// Equal strings and globals are memoised, so files stay small and equal inputs give equal bytes.
import { internalError } from '../util/rpgError';
import { PyBytes, PyCall, PyFloat, PyGlobal, PyOrderedDict, PySet, PyTuple } from './pickleValues';

/** Writes a value of a type the caller knows; returns false for all others. */
export type CustomWriter = (value: object, writer: PickleWriter) => boolean;

const batch = 1000; // items per APPENDS or SETITEMS, as CPython writes them

export class PickleWriter {
  private bytes = Buffer.allocUnsafe(1 << 16);
  private length = 0;
  private memoCount = 0;
  private readonly memo = new Map<unknown, number>();

  constructor(private readonly custom?: CustomWriter) {
    this.opcode(0x80, 2);
  }

  /** The finished pickle. */
  finish(): Buffer {
    this.opcode(0x2e);
    return this.bytes.subarray(0, this.length);
  }

  value(value: unknown): void {
    if (value === null || value === undefined) this.opcode(0x4e);
    else if (typeof value === 'boolean') this.opcode(value ? 0x88 : 0x89);
    else if (typeof value === 'string') this.string(value);
    else if (typeof value === 'bigint') this.integer(value);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'object') this.object(value);
    else throw internalError('cannot-pickle', `a ${typeof value} cannot be pickled`);
  }

  private object(value: object): void {
    if (value instanceof PyFloat) this.float(value.value);
    else if (value instanceof PyTuple) this.tuple(value.items);
    else if (value instanceof PyGlobal) this.global(value.module, value.name);
    else if (value instanceof PyCall) this.call(value.callee, value.args);
    else if (value instanceof PyBytes) this.call(codecsEncode, [Buffer.from(value.data).toString('latin1'), 'latin1']);
    else if (value instanceof PySet) this.call(builtinSet, [value.items]);
    else if (this.custom?.(value, this) || this.recall(value)) return;
    else if (value instanceof PyOrderedDict) this.orderedDict(value);
    else if (value instanceof Map) {
      this.opcode(0x7d);
      this.memoise(value);
      this.setItems(value);
    } else if (Array.isArray(value)) this.list(value);
    else throw internalError('cannot-pickle', `a ${value.constructor.name} cannot be pickled`);
  }

  string(text: string): void {
    const key = `text:${text}`;
    if (this.recall(key)) return;
    const utf8 = Buffer.from(text, 'utf8');
    this.opcode(0x58);
    this.uint32(utf8.length);
    this.append(utf8);
    this.memoise(key);
  }

  integer(value: number | bigint): void {
    if (value >= 0 && value < 256) this.opcode(0x4b, Number(value));
    else if (value >= 0 && value < 65536) this.opcode(0x4d, Number(value) & 255, Number(value) >> 8);
    else if (value >= -(2 ** 31) && value < 2 ** 31) {
      this.opcode(0x4a);
      this.reserve(4);
      this.length = this.bytes.writeInt32LE(Number(value), this.length);
    } else {
      const digits = longBytes(BigInt(value));
      this.opcode(0x8a, digits.length, ...digits);
    }
  }

  private number(value: number): void {
    if (Number.isInteger(value)) this.integer(value);
    else this.float(value);
  }

  float(value: number): void {
    this.opcode(0x47);
    this.reserve(8);
    this.length = this.bytes.writeDoubleBE(value, this.length);
  }

  tuple(items: readonly unknown[]): void {
    if (items.length > 3) this.opcode(0x28);
    for (const item of items) this.value(item);
    this.opcode(items.length === 0 ? 0x29 : items.length > 3 ? 0x74 : 0x84 + items.length);
  }

  global(module: string, name: string): void {
    const key = `global:${module}.${name}`;
    if (this.recall(key)) return;
    this.append(Buffer.from(`c${module}\n${name}\n`));
    this.memoise(key);
  }

  call(callee: PyGlobal, args: readonly unknown[]): void {
    this.global(callee.module, callee.name);
    this.tuple(args);
    this.opcode(0x52);
  }

  /** `id` as a persistent id. */
  persistent(id: PyTuple): void {
    this.tuple(id.items);
    this.opcode(0x51);
  }

  /** A tuple whose items the caller writes one by one. */
  openTuple(): void {
    this.opcode(0x28);
  }

  closeTuple(): void {
    this.opcode(0x74);
  }

  /** Calls the global below the tuple on the stack. */
  reduce(): void {
    this.opcode(0x52);
  }

  private orderedDict(dict: PyOrderedDict): void {
    this.call(orderedDict, []);
    this.memoise(dict);
    this.setItems(dict);
    if (!dict.attributes) return;
    this.value(dict.attributes);
    this.opcode(0x62);
  }

  private setItems(dict: ReadonlyMap<unknown, unknown>): void {
    const entries = [...dict];
    for (let from = 0; from < entries.length; from += batch) {
      this.opcode(0x28);
      for (const [key, value] of entries.slice(from, from + batch)) {
        this.value(key);
        this.value(value);
      }
      this.opcode(0x75);
    }
  }

  private list(items: readonly unknown[]): void {
    this.opcode(0x5d);
    this.memoise(items);
    for (let from = 0; from < items.length; from += batch) {
      this.opcode(0x28);
      for (const item of items.slice(from, from + batch)) this.value(item);
      this.opcode(0x65);
    }
  }

  private memoise(key: unknown): void {
    const index = this.memoCount++;
    this.memo.set(key, index);
    this.indexed(0x71, 0x72, index);
  }

  private recall(key: unknown): boolean {
    const index = this.memo.get(key);
    if (index === undefined) return false;
    this.indexed(0x68, 0x6a, index);
    return true;
  }

  private indexed(short: number, long: number, index: number): void {
    if (index < 256) this.opcode(short, index);
    else {
      this.opcode(long);
      this.uint32(index);
    }
  }

  private uint32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeUInt32LE(value, this.length);
  }

  private opcode(...bytes: number[]): void {
    this.reserve(bytes.length);
    for (const byte of bytes) this.bytes[this.length++] = byte;
  }

  private append(data: Uint8Array): void {
    this.reserve(data.length);
    this.bytes.set(data, this.length);
    this.length += data.length;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

const orderedDict = new PyGlobal('collections', 'OrderedDict');
const codecsEncode = new PyGlobal('_codecs', 'encode');
const builtinSet = new PyGlobal('__builtin__', 'set');

/** Little-endian two's complement, as short as it can be. */
function longBytes(value: bigint): number[] {
  const digits: number[] = [];
  for (let rest = value; ; rest >>= 8n) {
    const digit = Number(rest & 0xffn);
    digits.push(digit);
    const above = rest >> 8n;
    if (above === 0n && !(digit & 0x80)) return digits;
    if (above === -1n && digit & 0x80) return digits;
  }
}
