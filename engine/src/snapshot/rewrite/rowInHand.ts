import type { KeyedRow } from '../keyed/keyedRows.ts';

const EMPTY = new Uint8Array(0);

/** A row on its way from a source into the new snapshot. There is one, which edits change in place. */
export class RowInHand {
  /** In the header that is written. */
  state = 0;
  key: Uint8Array = EMPTY;
  keyStart = 0;
  keyEnd = 0;
  value: Uint8Array = EMPTY;
  valueStart = 0;
  valueEnd = 0;

  /** Takes what a source shows, without copying it. */
  take(row: KeyedRow): void {
    this.key = row.keyBytes;
    this.keyStart = row.keyStart;
    this.keyEnd = row.keyEnd;
    this.value = row.valueBytes;
    this.valueStart = row.valueStart;
    this.valueEnd = row.valueEnd;
  }

  setKey(bytes: Uint8Array): void {
    this.key = bytes;
    this.keyStart = 0;
    this.keyEnd = bytes.length;
  }

  hasValue(bytes: Uint8Array): boolean {
    const { value, valueStart, valueEnd } = this;
    if (bytes.length !== valueEnd - valueStart) return false;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== value[valueStart + i]) return false;
    return true;
  }

  setValue(bytes: Uint8Array): void {
    this.value = bytes;
    this.valueStart = 0;
    this.valueEnd = bytes.length;
  }
}

/** Bytes as a text of the same order and length, for use as a key of a map. */
export function bytesText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}
