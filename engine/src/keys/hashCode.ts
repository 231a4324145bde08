/**
 * Java's `hashCode()` of the classes that keys have. Flink finds a key's key group from it, so it has to be right to the bit.
 * All results are int32.
 */

export function hashOfString(text: string): number {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
  return h;
}

export function hashOfInt(value: number): number {
  return value | 0;
}

/** `java.lang.Long` of a safe integer. */
export function hashOfLong(value: number): number {
  const low = value | 0;
  // Within 32 bits the high word is the sign alone: no division on the common path.
  if (low === value) return low ^ (low >> 31);
  return Math.floor(value / 4294967296) ^ low;
}

export function hashOfBoolean(value: boolean): number {
  return value ? 1231 : 1237;
}

/** `java.math.BigInteger`: over the magnitude's 32-bit words from the most significant, times the sign. */
export function hashOfBigInteger(value: bigint): number {
  let magnitude = value < 0n ? -value : value;
  const words: number[] = [];
  while (magnitude > 0n) {
    words.push(Number(magnitude & 0xffffffffn));
    magnitude >>= 32n;
  }
  let h = 0;
  for (let i = words.length - 1; i >= 0; i--) h = (Math.imul(h, 31) + (words[i] ?? 0)) | 0;
  return value < 0n ? -h | 0 : h;
}

const doubleBits = new DataView(new ArrayBuffer(8));

/** `java.lang.Double`: all NaN are one value, 0 and -0 are two. */
export function hashOfDouble(value: number): number {
  if (Number.isNaN(value)) return 0x7ff80000;
  doubleBits.setFloat64(0, value);
  return doubleBits.getInt32(0) ^ doubleBits.getInt32(4);
}

/** How `TupleN` goes from the hash so far to the hash with one more field. It starts with the first field's own hash. */
export function hashWithField(hash: number, fieldHash: number): number {
  return (Math.imul(hash, 31) + fieldHash) | 0;
}
