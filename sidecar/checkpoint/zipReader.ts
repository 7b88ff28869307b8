// Random access to the entries of a zip archive, as far as torch.save uses the format: the central directory is the truth
// (local headers carry zero sizes there), entries are stored, zip64 everywhere. Archives that lie about offsets, overlap,
// are encrypted or inflate to more than is allowed are refused. Not a general zip tool.
// Source: PKWARE APPNOTE 6.3.9.
import { crc32, inflateRawSync } from 'node:zlib';
import { damagedFile, overLimit, printable, unsupportedContent } from './errors';
import { FileSource } from './fileSource';

/** One entry of the central directory. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  /** Where its local header begins. */
  readonly headerOffset: number;
}

const maxEntries = 1_000_000;
const maxDirectoryBytes = 256 * 2 ** 20;
/** Compressed entries are read whole, so their inflated size is bounded. */
const maxInflatedBytes = 64 * 2 ** 20;
const stored = 0;
const deflated = 8;
const absent32 = 0xffffffff;

/** An open archive; owns its file until `dispose`. */
export class ZipReader {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly path: string;

  /** *Errors* `damaged-file`, `over-limit`, `unsupported-content`. *Memory* the central directory. */
  constructor(private readonly file: FileSource) {
    this.path = file.path;
    this.entries = readDirectory(file);
  }

  /** Position of an entry's first byte: the local header says how long it is itself. */
  private dataOffset(entry: ZipEntry): number {
    const header = this.file.read(entry.headerOffset, 30);
    if (header.readUInt32LE(0) !== 0x04034b50)
      throw damagedFile(this.path, `no local header before ${printable(entry.name)}`);
    const offset = entry.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    if (offset + entry.compressedBytes > this.file.sizeBytes) {
      throw damagedFile(this.path, `entry ${printable(entry.name)} reaches past the end of the file`);
    }
    return offset;
  }

  /** Part of a stored entry, or of a (small) deflated one, which is inflated whole. */
  read(entry: ZipEntry, from = 0, length = entry.sizeBytes - from, scratch?: Buffer): Buffer {
    if (from < 0 || length < 0 || from + length > entry.sizeBytes) {
      throw damagedFile(
        this.path,
        `bytes ${from} to ${from + length} of ${printable(entry.name)}, which has ${entry.sizeBytes}`,
      );
    }
    const offset = this.dataOffset(entry);
    if (entry.method === stored) return this.file.read(offset + from, length, scratch);
    if (entry.method !== deflated) {
      throw unsupportedContent(
        this.path,
        `entry ${printable(entry.name)} is compressed by method ${entry.method}`,
        'save it again with torch.save',
      );
    }
    if (entry.sizeBytes > maxInflatedBytes) {
      throw overLimit(
        this.path,
        `compressed entry ${printable(entry.name)}`,
        entry.sizeBytes,
        maxInflatedBytes,
        'bytes',
      );
    }
    return this.inflate(entry, offset).subarray(from, from + length);
  }

  private inflate(entry: ZipEntry, offset: number): Buffer {
    let bytes: Buffer;
    try {
      bytes = inflateRawSync(this.file.read(offset, entry.compressedBytes), { maxOutputLength: entry.sizeBytes || 1 });
    } catch {
      throw damagedFile(this.path, `entry ${printable(entry.name)} does not inflate to its ${entry.sizeBytes} bytes`);
    }
    if (bytes.length !== entry.sizeBytes) {
      throw damagedFile(
        this.path,
        `entry ${printable(entry.name)} inflates to ${bytes.length} bytes, not ${entry.sizeBytes}`,
      );
    }
    return bytes;
  }

  /** Whether an entry's bytes have the checksum the directory gives. */
  hasValidChecksum(entry: ZipEntry): boolean {
    const chunk = 16 * 2 ** 20;
    let crc = 0;
    for (let at = 0; at < entry.sizeBytes; at += chunk)
      crc = crc32(this.read(entry, at, Math.min(chunk, entry.sizeBytes - at)), crc);
    return crc === entry.crc;
  }

  dispose(): void {
    this.file.dispose();
  }
}

interface Directory {
  count: number;
  sizeBytes: number;
  offset: number;
}

/** The end record is searched from the back; the zip64 record, where there is one, replaces its numbers. */
function findDirectory(file: FileSource): Directory {
  const tailLength = Math.min(file.sizeBytes, 65_557); // the record and the longest comment
  const tail = file.read(file.sizeBytes - tailLength, tailLength);
  let end = tail.length - 22;
  while (end >= 0 && !(tail.readUInt32LE(end) === 0x06054b50 && end + 22 + tail.readUInt16LE(end + 20) === tail.length))
    end--;
  if (end < 0) throw damagedFile(file.path, 'the zip archive has no end record (truncated?)');
  const disk = tail.readUInt16LE(end + 4);
  if (disk !== 0 && disk !== 0xffff)
    throw unsupportedContent(file.path, 'a zip archive split over several files', 'join it first');
  const directory = {
    count: tail.readUInt16LE(end + 10),
    sizeBytes: tail.readUInt32LE(end + 12),
    offset: tail.readUInt32LE(end + 16),
  };
  if (end < 20 || tail.readUInt32LE(end - 20) !== 0x07064b50) return directory;
  const record = file.read(uint64(tail, end - 12, file.path), 56);
  if (record.readUInt32LE(0) !== 0x06064b50)
    throw damagedFile(file.path, 'the zip64 end record is not where the archive says');
  return {
    count: uint64(record, 32, file.path),
    sizeBytes: uint64(record, 40, file.path),
    offset: uint64(record, 48, file.path),
  };
}

function readDirectory(file: FileSource): Map<string, ZipEntry> {
  const directory = findDirectory(file);
  if (directory.count > maxEntries)
    throw overLimit(file.path, 'number of zip entries', directory.count, maxEntries, 'entries');
  if (directory.sizeBytes > maxDirectoryBytes)
    throw overLimit(file.path, 'zip directory', directory.sizeBytes, maxDirectoryBytes, 'bytes');
  const bytes = file.read(directory.offset, directory.sizeBytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let index = 0; index < directory.count; index++) {
    const { entry, next } = readDirectoryEntry(bytes, at, file.path);
    if (entries.has(entry.name)) throw damagedFile(file.path, `two entries named ${printable(entry.name)}`);
    if (entry.headerOffset + 30 + entry.compressedBytes > directory.offset) {
      throw damagedFile(file.path, `entry ${printable(entry.name)} reaches into the zip directory`);
    }
    entries.set(entry.name, entry);
    at = next;
  }
  refuseOverlaps(entries, file.path);
  return entries;
}

function readDirectoryEntry(bytes: Buffer, at: number, path: string): { entry: ZipEntry; next: number } {
  if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50)
    throw damagedFile(path, 'the zip directory is cut short');
  const nameLength = bytes.readUInt16LE(at + 28);
  const extraLength = bytes.readUInt16LE(at + 30);
  const extraAt = at + 46 + nameLength;
  const next = extraAt + extraLength + bytes.readUInt16LE(at + 32);
  if (next > bytes.length) throw damagedFile(path, 'the zip directory is cut short');
  const name = bytes.toString('utf8', at + 46, extraAt);
  const wide = readZip64Field(bytes, extraAt, extraLength, path);
  const sized = (value: number): number => (value === absent32 && wide.length > 0 ? wide.shift()! : value);
  // The zip64 field holds only what is absent above it, in this order.
  const sizeBytes = sized(bytes.readUInt32LE(at + 24));
  const compressedBytes = sized(bytes.readUInt32LE(at + 20));
  const headerOffset = sized(bytes.readUInt32LE(at + 42));
  const method = bytes.readUInt16LE(at + 10);
  if (bytes.readUInt16LE(at + 8) & 1)
    throw unsupportedContent(path, `entry ${printable(name)} is encrypted`, 'decrypt the archive first');
  if (method === stored && sizeBytes !== compressedBytes) {
    throw damagedFile(path, `stored entry ${printable(name)} has two sizes, ${sizeBytes} and ${compressedBytes}`);
  }
  return { entry: { name, method, crc: bytes.readUInt32LE(at + 16), compressedBytes, sizeBytes, headerOffset }, next };
}

/** The 64-bit numbers of extra field 1, or none. */
function readZip64Field(bytes: Buffer, extraAt: number, extraLength: number, path: string): number[] {
  const numbers: number[] = [];
  for (let at = extraAt; at + 4 <= extraAt + extraLength;) {
    const length = bytes.readUInt16LE(at + 2);
    const end = at + 4 + length;
    if (end > extraAt + extraLength) break; // alignment padding is not always a whole field
    if (bytes.readUInt16LE(at) === 1) {
      for (let number = at + 4; number + 8 <= end; number += 8) numbers.push(uint64(bytes, number, path));
    }
    at = end;
  }
  return numbers;
}

/** Two entries over the same bytes are how small archives inflate to huge ones. */
function refuseOverlaps(entries: ReadonlyMap<string, ZipEntry>, path: string): void {
  const sorted = [...entries.values()].sort((a, b) => a.headerOffset - b.headerOffset);
  for (let index = 1; index < sorted.length; index++) {
    const previous = sorted[index - 1]!;
    if (previous.headerOffset + 30 + previous.compressedBytes > sorted[index]!.headerOffset) {
      throw damagedFile(path, `entries ${printable(previous.name)} and ${printable(sorted[index]!.name)} overlap`);
    }
  }
}

function uint64(bytes: Buffer, at: number, path: string): number {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damagedFile(path, `a zip offset of ${value.toString()}`);
  return Number(value);
}
