import { ByteWriter } from '../bytes/byteWriter.ts';
import type { KeyGroupSink } from './keyGroupSink.ts';

/** Rows that are gathered to be put in the order of key groups and states. Buffers are kept from one use to the next. */
export class RowLog {
  readonly #bytes = new ByteWriter(64 << 10);
  readonly #starts: number[] = [];
  readonly #keyEnds: number[] = [];
  /** Key group and state in one number. */
  readonly #places: number[] = [];

  /** Bytes that the rows take. */
  get size(): number {
    return this.#bytes.length + this.#starts.length * 24;
  }

  clear(): void {
    this.#bytes.reset();
    this.#starts.length = this.#keyEnds.length = this.#places.length = 0;
  }

  add(
    keyGroup: number,
    state: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.#places.push(keyGroup * 0x10000 + state);
    this.#starts.push(this.#bytes.length);
    this.#bytes.range(key, keyStart, keyEnd);
    this.#keyEnds.push(this.#bytes.length);
    this.#bytes.range(value, valueStart, valueEnd);
  }

  /** In ascending order of key group and state, rows of one state in the order in which they came. */
  writeTo(sink: KeyGroupSink): void {
    const bytes = this.#bytes.view();
    const places = this.#places;
    let open = -1;
    for (const i of this.#order()) {
      const place = places[i] ?? 0;
      const keyGroup = Math.floor(place / 0x10000);
      if (keyGroup !== open) {
        if (open >= 0) sink.end();
        sink.begin(keyGroup);
        open = keyGroup;
      }
      const keyEnd = this.#keyEnds[i] ?? 0;
      sink.row(place % 0x10000, bytes, this.#starts[i] ?? 0, keyEnd, bytes, keyEnd, this.#starts[i + 1] ?? bytes.length);
    }
    if (open >= 0) sink.end();
  }

  #order(): Uint32Array {
    const order = Uint32Array.from(this.#places.keys());
    const places = this.#places;
    let sorted = true;
    for (let i = 1; sorted && i < places.length; i++) sorted = (places[i - 1] ?? 0) <= (places[i] ?? 0);
    return sorted ? order : order.sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0) || a - b);
  }
}
