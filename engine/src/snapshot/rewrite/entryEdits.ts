import { keyGroupOfHash } from '../../keys/keyGroup.ts';
import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { describeSerializer } from '../serializers/describeSerializer.ts';
import { dumpText, type DumpValue } from '../values/dumpValue.ts';
import { parseKey } from '../values/parseKey.ts';
import { inPart, UnfitValue } from '../values/unfitValue.ts';
import { isDumpObject, longOf } from '../values/valueParts.ts';
import type { RowHasher } from './keyGroupOfRow.ts';
import { refuse, type EntryEdit } from './rewritePlan.ts';
import type { StateReport } from './rewriteReport.ts';
import { bytesText, type RowInHand } from './rowInHand.ts';
import { StateWriter } from './stateWriter.ts';
import { isUnchanged } from './unchangedValue.ts';

/** What may be written in more than one order, or by other code than ours: equal keys need not have equal bytes. */
export const SEVERAL_FORMS = /"kind":"(map|sortedMap|nullAwareMap|set|mapData|kryo)"/;

/** An entry, as a row. */
interface Entry {
  readonly key: Uint8Array;
  readonly keyGroup: number;
  /** Null where it is deleted; why it cannot be written, where no value of its type can. */
  readonly value: Uint8Array | UnfitValue | null;
  /** As it was said. */
  readonly given: DumpValue;
  /** A row of the sources had this key, so that it was set there. */
  met: boolean;
}

/** A text is a key itself, where keys are texts; else what it means to people. */
export function keyOfText(text: string, parse: (text: string) => DumpValue): DumpValue {
  try {
    return parse(JSON.stringify(text));
  } catch (error) {
    if (!(error instanceof UnfitValue)) throw error;
    return parse(text);
  }
}

/** What a dump shows as bytes is of no form that can be written. */
function bytesOrProblem(given: DumpValue, write: () => Uint8Array): Uint8Array | UnfitValue {
  try {
    return write();
  } catch (error) {
    if (error instanceof UnfitValue && (error.isUnwritable || (isDumpObject(given) && given['$bytes'] !== undefined))) return error;
    throw error;
  }
}

/** Entries of one state that are set or deleted. */
export class EntryEdits {
  /** By the bytes of whole keys. */
  readonly #entries = new Map<string, Entry>();
  /** Keys with namespaces whose maps are replaced as a whole. */
  readonly #maps = new Set<string>();
  readonly #mapLengths = new Set<number>();
  readonly #place: string;
  readonly #byKeyGroup = new Map<number, Entry[]>();

  /** @throws RewriteRefused where an entry does not fit the types of the state */
  constructor(edits: readonly EntryEdit[], keyed: KeyedState, state: number, hasher: RowHasher, maxParallelism: number, label: string) {
    const meta = keyed.states[state] ?? refuse(`${label}: no such state`);
    this.#place = `${label}, state ${meta.name}`;
    const key = keyed.rows.header.key.snapshot;
    const { flink } = keyed.context;
    if (SEVERAL_FORMS.test(JSON.stringify(key)))
      refuse(`${label}: keys of type ${describeSerializer(key)} may be written in several ways, so an entry cannot be set by its key`);
    const writer = new StateWriter(meta, key, flink);
    for (const edit of edits) {
      if (edit.key === undefined) refuse(`${label}, state ${meta.name}: key is missing`);
      try {
        this.#add(edit, writer, hasher, maxParallelism, (text) => parseKey(key, text, flink));
      } catch (error) {
        if (!(error instanceof UnfitValue)) throw error;
        refuse(`${label}, state ${meta.name}, key ${dumpText(edit.key as DumpValue)}: what is set does not fit its type: ${error.message}`);
      }
    }
    for (const entry of this.#entries.values()) {
      if (entry.value === null) continue;
      const group = this.#byKeyGroup.get(entry.keyGroup);
      if (group === undefined) this.#byKeyGroup.set(entry.keyGroup, [entry]);
      else group.push(entry);
    }
  }

  #add(edit: EntryEdit, writer: StateWriter, hasher: RowHasher, maxParallelism: number, parse: (text: string) => DumpValue): void {
    const given = edit.key as DumpValue;
    const key = inPart('key', () => (typeof given === 'string' ? keyOfText(given, parse) : given));
    const namespace = (edit.namespace ?? null) as DumpValue;
    const keyBytes = inPart('key', () => writer.keyBytes(key));
    const value = (edit.value ?? null) as DumpValue;
    const valueBytes = (): Uint8Array | UnfitValue => bytesOrProblem(value, () => inPart('value', () => writer.value(value)));
    const set = edit.edit === 'set';
    const keyGroup = set ? keyGroupOfHash(hasher.hashOfKey(key, keyBytes), maxParallelism) : -1;
    const put = (bytes: Uint8Array, valueOf: Entry['value'], given = value): void => {
      this.#entries.set(bytesText(bytes, 0, bytes.length), { key: bytes, keyGroup, value: valueOf, given, met: false });
    };
    if (writer.type === 'TIMER') {
      const time = inPart('timestamp', () => longOf((edit.timestamp ?? null) as DumpValue));
      put(
        inPart('namespace', () => writer.timer(time, key, namespace)),
        set ? new Uint8Array(0) : null,
      );
      return;
    }
    const prefix = inPart('namespace', () => writer.prefix(key, namespace));
    if (writer.type !== 'MAP') {
      put(prefix, set ? valueBytes() : null);
      return;
    }
    if (edit.userKey !== undefined) {
      const mapKey = inPart('userKey', () => writer.mapKey(prefix, edit.userKey as DumpValue));
      put(mapKey, set ? valueBytes() : null);
      return;
    }
    this.#maps.add(bytesText(prefix, 0, prefix.length));
    this.#mapLengths.add(prefix.length);
    if (!set) return;
    inPart('value', () => {
      for (const [userKey, each] of writer.pairs(value))
        put(
          writer.mapKey(prefix, userKey),
          bytesOrProblem(each, () => writer.value(each)),
          each,
        );
    });
  }

  /** Whether the row stays; its value may have become another. */
  apply(keyed: KeyedState, row: KeyedRow, hand: RowInHand, report: StateReport): boolean {
    const entry = this.#entries.get(bytesText(row.keyBytes, row.keyStart, row.keyEnd));
    if (entry !== undefined) {
      if (entry.value === null) return false;
      entry.met = true;
      const { value, given } = entry;
      if (value instanceof Uint8Array && hand.hasValue(value)) return true;
      const type = keyed.codec.states[row.state]?.type;
      if (type !== 'TIMER' && isUnchanged(type === 'MAP' && !row.opaque ? keyed.mapValue(row) : keyed.value(row), given)) return true;
      report.changed++;
      hand.setValue(this.#writable(value));
      return true;
    }
    for (const length of this.#mapLengths) {
      if (row.keyEnd - row.keyStart >= length && this.#maps.has(bytesText(row.keyBytes, row.keyStart, row.keyStart + length))) return false;
    }
    return true;
  }

  /** Entries of a key group that no row had. */
  *additionsOf(keyGroup: number): Generator<{ readonly key: Uint8Array; readonly value: Uint8Array }> {
    for (const { key, value, met } of this.#byKeyGroup.get(keyGroup) ?? [])
      if (!met && value !== null) yield { key, value: this.#writable(value) };
  }

  #writable(value: Uint8Array | UnfitValue): Uint8Array {
    return value instanceof UnfitValue ? refuse(`${this.#place}: what is set does not fit its type: ${value.message}`) : value;
  }
}
