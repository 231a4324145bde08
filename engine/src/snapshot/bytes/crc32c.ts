const CASTAGNOLI = 0x82f63b78;

/** `TABLES[n * 256 + b]`: what byte `b` adds when `n` zero bytes follow it. Four bytes are taken in one step. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? CASTAGNOLI : 0);
    tables[byte] = value;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

/**
 * CRC-32C of bytes, as an unsigned number. For where it must be had at once, without the wait for a compiled one. `before` is that of the bytes
 * that come before them: then it is that of all of them together.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, before = 0): number {
  let crc = ~before;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    crc ^= (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    crc = shifted(3, crc & 0xff) ^ shifted(2, (crc >>> 8) & 0xff) ^ shifted(1, (crc >>> 16) & 0xff) ^ shifted(0, crc >>> 24);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ shifted(0, (crc ^ (bytes[at] ?? 0)) & 0xff);
  return ~crc >>> 0;
}

function shifted(zeros: number, byte: number): number {
  return TABLES[zeros * 256 + byte] ?? 0;
}
