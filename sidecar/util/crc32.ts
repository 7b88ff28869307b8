// CRC-32 (IEEE 802.3) as zip files use it, and CRC-32C. Of the first, Node's own is used where it exists (20.15 and later);
// early Node 20 and some Electron builds lack it.
import * as zlib from 'node:zlib';

const native = (zlib as { crc32?: (data: Uint8Array, seed?: number) => number }).crc32;

/** CRC of `data`, continuing from `seed` (the CRC of everything before it). */
export function crc32(data: Uint8Array, seed = 0): number {
  return native ? native(data, seed) : crc32Reference(data, seed);
}

/** Eight tables of a reversed polynomial, for eight bytes at a time. */
function tablesOf(polynomial: number): readonly Uint32Array[] {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    tables[0]![byte] = value;
  }
  for (let slice = 1; slice < 8; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const previous = tables[slice - 1]![byte]!;
      tables[slice]![byte] = (previous >>> 8) ^ tables[0]![previous & 255]!;
    }
  }
  return tables;
}

const ieee = tablesOf(0xedb88320);
const castagnoli = tablesOf(0x82f63b78);

/** `crc32` in TypeScript. */
export function crc32Reference(data: Uint8Array, seed = 0): number {
  return crcOf(ieee, data, seed);
}

/** CRC-32C (Castagnoli, RFC 3720), as TensorFlow's records use it. */
export function crc32c(data: Uint8Array): number {
  return crcOf(castagnoli, data, 0);
}

function crcOf(tables: readonly Uint32Array[], data: Uint8Array, seed: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let crc = ~seed;
  let at = 0;
  for (const end = data.length - 7; at < end; at += 8) {
    crc ^= data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
    crc =
      t7[crc & 255]! ^
      t6[(crc >>> 8) & 255]! ^
      t5[(crc >>> 16) & 255]! ^
      t4[crc >>> 24]! ^
      t3[data[at + 4]!]! ^
      t2[data[at + 5]!]! ^
      t1[data[at + 6]!]! ^
      t0[data[at + 7]!]!;
  }
  for (; at < data.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ data[at]!) & 255]!;
  return ~crc >>> 0;
}
