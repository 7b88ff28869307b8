// Writes the archives torch.load expects: entries stored, data aligned to 64 bytes, zip64 only where needed (the zip64 end
// record always, as torch does), every date 1980-01-01, so that equal inputs give equal bytes.
// Source: PKWARE APPNOTE 6.3.9.
import { crc32 } from 'node:zlib';
import { internalError } from '../util/rpgError';
import type { GrowingFile } from '../util/atomicFile';

const alignment = 64;
const absent32 = 0xffffffff;
const utf8Names = 0x0800;
const dosDate1980 = 0x21;

interface WrittenEntry {
  readonly name: Buffer;
  readonly crc: number;
  readonly sizeBytes: number;
  readonly headerOffset: number;
}

/** One archive over one growing file. Call `add` for each entry, then `finish`. */
export class ZipWriter {
  private readonly written: WrittenEntry[] = [];

  constructor(private readonly file: GrowingFile) {}

  /** `chunks` together hold exactly `sizeBytes`; they are written as they come, the checksum is patched in afterwards. */
  async add(name: string, sizeBytes: number, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const headerOffset = this.file.sizeBytes;
    const nameBytes = Buffer.from(name, 'utf8');
    this.file.append(localHeader(nameBytes, sizeBytes, headerOffset));
    const dataOffset = this.file.sizeBytes;
    let crc = 0;
    for await (const chunk of chunks) {
      const written = this.file.appendInBackground(chunk);
      crc = crc32(chunk, crc); // meanwhile
      await written;
    }
    const found = this.file.sizeBytes - dataOffset;
    if (found !== sizeBytes)
      throw internalError('zip-entry-size', `${name}: ${found} bytes came, ${sizeBytes} were announced`);
    const crcBytes = Buffer.alloc(4);
    crcBytes.writeUInt32LE(crc);
    this.file.patch(headerOffset + 14, crcBytes);
    this.written.push({ name: nameBytes, crc, sizeBytes, headerOffset });
  }

  finish(): void {
    const directoryOffset = this.file.sizeBytes;
    const directory = Buffer.concat(this.written.map(directoryEntry));
    this.file.append(directory);
    this.file.append(endRecords(this.written.length, directory.length, directoryOffset));
  }
}

function localHeader(name: Buffer, sizeBytes: number, headerOffset: number): Buffer {
  const isWide = sizeBytes >= absent32;
  const wideLength = isWide ? 20 : 0;
  const unpadded = headerOffset + 30 + name.length + wideLength + 4;
  const padding = (alignment - (unpadded % alignment)) % alignment;
  const header = Buffer.alloc(30 + name.length + wideLength + 4 + padding, 'Z');
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(isWide ? 45 : 20, 4);
  header.writeUInt16LE(utf8Names, 6);
  header.writeUInt16LE(0, 8);
  header.writeUInt16LE(0, 10);
  header.writeUInt16LE(dosDate1980, 12);
  header.writeUInt32LE(0, 14); // checksum, patched later
  header.writeUInt32LE(isWide ? absent32 : sizeBytes, 18);
  header.writeUInt32LE(isWide ? absent32 : sizeBytes, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(wideLength + 4 + padding, 28);
  name.copy(header, 30);
  let at = 30 + name.length;
  if (isWide) {
    header.writeUInt16LE(1, at);
    header.writeUInt16LE(16, at + 2);
    header.writeBigUInt64LE(BigInt(sizeBytes), at + 4);
    header.writeBigUInt64LE(BigInt(sizeBytes), at + 12);
    at += wideLength;
  }
  header.write('FB', at, 'latin1'); // torch's own padding field
  header.writeUInt16LE(padding, at + 2);
  return header;
}

function directoryEntry(entry: WrittenEntry): Buffer {
  const wideSize = entry.sizeBytes >= absent32;
  const wideOffset = entry.headerOffset >= absent32;
  const wideLength = (wideSize ? 16 : 0) + (wideOffset ? 8 : 0);
  const version = wideLength > 0 ? 45 : 20;
  const bytes = Buffer.alloc(46 + entry.name.length + (wideLength > 0 ? 4 + wideLength : 0));
  bytes.writeUInt32LE(0x02014b50, 0);
  bytes.writeUInt16LE(version, 4);
  bytes.writeUInt16LE(version, 6);
  bytes.writeUInt16LE(utf8Names, 8);
  bytes.writeUInt16LE(dosDate1980, 14);
  bytes.writeUInt32LE(entry.crc, 16);
  bytes.writeUInt32LE(wideSize ? absent32 : entry.sizeBytes, 20);
  bytes.writeUInt32LE(wideSize ? absent32 : entry.sizeBytes, 24);
  bytes.writeUInt16LE(entry.name.length, 28);
  bytes.writeUInt16LE(wideLength > 0 ? 4 + wideLength : 0, 30);
  bytes.writeUInt32LE(wideOffset ? absent32 : entry.headerOffset, 42);
  entry.name.copy(bytes, 46);
  if (wideLength === 0) return bytes;
  let at = 46 + entry.name.length;
  bytes.writeUInt16LE(1, at);
  bytes.writeUInt16LE(wideLength, at + 2);
  at += 4;
  const wide = [...(wideSize ? [entry.sizeBytes, entry.sizeBytes] : []), ...(wideOffset ? [entry.headerOffset] : [])];
  for (const number of wide) at = bytes.writeBigUInt64LE(BigInt(number), at);
  return bytes;
}

/** zip64 end record, its locator, and the classic end record. */
function endRecords(count: number, directoryBytes: number, directoryOffset: number): Buffer {
  const bytes = Buffer.alloc(56 + 20 + 22);
  bytes.writeUInt32LE(0x06064b50, 0);
  bytes.writeBigUInt64LE(44n, 4);
  bytes.writeUInt16LE(45, 12);
  bytes.writeUInt16LE(45, 14);
  bytes.writeBigUInt64LE(BigInt(count), 24);
  bytes.writeBigUInt64LE(BigInt(count), 32);
  bytes.writeBigUInt64LE(BigInt(directoryBytes), 40);
  bytes.writeBigUInt64LE(BigInt(directoryOffset), 48);
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeBigUInt64LE(BigInt(directoryOffset + directoryBytes), 64);
  bytes.writeUInt32LE(1, 72);
  bytes.writeUInt32LE(0x06054b50, 76);
  bytes.writeUInt16LE(Math.min(count, 0xffff), 84);
  bytes.writeUInt16LE(Math.min(count, 0xffff), 86);
  bytes.writeUInt32LE(Math.min(directoryBytes, absent32), 88);
  bytes.writeUInt32LE(Math.min(directoryOffset, absent32), 92);
  return bytes;
}
