const SHORTEST_MATCH = 4;
const LONGER = 15;

/** A raw block of LZ4. `size` is what must come out; `out` has room for it. @throws RangeError where the data is damaged */
export function decodeLz4Block(data: Uint8Array, start: number, end: number, out: Uint8Array, size: number): void {
  let at = start;
  let length = 0;
  const lengthOf = (nibble: number): number => {
    if (nibble < LONGER) return nibble;
    let sum = nibble;
    for (;;) {
      const byte = data[at++];
      if (byte === undefined || at > end) throw new RangeError('cut off');
      sum += byte;
      if (byte !== 255) return sum;
    }
  };
  while (at < end) {
    const token = data[at++] ?? 0;
    const literals = lengthOf(token >> 4);
    if (literals > end - at || literals > size - length) throw new RangeError('a literal does not fit');
    for (const stop = at + literals; at < stop;) out[length++] = data[at++] ?? 0;
    // The last sequence has literals only.
    if (at === end) break;
    if (end - at < 2) throw new RangeError('cut off');
    const distance = (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8);
    at += 2;
    const match = lengthOf(token & 15) + SHORTEST_MATCH;
    if (distance === 0 || distance > length || match > size - length) throw new RangeError('a copy from outside the data');
    for (const stop = length + match; length < stop; length++) out[length] = out[length - distance] ?? 0;
  }
  if (length !== size) throw new RangeError(`${String(size)} bytes promised, ${String(length)} found`);
}
