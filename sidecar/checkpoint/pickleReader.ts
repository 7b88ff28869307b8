// A restricted unpickler: protocols 0 to 5 as far as torch.save uses them. Nothing is ever called or imported. A global is a
// name; REDUCE looks that name up in a table of constructors that build inert values; every other name is refused. Lengths,
// opcode counts, nesting and the memo are bounded, so a forged stream costs an error, not memory.
// Source: CPython's pickletools opcode table.
import { damagedFile, forbiddenGlobal, overLimit } from './errors';
import { PyBytes, PyFloat, PyGlobal, PyOrderedDict, PySet, PyTuple } from './pickleValues';

/** Builds the value of a call from its arguments. */
export type Constructor = (args: readonly unknown[]) => unknown;

export interface PickleOptions {
  /** For messages. */
  path: string;
  /** By full name, `torch._utils._rebuild_tensor_v2`. */
  constructors?: ReadonlyMap<string, Constructor>;
  /** Globals that may appear as plain values, such as torch.float32. */
  isAllowedGlobal?: (global: PyGlobal) => boolean;
  /** Resolves a persistent id. */
  persistentLoad?: (id: unknown) => unknown;
}

/** Also the budget of items that constructors copy, so that recalling one long list a million times costs no hour. */
const maxOpcodes = 5_000_000;
const maxDepth = 1_000;
const maxLongBytes = 1_024;
const maxLineBytes = 4_096;

/** Reads one pickle from `start`; `end` is the offset after its STOP (older torch files hold several in a row). */
export function readPickle(bytes: Uint8Array, options: PickleOptions, start = 0): { value: unknown; end: number } {
  return new Unpickler(bytes, options, start).load();
}

/** Little-endian two's complement, as LONG1 stores it; a bigint where a number would not be exact. */
export function decodeLong(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!);
  if (bytes.length > 0 && bytes[bytes.length - 1]! & 0x80) value -= 1n << BigInt(8 * bytes.length);
  return exactInteger(value);
}

const plainConstructors: readonly (readonly [string, (unpickler: Unpickler) => Constructor])[] = [
  ['collections.OrderedDict', unpickler => args => unpickler.orderedDict(args)],
  ['_codecs.encode', unpickler => args => unpickler.latin1Bytes(args)],
  ['__builtin__.set', () => args => new PySet(Array.isArray(args[0]) ? (args[0] as unknown[]) : [])],
  ['builtins.set', () => args => new PySet(Array.isArray(args[0]) ? (args[0] as unknown[]) : [])],
  ['__builtin__.bytes', () => () => new PyBytes(new Uint8Array())],
  ['builtins.bytes', () => () => new PyBytes(new Uint8Array())],
];

class Unpickler {
  private readonly view: DataView;
  private readonly constructors = new Map<string, Constructor>();
  private readonly memo = new Map<number, unknown>();
  private readonly marks: unknown[][] = [];
  private stack: unknown[] = [];
  private spent = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly options: PickleOptions,
    private at: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const [name, make] of plainConstructors) this.constructors.set(name, make(this));
    for (const [name, constructor] of options.constructors ?? []) this.constructors.set(name, constructor);
  }

  load(): { value: unknown; end: number } {
    for (;;) {
      this.spend(1);
      if (this.marks.length > maxDepth)
        throw overLimit(this.options.path, 'nesting of the pickle', this.marks.length, maxDepth, 'levels');
      const opcode = this.uint8();
      if (opcode === 0x2e) return { value: this.pop(), end: this.at }; // STOP
      this.execute(opcode);
    }
  }

  private spend(work: number): void {
    this.spent += work;
    if (this.spent > maxOpcodes)
      throw overLimit(this.options.path, 'work of the pickle', this.spent, maxOpcodes, 'opcodes');
  }

  private execute(opcode: number): void {
    const { stack } = this;
    switch (opcode) {
      case 0x80: // PROTO
        if (this.uint8() > 5) throw this.damaged('a pickle protocol above 5');
        return;
      case 0x95: // FRAME: only a hint for streams
        this.take(8);
        return;
      case 0x28: // MARK
        this.marks.push(stack);
        this.stack = [];
        return;
      case 0x30: // POP
        this.pop();
        return;
      case 0x31: // POP_MARK
        this.popMark();
        return;
      case 0x32: // DUP
        stack.push(this.top());
        return;

      case 0x4e: // NONE
        stack.push(null);
        return;
      case 0x88: // NEWTRUE
        stack.push(true);
        return;
      case 0x89: // NEWFALSE
        stack.push(false);
        return;
      case 0x4b: // BININT1
        stack.push(this.uint8());
        return;
      case 0x4d: // BININT2
        stack.push(this.view.getUint16(this.take(2), true));
        return;
      case 0x4a: // BININT
        stack.push(this.view.getInt32(this.take(4), true));
        return;
      case 0x8a: // LONG1
        stack.push(decodeLong(this.slice(this.uint8())));
        return;
      case 0x8b: // LONG4
        stack.push(decodeLong(this.slice(this.longLength())));
        return;
      case 0x49: // INT: also the booleans of protocol 0
        stack.push(this.textInteger());
        return;
      case 0x4c: // LONG
        stack.push(this.parseInteger(this.line().replace(/L$/, '')));
        return;
      case 0x46: // FLOAT
        stack.push(float(Number(this.line())));
        return;
      case 0x47: // BINFLOAT
        stack.push(float(this.view.getFloat64(this.take(8), false)));
        return;

      case 0x58: // BINUNICODE
        stack.push(this.utf8(this.uint32()));
        return;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(this.utf8(this.uint8()));
        return;
      case 0x8d: // BINUNICODE8
        stack.push(this.utf8(this.uint64()));
        return;
      case 0x54: // BINSTRING: a Python 2 str
        stack.push(latin1(this.slice(this.uint32())));
        return;
      case 0x55: // SHORT_BINSTRING
        stack.push(latin1(this.slice(this.uint8())));
        return;
      case 0x42: // BINBYTES
        stack.push(new PyBytes(this.slice(this.uint32()).slice()));
        return;
      case 0x43: // SHORT_BINBYTES
        stack.push(new PyBytes(this.slice(this.uint8()).slice()));
        return;
      case 0x8e: // BINBYTES8
        stack.push(new PyBytes(this.slice(this.uint64()).slice()));
        return;

      case 0x29: // EMPTY_TUPLE
        stack.push(new PyTuple([]));
        return;
      case 0x74: {
        // TUPLE. The mark's stack becomes current before the push.
        const items = this.popMark();
        this.stack.push(new PyTuple(items));
        return;
      }
      case 0x85: // TUPLE1
        stack.push(new PyTuple(this.popMany(1)));
        return;
      case 0x86: // TUPLE2
        stack.push(new PyTuple(this.popMany(2)));
        return;
      case 0x87: // TUPLE3
        stack.push(new PyTuple(this.popMany(3)));
        return;
      case 0x5d: // EMPTY_LIST
        stack.push([]);
        return;
      case 0x6c: {
        const items = this.popMark(); // LIST
        this.stack.push(items);
        return;
      }
      case 0x61: {
        const value = this.pop(); // APPEND
        this.listOnTop().push(value);
        return;
      }
      case 0x65: {
        const items = this.popMark(); // APPENDS
        const list = this.listOnTop();
        for (const item of items) list.push(item);
        return;
      }
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        return;
      case 0x64: {
        const dict = new Map<unknown, unknown>(); // DICT
        this.setItems(dict, this.popMark());
        this.stack.push(dict);
        return;
      }
      case 0x73: {
        const items = this.popMany(2); // SETITEM
        this.setItems(this.dictOnTop(), items);
        return;
      }
      case 0x75: {
        const items = this.popMark(); // SETITEMS
        this.setItems(this.dictOnTop(), items);
        return;
      }
      case 0x8f: // EMPTY_SET
        stack.push(new PySet([]));
        return;
      case 0x90: {
        const items = this.popMark(); // ADDITEMS
        const set = this.top();
        if (!(set instanceof PySet)) throw this.damaged('ADDITEMS without a set');
        for (const item of items) set.items.push(item);
        return;
      }
      case 0x91: {
        const items = this.popMark(); // FROZENSET
        this.stack.push(new PySet(items));
        return;
      }

      case 0x70: // PUT
        this.memoise(this.memoIndex());
        return;
      case 0x71: // BINPUT
        this.memoise(this.uint8());
        return;
      case 0x72: // LONG_BINPUT
        this.memoise(this.uint32());
        return;
      case 0x94: // MEMOIZE
        this.memoise(this.memo.size);
        return;
      case 0x67: // GET
        this.recall(this.memoIndex());
        return;
      case 0x68: // BINGET
        this.recall(this.uint8());
        return;
      case 0x6a: // LONG_BINGET
        this.recall(this.uint32());
        return;

      case 0x63: {
        const module = this.line(); // GLOBAL
        this.pushGlobal(module, this.line());
        return;
      }
      case 0x93: {
        const [module, name] = this.popMany(2); // STACK_GLOBAL
        if (typeof module !== 'string' || typeof name !== 'string') throw this.damaged('STACK_GLOBAL without names');
        this.pushGlobal(module, name);
        return;
      }
      case 0x52: // REDUCE
      case 0x81: {
        const [callee, args] = this.popMany(2); // NEWOBJ
        this.stack.push(this.construct(callee, args));
        return;
      }
      case 0x62: {
        const [target, state] = this.popMany(2); // BUILD
        this.stack.push(target);
        // The only object with state that is neither run nor needed by name is a state dict with its `_metadata`.
        if (!(target instanceof PyOrderedDict && state instanceof Map))
          throw this.damaged('BUILD on something other than an OrderedDict');
        target.attributes = state;
        return;
      }
      case 0x51: // BINPERSID
        this.pushPersistent(this.pop());
        return;
      case 0x50: // PERSID
        this.pushPersistent(this.line());
        return;
      default:
        throw this.damaged(`pickle opcode 0x${opcode.toString(16)} at byte ${this.at - 1}, which no checkpoint uses`);
    }
  }

  // — calls —

  private pushGlobal(module: string, name: string): void {
    const global = new PyGlobal(module, name);
    if (!this.constructors.has(global.path) && !this.options.isAllowedGlobal?.(global)) {
      throw forbiddenGlobal(this.options.path, global.path);
    }
    this.stack.push(global);
  }

  private construct(callee: unknown, args: unknown): unknown {
    if (!(callee instanceof PyGlobal) || !(args instanceof PyTuple))
      throw this.damaged('a call of something other than a name');
    const constructor = this.constructors.get(callee.path);
    if (!constructor) throw forbiddenGlobal(this.options.path, callee.path);
    return constructor(args.items);
  }

  private pushPersistent(id: unknown): void {
    if (!this.options.persistentLoad) throw this.damaged('a persistent id outside of a checkpoint');
    this.stack.push(this.options.persistentLoad(id));
  }

  orderedDict(args: readonly unknown[]): PyOrderedDict {
    const dict = new PyOrderedDict();
    const pairs = args[0] ?? [];
    if (args.length > 1 || !Array.isArray(pairs)) throw this.damaged('an OrderedDict with unknown arguments');
    this.spend(pairs.length);
    for (const pair of pairs as unknown[]) {
      const items = pair instanceof PyTuple ? pair.items : Array.isArray(pair) ? (pair as unknown[]) : [];
      if (items.length !== 2) throw this.damaged('an OrderedDict of something other than pairs');
      this.setItems(dict, items);
    }
    return dict;
  }

  latin1Bytes(args: readonly unknown[]): PyBytes {
    const [textValue, encoding] = args;
    if (typeof textValue !== 'string' || encoding !== 'latin1')
      throw this.damaged('_codecs.encode of something other than latin1');
    this.spend(textValue.length / 64);
    return new PyBytes(Uint8Array.from(Buffer.from(textValue, 'latin1')));
  }

  // — stack, memo —

  private pop(): unknown {
    if (this.stack.length === 0) throw this.damaged('the pickle takes more from its stack than it put there');
    return this.stack.pop();
  }

  private popMany(count: number): unknown[] {
    if (this.stack.length < count) throw this.damaged('the pickle takes more from its stack than it put there');
    return this.stack.splice(this.stack.length - count, count);
  }

  private top(): unknown {
    if (this.stack.length === 0) throw this.damaged('the pickle takes more from its stack than it put there');
    return this.stack[this.stack.length - 1];
  }

  private popMark(): unknown[] {
    const items = this.stack;
    const below = this.marks.pop();
    if (!below) throw this.damaged('the pickle closes what it never opened');
    this.stack = below;
    return items;
  }

  private memoise(index: number): void {
    this.memo.set(index, this.top());
  }

  private recall(index: number): void {
    if (!this.memo.has(index)) throw this.damaged(`the pickle recalls memo ${index}, which it never stored`);
    this.stack.push(this.memo.get(index));
  }

  private listOnTop(): unknown[] {
    const list = this.top();
    if (!Array.isArray(list)) throw this.damaged('APPEND without a list');
    return list as unknown[];
  }

  private dictOnTop(): Map<unknown, unknown> {
    const dict = this.top();
    if (!(dict instanceof Map)) throw this.damaged('SETITEM without a dictionary');
    return dict;
  }

  private setItems(dict: Map<unknown, unknown>, items: readonly unknown[]): void {
    if (items.length % 2 !== 0) throw this.damaged('a dictionary key without a value');
    for (let index = 0; index < items.length; index += 2) {
      const key = items[index];
      if (key instanceof Map || Array.isArray(key) || key instanceof PySet)
        throw this.damaged('a dictionary key that cannot be hashed');
      dict.set(key, items[index + 1]);
    }
  }

  // — bytes —

  private take(count: number): number {
    if (this.at + count > this.bytes.length) throw new TruncatedPickle(this.options.path, this.at);
    const from = this.at;
    this.at += count;
    return from;
  }

  private slice(count: number): Uint8Array {
    const from = this.take(count);
    return this.bytes.subarray(from, from + count);
  }

  private uint8(): number {
    return this.bytes[this.take(1)]!;
  }

  private uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  private uint64(): number {
    const value = this.view.getBigUint64(this.take(8), true);
    if (value > BigInt(this.bytes.length)) throw this.damaged(`a string of ${value.toString()} bytes`);
    return Number(value);
  }

  private longLength(): number {
    const length = this.uint32();
    if (length > maxLongBytes) throw overLimit(this.options.path, 'an integer', length, maxLongBytes, 'bytes');
    return length;
  }

  private line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) throw new TruncatedPickle(this.options.path, this.at);
    if (end - this.at > maxLineBytes)
      throw overLimit(this.options.path, 'a pickle line', end - this.at, maxLineBytes, 'bytes');
    const text = this.decodeUtf8(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  private utf8(length: number): string {
    return this.decodeUtf8(this.slice(length));
  }

  private decodeUtf8(bytes: Uint8Array): string {
    try {
      return strictUtf8.decode(bytes);
    } catch {
      throw this.damaged('text that is not UTF-8');
    }
  }

  private textInteger(): number | bigint | boolean {
    const text = this.line();
    return text === '01' ? true : text === '00' ? false : this.parseInteger(text);
  }

  private parseInteger(text: string): number | bigint {
    if (!/^-?\d{1,400}$/.test(text)) throw this.damaged('an integer that is none');
    return exactInteger(BigInt(text));
  }

  private memoIndex(): number {
    const index = Number(this.line());
    if (!Number.isSafeInteger(index) || index < 0) throw this.damaged('a memo index that is none');
    return index;
  }

  private damaged(what: string): Error {
    return damagedFile(this.options.path, what);
  }
}

/** The pickle goes on past the bytes at hand: the older stream format reads more and tries again. */
export class TruncatedPickle extends Error {
  constructor(
    readonly path: string,
    readonly at: number,
  ) {
    super(`the pickle ends in the middle of a value at byte ${at}`);
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const float = (value: number): number | PyFloat => (Number.isInteger(value) ? new PyFloat(value) : value);
const exactInteger = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
