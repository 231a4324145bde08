import { writePartLength } from '../keyed/partLength.ts';
import type { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import type { ScanSignal } from '../keyed/keyedRows.ts';
import type { KeyedCodec, StateCodec } from '../keyed/stateCodec.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { ByteKeyTable } from './byteKeyTable.ts';
import { CHANGE } from './changeOperation.ts';
import type { LogSegment } from './changelogIndex.ts';
import type { StateIds } from './declaredStates.ts';

const SEPARATOR = 0x2c;
const TIMESTAMP_SIZE = 8;
const EMPTY = new Uint8Array(0);

/**
 * What the log makes of one value: of a key and namespace, of a map's entry, or of a timer, which is there or is not.
 * Without `replaces` it is put after the elements of the base's list.
 */
export class ChangedValue {
  replaces = false;
  present = false;
  /** What is known of it is not the value: two values were merged, by a function of the job. */
  unresolved = false;
  /** It is as its whole serializer writes it, because its elements cannot be told apart. */
  opaque = false;
  #bytes: Uint8Array = EMPTY;
  #length = 0;
  /** The visitor has had it. */
  shown = false;

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  remove(): void {
    this.replaces = true;
    this.present = this.unresolved = this.opaque = false;
    this.#length = 0;
  }

  /** What is written again and again needs no memory again. */
  set(bytes: Uint8Array, start: number, end: number, nullMark = -1): void {
    this.remove();
    this.present = true;
    if (nullMark >= 0) this.#push(nullMark);
    this.#append(bytes, start, end);
  }

  addElement(bytes: Uint8Array, start: number, end: number): void {
    if (this.opaque || this.unresolved) {
      this.leaveUnresolved();
      return;
    }
    if (this.present) this.#push(SEPARATOR);
    this.present = true;
    this.#append(bytes, start, end);
  }

  leaveUnresolved(): void {
    this.remove();
    this.present = this.unresolved = true;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    // Values are mostly short: a view of them would cost more than the bytes.
    for (let i = start; i < end; i++) this.#bytes[this.#length++] = bytes[i] ?? 0;
  }

  #push(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(this.#length === 0 ? needed : Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** What the log makes of a map. */
export class ChangedMap {
  /** Nothing of the base's is left. */
  cleared = false;
  /** It has a user key whose class is not known: what of the map the log changes cannot be told. */
  unresolved = false;
  /** Numbers of its entries in the table of values. */
  readonly entries: number[] = [];
  shown = false;
}

/** Values of the base that a merge of namespaces asks for. */
export interface BaseValues {
  /** The value in canonical encoding; null where there is none. `opaque` ones are as their whole serializer writes them. */
  get(state: number, bytes: Uint8Array, start: number, end: number): { readonly bytes: Uint8Array; readonly opaque: boolean } | null;
}

/**
 * Replays the changes of one key group. Holds the last value of each key that the log changes, no more: not the changes, and nothing of
 * the base that they leave alone.
 */
export class KeyGroupChanges {
  readonly #codec: KeyedCodec;
  readonly #base: BaseValues;
  readonly #mixed: ReadonlySet<number>;
  /** By state, then key and namespace, and user key or timestamp where there is one. */
  readonly keys = new ByteKeyTable();
  readonly values: ChangedValue[] = [];
  /** Maps by state, key and namespace. */
  readonly mapKeys = new ByteKeyTable();
  readonly maps: ChangedMap[] = [];
  readonly #key = new ByteWriter(64);
  /** Where the composite key that is being changed is. */
  #keyBytes: Uint8Array = EMPTY;
  #keyStart = 0;
  #keyEnd = 0;
  /** The key alone, in the change. */
  #plainKeyStart = 0;
  #plainKeyEnd = 0;

  /** `mixed` are the states whose values are not in one encoding. */
  constructor(codec: KeyedCodec, mixed: ReadonlySet<number>, base: BaseValues) {
    this.#codec = codec;
    this.#mixed = mixed;
    this.#base = base;
  }

  /** `wanted` are the states to replay; null for all. @throws FormatError; UnreadableValue where a key or namespace cannot be read */
  async replay(segments: readonly LogSegment[], wanted: ReadonlySet<number> | null, signal?: ScanSignal): Promise<void> {
    for (const segment of segments) {
      await segment.forEach((change, ids) => {
        const operation = change.u8();
        const id = change.i16();
        const state = stateOf(change, id, ids);
        if (wanted === null || wanted.has(state)) this.#apply(change, operation, state);
      }, signal);
    }
  }

  #apply(change: ByteReader, operation: number, state: number): void {
    const codec = this.#codec.states[state] ?? change.fail('a state that is not declared');
    if (this.#mixed.has(state)) throw mixedState(codec.meta.name);
    if (codec.type === 'TIMER') {
      this.#applyToTimers(change, operation, state, codec);
      return;
    }
    this.#readKey(change, codec);
    if (codec.type === 'MAP') this.#applyToMap(change, operation, state, codec);
    else if (codec.type === 'LIST') this.#applyToList(change, operation, state, codec);
    else this.#applyToValue(change, operation, state, codec);
  }

  /** Leaves the composite key where the fields say; it is only copied where lengths must go into it. */
  #readKey(change: ByteReader, codec: StateCodec): void {
    const start = (this.#plainKeyStart = change.offset);
    this.#codec.key(change);
    const keyEnd = (this.#plainKeyEnd = change.offset);
    codec.namespace(change);
    if (codec.ambiguous) this.#writeKey(change.bytes.subarray(start, keyEnd), change.bytes.subarray(keyEnd, change.offset), true);
    else this.#useKey(change.bytes, start, change.offset);
  }

  #writeKey(key: Uint8Array, namespace: Uint8Array, ambiguous: boolean): void {
    this.#key.reset();
    this.#key.raw(key);
    if (ambiguous) writePartLength(this.#key, key.length);
    this.#key.raw(namespace);
    if (ambiguous) writePartLength(this.#key, namespace.length);
    this.#useKey(this.#key.view(), 0, this.#key.length);
  }

  #useKey(bytes: Uint8Array, start: number, end: number): void {
    this.#keyBytes = bytes;
    this.#keyStart = start;
    this.#keyEnd = end;
  }

  #valueOf(state: number, bytes: Uint8Array, start: number, end: number): ChangedValue {
    const index = this.keys.add(state, bytes, start, end);
    return (this.values[index] ??= new ChangedValue());
  }

  #applyToTimers(change: ByteReader, operation: number, state: number, codec: StateCodec): void {
    if (operation === CHANGE.removeElement) {
      this.#valueOf(state, change.bytes, change.offset, change.end).remove();
      return;
    }
    if (operation !== CHANGE.addElement) failOn(change, operation, 'timers');
    const count = change.count(TIMESTAMP_SIZE);
    for (let i = 0; i < count; i++) {
      const start = change.offset;
      // The last one reaches to the end of the change.
      if (i === count - 1) change.offset = change.end;
      else {
        change.take(TIMESTAMP_SIZE);
        this.#codec.key(change);
        codec.namespace(change);
      }
      const timer = this.#valueOf(state, change.bytes, start, change.offset);
      timer.remove();
      timer.present = true;
    }
    if (change.remaining > 0) change.fail(`${String(change.remaining)} bytes are left over`);
  }

  #applyToValue(change: ByteReader, operation: number, state: number, codec: StateCodec): void {
    const value = this.#valueOf(state, this.#keyBytes, this.#keyStart, this.#keyEnd);
    if (operation === CHANGE.set || operation === CHANGE.setInternal) value.set(change.bytes, change.offset, change.end);
    else if (operation === CHANGE.clear) value.remove();
    else if (operation === CHANGE.mergeNamespaces && codec.type !== 'VALUE') this.#mergeNamespaces(change, state, codec, value);
    else failOn(change, operation, 'a value');
  }

  #applyToList(change: ByteReader, operation: number, state: number, codec: StateCodec): void {
    const list = this.#valueOf(state, this.#keyBytes, this.#keyStart, this.#keyEnd);
    switch (operation) {
      case CHANGE.set:
      case CHANGE.setInternal:
        list.remove();
        addElements(change, codec, list);
        break;
      case CHANGE.add:
        addElements(change, codec, list);
        break;
      case CHANGE.addElement:
        list.addElement(change.bytes, change.offset, change.end);
        break;
      case CHANGE.clear:
        list.remove();
        break;
      case CHANGE.mergeNamespaces:
        this.#mergeNamespaces(change, state, codec, list);
        break;
      default:
        failOn(change, operation, 'a list');
    }
  }

  #applyToMap(change: ByteReader, operation: number, state: number, codec: StateCodec): void {
    const index = this.mapKeys.add(state, this.#keyBytes, this.#keyStart, this.#keyEnd);
    const map = (this.maps[index] ??= new ChangedMap());
    if (operation === CHANGE.clear) {
      map.cleared = true;
      map.unresolved = false;
      for (const entry of map.entries) this.values[entry]?.remove();
      return;
    }
    try {
      this.#changeEntries(change, operation, state, codec, map);
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      map.unresolved = true;
    }
  }

  #changeEntries(change: ByteReader, operation: number, state: number, codec: StateCodec, map: ChangedMap): void {
    switch (operation) {
      case CHANGE.addElement:
      case CHANGE.addOrUpdateElement: {
        const entry = this.#readEntry(change, state, codec, map);
        entry.set(change.bytes, change.offset, change.end, 0);
        return;
      }
      case CHANGE.removeElement:
        this.#readEntry(change, state, codec, map).remove();
        if (change.remaining > 0) change.fail(`${String(change.remaining)} bytes are left over`);
        return;
      case CHANGE.add: {
        const count = change.count();
        for (let i = 0; i < count; i++) {
          const entry = this.#readEntry(change, state, codec, map);
          const start = change.offset;
          if (!change.bool()) codec.userValue(change);
          entry.set(change.bytes, start, change.offset);
        }
        if (change.remaining > 0) change.fail(`${String(change.remaining)} bytes are left over`);
        return;
      }
      default:
        failOn(change, operation, 'a map');
    }
  }

  #readEntry(change: ByteReader, state: number, codec: StateCodec, map: ChangedMap): ChangedValue {
    const start = change.offset;
    codec.userKey(change);
    let bytes = change.bytes;
    let keyStart = this.#keyStart;
    let keyEnd = change.offset;
    // Where the user key follows key and namespace at once, the composite key is in the change already.
    if (this.#keyBytes !== change.bytes || start !== this.#keyEnd) {
      const prefix = this.#keyEnd - this.#keyStart;
      bytes = new Uint8Array(prefix + change.offset - start);
      bytes.set(this.#keyBytes.subarray(this.#keyStart, this.#keyEnd));
      bytes.set(change.bytes.subarray(start, change.offset), prefix);
      keyStart = 0;
      keyEnd = bytes.length;
    }
    const known = this.keys.size;
    const index = this.keys.add(state, bytes, keyStart, keyEnd);
    if (index === known) map.entries.push(index);
    return (this.values[index] ??= new ChangedValue());
  }

  /**
   * The target takes in the values of the sources, which are then gone. Lists are joined, in this order. Of reducing and aggregating state
   * one value alone stays as it is; two of them are merged by a function that only the job has.
   */
  #mergeNamespaces(change: ByteReader, state: number, codec: StateCodec, target: ChangedValue): void {
    const targetKey = this.#keyBytes.slice(this.#keyStart, this.#keyEnd);
    const key = change.bytes.subarray(this.#plainKeyStart, this.#plainKeyEnd);
    codec.namespace(change);
    const count = change.count();
    for (let i = 0; i < count; i++) {
      const start = change.offset;
      codec.namespace(change);
      this.#writeKey(key, change.bytes.subarray(start, change.offset), codec.ambiguous);
      const source = this.#valueOf(state, this.#keyBytes, this.#keyStart, this.#keyEnd);
      if (source === target) change.fail('a namespace is merged with itself', start);
      if (codec.type === 'LIST') this.#joinLists(target, source, state);
      else this.#moveValue(target, targetKey, source, state);
      source.remove();
    }
    if (change.remaining > 0) change.fail(`${String(change.remaining)} bytes are left over`);
  }

  /** The source's key is the one in hand. */
  #joinLists(target: ChangedValue, source: ChangedValue, state: number): void {
    const base = source.replaces ? null : this.#base.get(state, this.#keyBytes, this.#keyStart, this.#keyEnd);
    if (base !== null) {
      if (base.opaque) target.leaveUnresolved();
      else target.addElement(base.bytes, 0, base.bytes.length);
    }
    if (!source.present) return;
    if (source.opaque || source.unresolved) target.leaveUnresolved();
    else target.addElement(source.bytes, 0, source.length);
  }

  #moveValue(target: ChangedValue, targetKey: Uint8Array, source: ChangedValue, state: number): void {
    this.#resolve(source, state, this.#keyBytes, this.#keyStart, this.#keyEnd);
    this.#resolve(target, state, targetKey, 0, targetKey.length);
    if (!source.present) return;
    if (target.present || source.unresolved) target.leaveUnresolved();
    else {
      target.set(source.bytes, 0, source.length);
      target.opaque = source.opaque;
    }
  }

  #resolve(value: ChangedValue, state: number, bytes: Uint8Array, start: number, end: number): void {
    if (value.replaces) return;
    const base = this.#base.get(state, bytes, start, end);
    if (base === null) return;
    value.set(base.bytes, 0, base.bytes.length);
    value.opaque = base.opaque;
  }
}

export function mixedState(name: string): UnreadableValue {
  return new UnreadableValue(`the state ${name}, whose serializers changed while its log was written,`);
}

function stateOf(change: ByteReader, id: number, ids: StateIds): number {
  return ids.get(id) ?? change.fail(`the state with the id ${String(id)} is not declared`, change.offset - 2);
}

function failOn(change: ByteReader, operation: number, what: string): never {
  return change.fail(`operation ${String(operation)} is not one on ${what}`);
}

/** A whole list, as its serializer writes it. Where its elements cannot be told apart, all that the list then holds is opaque. */
function addElements(change: ByteReader, codec: StateCodec, list: ChangedValue): void {
  const start = change.offset;
  try {
    const count = change.count();
    const found: number[] = [change.offset];
    for (let i = 0; i < count; i++) {
      const before = change.offset;
      codec.element(change);
      if (change.offset === before) change.fail('list elements without bytes');
      found.push(change.offset);
    }
    if (change.remaining > 0) change.fail(`${String(change.remaining)} bytes are left over`);
    for (let i = 0; i < count; i++) list.addElement(change.bytes, found[i] ?? 0, found[i + 1] ?? 0);
  } catch (error) {
    if (!(error instanceof UnreadableValue)) throw error;
    if (list.present || !list.replaces) list.leaveUnresolved();
    else {
      list.set(change.bytes, start, change.end);
      list.opaque = true;
    }
  }
}
