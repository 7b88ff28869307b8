// Just enough of the WebAssembly binary format to emit functions of loops, loads, stores and 4 × float32 arithmetic. An
// instruction sequence is an array of bytes; the functions below are named after the instructions they encode.
// Source: WebAssembly core specification 2.0, section 5 (binary format), with the fixed-width SIMD instructions.

/** Encoded instructions. */
export type Code = readonly number[];

/** A local variable by number. */
export type Local = number;

export const sequence = (...parts: readonly Code[]): Code => parts.flat();
export const getLocal = (local: Local): Code => [0x20, ...unsigned(local)];
export const setLocal = (local: Local): Code => [0x21, ...unsigned(local)];
export const i32Const = (value: number): Code => [0x41, ...signed(value)];

/** local += value */
export const increment = (local: Local, value: number): Code =>
  sequence(getLocal(local), i32Const(value), [0x6a], setLocal(local));

/** Runs `body` for local = start, start + step, … while it is below `end`; at least once. Addresses serve as counters. */
export function countedLoop(local: Local, start: Code, end: Code, step: number, body: Code): Code {
  const again = sequence(increment(local, step), getLocal(local), end, [0x49, 0x0d, 0x00]); // i32.lt_u, br_if 0
  return sequence(start, setLocal(local), [0x03, 0x40], body, again, [0x0b]); // loop … end
}

/** Four floats from `address` + a constant offset in bytes. */
export const loadVector = (address: Local, offsetBytes: number): Code =>
  sequence(getLocal(address), [0xfd, 0x00, 0x04, ...unsigned(offsetBytes)]);

/** One float from `address` + a constant offset, in all four lanes. */
export const loadSplat = (address: Local, offsetBytes: number): Code =>
  sequence(getLocal(address), [0xfd, 0x09, 0x02, ...unsigned(offsetBytes)]);

/** Stores `value` at `address` + a constant offset in bytes (aligned to 16). */
export const storeVector = (address: Local, offsetBytes: number, value: Code): Code =>
  sequence(getLocal(address), value, [0xfd, 0x0b, 0x04, ...unsigned(offsetBytes)]);

/** The constant in all four lanes. */
export const splatConst = (value: number): Code => [
  0x43, // f32.const
  ...new Uint8Array(Float32Array.of(value).buffer),
  0xfd, // f32x4.splat
  0x13,
];

export const add = (a: Code, b: Code): Code => sequence(a, b, [0xfd, 0xe4, 0x01]);
export const multiply = (a: Code, b: Code): Code => sequence(a, b, [0xfd, 0xe6, 0x01]);
/** NaN where either is NaN. */
export const maximum = (a: Code, b: Code): Code => sequence(a, b, [0xfd, 0xe9, 0x01]);

/** A function without parameters or results. */
export interface WasmFunction {
  readonly name: string;
  /** Locals 0 … i32Locals-1 are i32, the following ones v128. */
  readonly i32Locals: number;
  readonly v128Locals: number;
  readonly body: Code;
}

const pageBytes = 65_536;

/** A module that exports `memory` and the functions. */
export function encodeModule(functions: readonly WasmFunction[], memoryBytes: number): Uint8Array<ArrayBuffer> {
  const pages = unsigned(Math.ceil(memoryBytes / pageBytes));
  const exports = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]);
  const bodies = functions.map(({ i32Locals, v128Locals, body }) => {
    const code = [0x02, ...unsigned(i32Locals), 0x7f, ...unsigned(v128Locals), 0x7b, ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version 1
    ...section(1, [[0x60, 0x00, 0x00]]), // one type: no parameters, no results
    ...section(
      3,
      functions.map(() => [0x00]),
    ),
    ...section(5, [[0x01, ...pages, ...pages]]),
    ...section(7, [[...text('memory'), 0x02, 0x00], ...exports]),
    ...section(10, bodies),
  ]);
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(content.length), ...content];
}

const text = (name: string): number[] => [...unsigned(name.length), ...new TextEncoder().encode(name)];

/** LEB128 of a number in [0, 2^32). */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value > 0 ? low | 0x80 : low);
  } while (value > 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit number. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    const isLast = (value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}
