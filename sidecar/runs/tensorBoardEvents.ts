// Scalars as TensorBoard's event files have them: TFRecords of `Event` messages. Only what scalars need is written.
// Source: tensorflow/core/lib/io/record_writer.h (framing), tensorflow/core/util/event.proto and framework/summary.proto.
import { crc32c } from '../util/crc32c';

export interface Scalar {
  /** `train/loss`: TensorBoard groups by what comes before the slash. */
  readonly tag: string;
  readonly step: number;
  readonly value: number;
  /** *Units* seconds since 1970. */
  readonly wallTime: number;
}

/** The bytes of an event file. */
export function* tensorBoardEvents(scalars: Iterable<Scalar>, createdAt: number): Generator<Uint8Array> {
  yield record(Buffer.concat([double(1, createdAt), text(3, 'brain.Event:2')]));
  for (const { tag, step, value, wallTime } of scalars) {
    const summary = message(1, Buffer.concat([text(1, tag), float(2, value)]));
    yield record(Buffer.concat([double(1, wallTime), integer(2, step), message(5, summary)]));
  }
}

/** Length, its checksum, data, its checksum. */
function record(data: Uint8Array): Uint8Array {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(data.length));
  head.writeUInt32LE(masked(head.subarray(0, 8)), 8);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(masked(data));
  return Buffer.concat([head, data, tail]);
}

/** A checksum of data that holds checksums would be weak; so they are rotated and shifted. */
function masked(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

// Protocol buffers: a key of field number and wire type, then the value.

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = (field << 3) | wire.fixed64;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = (field << 3) | wire.fixed32;
  bytes.writeFloatLE(value, 1);
  return bytes;
}

function integer(field: number, value: number): Buffer {
  return Buffer.from([(field << 3) | wire.varint, ...varint(value)]);
}

function message(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | wire.bytes, ...varint(content.length)]), content]);
}

const text = (field: number, value: string): Buffer => message(field, Buffer.from(value, 'utf8'));

/** Seven bits a byte, lowest first. *Units* value below 2^53. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
