// Mutations that reach deep: besides flipped and missing bytes, forged zip directories, pickles with a corrected checksum, and
// safetensors headers with a corrected length. Deterministic by seed.
import { crc32 } from 'node:zlib';

/** A small, fast generator (mulberry32); quality does not matter here, repeatability does. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Random = (below: number) => number;
type Mutation = (bytes: Buffer, random: Random) => Buffer;

/** Applies one mutation that fits the file. */
export function mutate(original: Buffer, random: Random): Buffer {
  const isZip = original.readUInt32LE(0) === 0x04034b50;
  const isSafetensors = original[8] === 0x7b && !isZip;
  const candidates: Mutation[] = [flipBytes, flipBytes, truncate, insert];
  if (isZip) candidates.push(forgeDirectory, forgePickle, forgePickle, forgePickle);
  if (isSafetensors) candidates.push(forgeHeader, forgeHeader);
  return candidates[random(candidates.length)]!(Buffer.from(original), random);
}

const interesting = [0, 1, 2, 0x28, 0x2e, 0x52, 0x5d, 0x62, 0x7d, 0x7f, 0x80, 0x81, 0x85, 0x86, 0x8a, 0x93, 0xfe, 0xff];
const anyByte = (random: Random): number => (random(2) === 0 ? interesting[random(interesting.length)]! : random(256));

function flipBytes(bytes: Buffer, random: Random): Buffer {
  for (let count = 1 + random(6); count > 0; count--) bytes[random(bytes.length)] = anyByte(random);
  return bytes;
}

function truncate(bytes: Buffer, random: Random): Buffer {
  return bytes.subarray(0, random(bytes.length));
}

function insert(bytes: Buffer, random: Random): Buffer {
  const at = random(bytes.length);
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from(Array.from({ length: 1 + random(9) }, () => anyByte(random))),
    bytes.subarray(at),
  ]);
}

/** Changes numbers of the central directory and the end records. */
function forgeDirectory(bytes: Buffer, random: Random): Buffer {
  const directory = bytes.indexOf('PK\x01\x02', 0, 'latin1');
  if (directory < 0) return bytes;
  for (let count = 1 + random(4); count > 0; count--)
    bytes[directory + random(bytes.length - directory)] = anyByte(random);
  return bytes;
}

/** Changes the pickle of an archive and gives it a valid checksum again. */
function forgePickle(bytes: Buffer, random: Random): Buffer {
  const name = bytes.indexOf('/data.pkl');
  const header = name < 0 ? -1 : bytes.lastIndexOf('PK\x03\x04', name, 'latin1');
  const entry = bytes.lastIndexOf('PK\x01\x02', bytes.lastIndexOf('/data.pkl'), 'latin1');
  if (header < 0 || entry < 0) return bytes;
  const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
  const length = bytes.readUInt32LE(entry + 24);
  if (start + length > bytes.length) return bytes;
  for (let count = 1 + random(4); count > 0; count--) bytes[start + random(length)] = anyByte(random);
  bytes.writeUInt32LE(crc32(bytes.subarray(start, start + length)), entry + 16);
  return bytes;
}

/** Changes the text of a header and gives it a valid length again. */
function forgeHeader(bytes: Buffer, random: Random): Buffer {
  const length = Number(bytes.readBigUInt64LE(0));
  let header = bytes.toString('latin1', 8, 8 + length);
  const replacements = [
    '-1',
    '1e400',
    '1.5',
    '9007199254740993',
    'null',
    '"F16"',
    '[]',
    '{}',
    '0',
    '4294967296',
    '"__metadata__"',
  ];
  const tokens = [...header.matchAll(/-?\d+|"[^"]*"|[[\]{}]/g)];
  const token = tokens[random(tokens.length)];
  if (token)
    header =
      header.slice(0, token.index) +
      replacements[random(replacements.length)]! +
      header.slice(token.index + token[0].length);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([prefix, Buffer.from(header, 'latin1'), bytes.subarray(8 + length)]);
}
