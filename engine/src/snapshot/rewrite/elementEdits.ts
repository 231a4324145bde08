import { partOfElement } from '../analysis/elementQuery.ts';
import { compileExpression, type CompiledExpression } from '../analysis/expression.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { sameBytes } from '../bytes/sameBytes.ts';
import { bytesOfElement, elementOfShown } from '../connectorState/connectorElement.ts';
import { LEGACY_KAFKA_STATE } from '../connectorState/legacyKafkaState.ts';
import { enumConstantsOf } from '../keyed/stateCodec.ts';
import { describeSerializer } from '../serializers/describeSerializer.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { keySerializer, valueSerializer } from '../stateMetaInfo.ts';
import { dumpBytes, type DumpValue } from '../values/dumpValue.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { parseKey } from '../values/parseKey.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { valueReader, type ValueContext, type ValueReader } from '../values/valueReader.ts';
import type { ValueWriter } from '../values/simpleWriters.ts';
import { valueWriter } from '../values/valueWriter.ts';
import { keyOfText, SEVERAL_FORMS } from './entryEdits.ts';
import type { StoredSubtask } from './operatorRewrite.ts';
import { isFieldEdit, refuse, type EntryEdit } from './rewritePlan.ts';
import { bytesText } from './rowInHand.ts';
import type { TargetOperator } from './targetOperators.ts';
import { isUnchanged } from './unchangedValue.ts';

type StoredState = StoredSubtask['managed'][number];
type Edit = EntryEdit | Extract<TargetOperator['edits'][number], { edit: 'deleteWhere' }>;

/** How many elements or entries of a state the edits have touched. */
export interface ElementCounts {
  readonly group: 'list' | 'broadcast';
  changed: number;
  added: number;
  removed: number;
}

/** An entry of broadcast state, or an element of a list, whose key is empty. */
interface Item {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** By state. Of broadcast state, those of the first subtask. */
export type CountsByState = Map<string, ElementCounts>;

const NO_KEY = new Uint8Array(0);

/**
 * Sets, adds and deletes elements of an operator's list and union state, which are named by subtask and index, and entries of its broadcast
 * state, which are named by key and are the same in all subtasks. All of an operator's elements are in memory, as they are in Flink.
 */
export class ElementEdits {
  readonly #label: string;
  readonly #edits: readonly Edit[];
  readonly #byState = new Map<string, Edit[]>();
  readonly #conditions = new Map<string, CompiledExpression>();
  /** Those that had a state to be done to. */
  readonly #met = new Set<Edit>();

  /** `keyed` are the names of keyed states: edits of those are not for here. @throws RewriteRefused, ExpressionError */
  constructor({ edits, label }: TargetOperator, keyed: ReadonlySet<string>) {
    this.#label = label;
    this.#edits = edits.flatMap((edit): Edit[] => {
      if (edit.state === undefined || keyed.has(edit.state)) return [];
      if (edit.edit === 'set' || edit.edit === 'delete' || edit.edit === 'deleteWhere') return [edit];
      if (isFieldEdit(edit)) return [];
      return refuse(`${label}, state ${edit.state}: ${edit.edit} is for keyed state; of operator state, elements are set and deleted`);
    });
    for (const edit of this.#edits) {
      const own = this.#byState.get(edit.state);
      if (own === undefined) this.#byState.set(edit.state, [edit]);
      else own.push(edit);
    }
    for (const edit of this.#edits) if (edit.edit === 'deleteWhere') this.#conditions.set(edit.where, compileExpression(edit.where));
  }

  /** @throws RewriteRefused where an edit names an element that is not there, or a value does not fit */
  apply(subtask: number, stored: StoredSubtask, flink: FlinkMajor, counts: CountsByState): StoredSubtask {
    if (this.#edits.length === 0) return stored;
    const managed = stored.managed.map((state) => {
      const own = this.#byState.get(state.meta.name);
      return own === undefined ? state : this.#applied(subtask, state, own, flink, counts);
    });
    return { ...stored, managed };
  }

  /** Edits that named a place where nothing is are mistakes. `keeps` tells states that are written. @throws RewriteRefused */
  checkMet(keeps: (state: string) => boolean): void {
    for (const edit of this.#edits) {
      if (this.#met.has(edit) || !keeps(edit.state)) continue;
      const subtask = edit.edit === 'deleteWhere' ? 0 : (edit.subtask ?? 0);
      refuse(`${this.#label}, state ${edit.state}: there is no subtask ${String(subtask)} that has it`);
    }
  }

  #applied(subtask: number, state: StoredState, edits: readonly Edit[], flink: FlinkMajor, all: CountsByState): StoredState {
    const place = `${this.#label}, state ${state.meta.name}`;
    const isBroadcast = state.meta.kind === 'BROADCAST';
    const items = new StoredItems(state, flink, place);
    const counts = countsOf(all, state.meta.name, isBroadcast);
    for (const edit of edits) {
      if (edit.edit === 'deleteWhere' || isBroadcast || (edit.subtask ?? 0) === subtask) this.#met.add(edit);
      if (edit.edit === 'deleteWhere') {
        const condition = this.#conditions.get(edit.where);
        if (condition !== undefined) counts.removed += items.deleteWhere(condition, subtask);
      } else if (isBroadcast) {
        items.setEntry(edit, counts);
      } else if ((edit.subtask ?? 0) === subtask) {
        items.setElement(edit, counts);
      }
    }
    return { ...state, parts: items.parts() };
  }
}

/** Those of further copies of a broadcast state are thrown away. */
export function countsOf(all: CountsByState, state: string, isBroadcast: boolean): ElementCounts {
  const known = all.get(state);
  if (known !== undefined && !isBroadcast) return known;
  const counts: ElementCounts = { group: isBroadcast ? 'broadcast' : 'list', changed: 0, added: 0, removed: 0 };
  if (known === undefined) all.set(state, counts);
  return counts;
}

/** What a state of one subtask holds, taken apart as far as edits need it. */
class StoredItems {
  readonly #state: StoredState;
  readonly #flink: FlinkMajor;
  readonly #place: string;
  readonly #key: SerializerSnapshot | null;
  readonly #value: SerializerSnapshot;
  /** Null where one was deleted: an index means what it means in the source, whatever else is deleted. */
  readonly #items: (Item | null)[];
  /** How many there are in the source. */
  readonly #count: number;
  /** Where the entry of a key is. Made when the first key is looked for. */
  #placeOfKey: Map<string, number> | null = null;
  readonly #writers = new Map<SerializerSnapshot, ValueWriter>();
  readonly #readValue: ValueReader;

  constructor(state: StoredState, flink: FlinkMajor, place: string) {
    this.#state = state;
    this.#flink = flink;
    this.#place = place;
    this.#key = state.meta.kind === 'BROADCAST' ? keySerializer(state.meta) : null;
    this.#value = valueSerializer(state.meta) ?? refuse(`${place} does not say of what type it is`);
    this.#items =
      state.meta.kind === 'BROADCAST'
        ? state.parts.flatMap((part) => this.#entriesIn(part))
        : state.parts.map((value) => ({ key: NO_KEY, value }));
    this.#count = this.#items.length;
    this.#readValue = this.#reader(this.#value);
  }

  parts(): Uint8Array[] {
    const items = this.#items.filter((item) => item !== null);
    if (this.#state.meta.kind !== 'BROADCAST') return items.map(({ value }) => value);
    const writer = new ByteWriter(1024);
    writer.i32(items.length);
    for (const { key, value } of items) {
      writer.raw(key);
      writer.raw(value);
    }
    return [writer.toBytes()];
  }

  /** How many it was true of. */
  deleteWhere(condition: CompiledExpression, subtask: number): number {
    const [readKey, readValue] = [this.#key === null ? null : this.#reader(this.#key), this.#reader(this.#value)];
    const group = this.#key === null ? 'list' : 'broadcast';
    let removed = 0;
    for (const [index, item] of this.#items.entries()) {
      if (item === null) continue;
      const { key, value } = item;
      const element = {
        group,
        state: this.#state.meta.name,
        subtask,
        index,
        key: readKey === null ? null : this.#readable(() => readKey(new ByteReader(key))),
        value: this.#readable(() => readValue(new ByteReader(value))),
      } as const;
      if (condition.evaluate(condition.paths.map((path) => partOfElement(element, path))) !== true) continue;
      removed++;
      this.#clear(index);
    }
    return removed;
  }

  setElement({ edit, index, value, key }: EntryEdit, counts: ElementCounts): void {
    if (key !== undefined) refuse(`${this.#place} has elements, which are named by subtask and index, and no keys`);
    if (index !== undefined && index >= this.#count)
      refuse(`${this.#place}: there is no element ${String(index)}, for its subtask has ${String(this.#count)}`);
    if (edit === 'delete') {
      if (index === undefined) refuse(`${this.#place}: which element is to be deleted is said by subtask and index`);
      this.#delete(index, counts);
      return;
    }
    const place = index ?? this.#items.length;
    this.#put(place, { key: NO_KEY, value: this.#elementAt(place, value) }, counts);
  }

  setEntry({ edit, value, key }: EntryEdit, counts: ElementCounts): void {
    if (key === undefined || this.#key === null) return refuse(`${this.#place} has entries, which are named by their key`);
    const serializer = this.#key;
    if (this.#placeOfKey === null && SEVERAL_FORMS.test(JSON.stringify(serializer)))
      refuse(
        `${this.#place}: keys of type ${describeSerializer(serializer)} may be written in several ways, so no entry is found by its key`,
      );
    const parsed = typeof key === 'string' ? keyOfText(key, (text) => parseKey(serializer, text, this.#flink)) : key;
    const keyBytes = this.#written(serializer, parsed);
    const text = bytesText(keyBytes, 0, keyBytes.length);
    const places = this.#places();
    const found = places.get(text);
    if (edit === 'set') {
      const index = found ?? this.#items.length;
      this.#put(index, { key: keyBytes, value: this.#valueAt(index, value) }, counts);
      places.set(text, index);
    } else if (found !== undefined) this.#delete(found, counts);
  }

  #places(): Map<string, number> {
    if (this.#placeOfKey === null) {
      this.#placeOfKey = new Map();
      for (const [index, item] of this.#items.entries())
        if (item !== null) this.#placeOfKey.set(bytesText(item.key, 0, item.key.length), index);
    }
    return this.#placeOfKey;
  }

  #delete(index: number, counts: ElementCounts): void {
    if (this.#items[index] === null) return;
    this.#clear(index);
    counts.removed++;
  }

  #clear(index: number): void {
    const item = this.#items[index];
    if (item != null) this.#placeOfKey?.delete(bytesText(item.key, 0, item.key.length));
    this.#items[index] = null;
  }

  #put(index: number, item: Item, counts: ElementCounts): void {
    const before = this.#items[index];
    if (before == null) counts.added++;
    else if (!sameBytes(before.value, item.value)) counts.changed++;
    this.#items[index] = item;
  }

  #entriesIn(part: Uint8Array): Item[] {
    const [readKey, readValue] = [this.#reader(this.#key ?? this.#value), this.#reader(this.#value)];
    const reader = new ByteReader(part);
    const count = reader.count(0);
    return Array.from({ length: count }, () => {
      const start = reader.offset;
      this.#readable(() => readKey(reader));
      const middle = reader.offset;
      this.#readable(() => readValue(reader));
      return { key: part.subarray(start, middle), value: part.subarray(middle, reader.offset) };
    });
  }

  #reader(serializer: SerializerSnapshot): ValueReader {
    const context: ValueContext = { flink: this.#flink, enumConstants: enumConstantsOf([this.#key, this.#value]) };
    return valueReader(serializer, context);
  }

  #readable<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof UnreadableValue) return refuse(`${this.#place}: what cannot be read cannot be edited: ${error.message}`);
      throw error;
    }
  }

  /** As `#valueAt`; what connectors keep as bytes of their own is given in parts. */
  #elementAt(index: number, given: unknown): Uint8Array {
    const element = this.#fitting(() => elementOfShown(this.#state.meta.name, (given ?? null) as DumpValue));
    // What Kryo wrote goes back as it is.
    const bytes = this.#state.meta.name === LEGACY_KAFKA_STATE ? bytesOfElement(element) : null;
    return bytes ?? this.#valueAt(index, element);
  }

  /** Where nothing has been changed, the bytes stay. */
  #valueAt(index: number, given: unknown): Uint8Array {
    const before = this.#items[index]?.value;
    const value = (given ?? null) as DumpValue;
    return before !== undefined && isUnchanged(this.#shown(before), value) ? before : this.#written(this.#value, value);
  }

  /** As in a dump: what cannot be read is its bytes. */
  #shown(bytes: Uint8Array): DumpValue {
    try {
      return this.#readValue(new ByteReader(bytes));
    } catch (error) {
      if (error instanceof UnreadableValue) return dumpBytes(bytes);
      throw error;
    }
  }

  #written(serializer: SerializerSnapshot, value: unknown): Uint8Array {
    const writer = new ByteWriter(256);
    this.#fitting(() => {
      this.#writerOf(serializer)(writer, (value ?? null) as DumpValue);
    });
    return writer.toBytes();
  }

  #fitting<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      if (error instanceof UnfitValue) return refuse(`${this.#place}: what is set does not fit its type: ${error.message}`);
      throw error;
    }
  }

  #writerOf(serializer: SerializerSnapshot): ValueWriter {
    let write = this.#writers.get(serializer);
    if (write === undefined) {
      write = valueWriter(serializer, this.#flink);
      this.#writers.set(serializer, write);
    }
    return write;
  }
}
