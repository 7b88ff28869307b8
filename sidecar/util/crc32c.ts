// CRC-32C, as TensorFlow's records use it; of zip files' CRC-32 Node has its own (zlib.crc32). For the few bytes of an event, so a
// byte at a time.

const polynomial = 0x82f63b78; // Castagnoli, RFC 3720, reversed

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? polynomial ^ (remainder >>> 1) : remainder >>> 1;
  return remainder;
});

export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
