import { ByteReader } from '../snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { KeyType, Type } from '../types/type.ts';

/** Takes canonical entries of one key group; KeyGroupBlockWriter is one. See there for the order of calls. */
export interface EntrySink {
  beginEntry(state: number): ByteWriter;
  beginValue(): ByteWriter;
  endEntry(): void;
}

/** Key and namespace of the entries being written. One object is used again and again. */
export class EntryAddress {
  readonly #keyType: KeyType<unknown>;
  #key: unknown = null;
  #namespaceType: Type<unknown>;
  #namespace: unknown = null;

  constructor(keyType: KeyType<unknown>, namespaceType: Type<unknown>) {
    this.#keyType = keyType;
    this.#namespaceType = namespaceType;
  }

  set(key: unknown, namespaceType: Type<unknown>, namespace: unknown): this {
    this.#key = key;
    this.#namespaceType = namespaceType;
    this.#namespace = namespace;
    return this;
  }

  write(writer: ByteWriter): void {
    this.#keyType.write(writer, this.#key);
    this.#namespaceType.write(writer, this.#namespace);
  }

  /** A timer's entry: time first, sign bit flipped so that bytes order as times do; no value. */
  writeTimer(entries: EntrySink, state: number, time: number): void {
    const writer = entries.beginEntry(state);
    const at = writer.length;
    writer.i64FromNumber(time);
    writer.patchU8(at, writer.byteAt(at) ^ 0x80);
    this.write(writer);
    entries.beginValue();
    entries.endEntry();
  }
}

/** Hands everything on, and knows of which state the last entry is: for errors. */
export class TrackedSink implements EntrySink {
  into!: EntrySink;
  state = -1;

  beginEntry(state: number): ByteWriter {
    this.state = state;
    return this.into.beginEntry(state);
  }

  beginValue(): ByteWriter {
    return this.into.beginValue();
  }

  endEntry(): void {
    this.into.endEntry();
  }
}

/** Entries of keys that changed before the writer came to their key group: kept as bytes, handed on when it does. */
export class CapturedEntries implements EntrySink {
  readonly #writer = new ByteWriter(256);
  #lengthAt = 0;

  beginEntry(state: number): ByteWriter {
    this.#writer.i32(state);
    this.#openLength();
    return this.#writer;
  }

  beginValue(): ByteWriter {
    this.#closeLength();
    this.#openLength();
    return this.#writer;
  }

  endEntry(): void {
    this.#closeLength();
  }

  replay(into: EntrySink): void {
    const reader = new ByteReader(this.#writer.view());
    while (reader.remaining > 0) {
      into.beginEntry(reader.i32()).raw(reader.bytes32());
      into.beginValue().raw(reader.bytes32());
      into.endEntry();
    }
  }

  #openLength(): void {
    this.#lengthAt = this.#writer.length;
    this.#writer.i32(0);
  }

  #closeLength(): void {
    this.#writer.patchI32(this.#lengthAt, this.#writer.length - this.#lengthAt - 4);
  }
}
