import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState, RowKey } from '../keyed/keyedState.ts';
import type { RowHasher } from '../rewrite/keyGroupOfRow.ts';
import type { KeyedRedacting, PartRedacting } from '../rewrite/redacting.ts';
import { refuse } from '../rewrite/rewritePlan.ts';
import type { StateReport } from '../rewrite/rewriteReport.ts';
import { bytesText, type RowInHand } from '../rewrite/rowInHand.ts';
import { StateWriter } from '../rewrite/stateWriter.ts';
import type { StateMetaInfo } from '../stateMetaInfo.ts';
import { dumpText, type DumpValue } from '../values/dumpValue.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { isDumpObject, longOf } from '../values/valueParts.ts';
import type { Change } from './formRedaction.ts';

/** What is done with the entries of one state; null for what stays as it is. */
export interface StateChange {
  readonly namespace: Change | null;
  readonly value: Change | null;
}

/** Keys that were changed are remembered up to this number: the rows of a key need not come one after another. */
const KEYS_MAX = 20_000;

/** Redacts the keyed state of one operator. Keys become the same others in all of its states. */
export class KeyedRedaction implements KeyedRedacting {
  readonly label: string;
  readonly key: Change;
  readonly states: ReadonlyMap<string, StateChange>;
  /** The keys of the key groups in hand: what they are now, and what they were. */
  readonly #keys = new Map<string, string>();
  readonly #maps: MapInHand[] = [];

  /** States by `identityOf`. */
  constructor(label: string, key: Change, states: ReadonlyMap<string, StateChange>) {
    this.label = label;
    this.key = key;
    this.states = states;
  }

  get movesKeys(): boolean {
    return this.key.touches;
  }

  begin(): void {
    this.#keys.clear();
  }

  beginKeyGroup(): void {
    for (const map of this.#maps) map.prefix = null;
  }

  part(keyed: KeyedState): PartRedacting {
    return new PartRedaction(this, keyed);
  }

  newMap(): MapInHand {
    const map = { prefix: null, keys: new Set<string>() };
    this.#maps.push(map);
    return map;
  }

  /** @throws RewriteRefused where another key has become the same */
  claim(key: string, was: string): void {
    const known = this.#keys.get(key);
    if (known === undefined) this.#keys.set(key, was);
    else if (known !== was)
      refuse(
        `${this.label}: the keys ${known} and ${was} both become ${key} by what the rules say, and would be one; hash keys, with all digits`,
      );
  }
}

export function identityOf({ kind, name }: StateMetaInfo): string {
  return `${kind === 'PRIORITY_QUEUE' ? 'timers' : 'keyed'} ${name}`;
}

/** Keys of the map that is being written. */
interface MapInHand {
  prefix: string | null;
  readonly keys: Set<string>;
}

interface StateInWork {
  readonly change: StateChange;
  readonly writer: StateWriter;
  readonly map: MapInHand;
}

/** What its serializer does not explain is read as bytes. */
function redactedBytes(writer: StateWriter, change: Change, value: DumpValue): Uint8Array {
  try {
    return writer.value(change.convert(value));
  } catch (error) {
    if (error instanceof UnfitValue && isDumpObject(value) && '$bytes' in value)
      throw new UnfitValue("it cannot be taken apart without the job's classes; drop the state");
    throw error;
  }
}

class PartRedaction implements PartRedacting {
  readonly #of: KeyedRedaction;
  /** Read without the workspace's decoders, whose values nothing can write. */
  readonly #keyed: KeyedState;
  /** As above, for values, whose parts of Kryo go along as they are. */
  readonly #values: KeyedState;
  readonly #states: readonly StateInWork[];
  readonly #known = new Map<string, DumpValue>();

  constructor(of: KeyedRedaction, keyed: KeyedState) {
    this.#of = of;
    this.#keyed = keyed.withoutDecoders();
    this.#values = keyed.withoutDecoders({ kryoAsBytes: true });
    this.#states = keyed.states.map((meta) => ({
      change: of.states.get(identityOf(meta)) ?? { namespace: null, value: null },
      writer: new StateWriter(meta, keyed.rows.header.key.snapshot, keyed.context.flink),
      map: of.newMap(),
    }));
  }

  hashOf(row: KeyedRow, hasher: RowHasher): number {
    return this.#fitting(row, ({ writer }) => {
      const key = this.#newKey(this.#keyed.rowKey(row).key);
      return hasher.hashOfKey(key, writer.keyBytes(key));
    });
  }

  apply(row: KeyedRow, hand: RowInHand, report: StateReport): void {
    this.#fitting(row, (state) => {
      const { change, writer } = state;
      const { value } = change;
      let changed = false;
      if (this.#of.movesKeys || change.namespace !== null || (writer.type === 'MAP' && value?.pair?.key.touches === true)) {
        if (row.opaque) this.#unreadable(row);
        this.#setKey(row, hand, state);
        changed = true;
      }
      const touched = writer.type === 'MAP' ? value?.pair?.value : value;
      if (touched?.touches === true) {
        if (row.opaque) this.#unreadable(row);
        const bytes = redactedBytes(writer, touched, writer.type === 'MAP' ? this.#values.mapValue(row) : this.#values.value(row));
        changed ||= bytesText(bytes, 0, bytes.length) !== bytesText(hand.value, hand.valueStart, hand.valueEnd);
        hand.setValue(bytes);
      }
      if (changed) report.changed++;
    });
  }

  #setKey(row: KeyedRow, hand: RowInHand, { change, writer, map }: StateInWork): void {
    const now = this.#keyed.rowKey(row);
    if (now.opaque?.split === false) this.#unreadable(row);
    const key = this.#newKey(now.key);
    if (this.#of.movesKeys) this.#of.claim(dumpText(key), dumpText(now.key));
    const namespace = change.namespace?.convert(now.namespace) ?? now.namespace;
    if (writer.type === 'TIMER') hand.setKey(writer.timer(longOf(now.timestamp), key, namespace));
    else if (writer.type === 'MAP') hand.setKey(writer.mapKey(writer.prefix(key, namespace), this.#userKey(row, now, change, map)));
    else hand.setKey(writer.prefix(key, namespace));
  }

  #userKey(row: KeyedRow, { userKey, end }: RowKey, { value }: StateChange, map: MapInHand): DumpValue {
    const change = value?.pair?.key;
    if (change?.touches !== true) return userKey;
    const now = change.convert(userKey);
    const prefix = bytesText(row.keyBytes, row.keyStart, end);
    if (prefix !== map.prefix) {
      map.prefix = prefix;
      map.keys.clear();
    }
    const text = dumpText(now);
    if (map.keys.has(text))
      refuse(
        `${this.#place(row)}: two keys of a map both become ${text} by what the rules say, and would be one; hash them, with all digits`,
      );
    map.keys.add(text);
    return now;
  }

  #newKey(key: DumpValue): DumpValue {
    if (!this.#of.movesKeys) return key;
    const text = dumpText(key);
    let changed = this.#known.get(text);
    if (changed === undefined) {
      changed = this.#of.key.convert(key);
      if (this.#known.size >= KEYS_MAX) this.#known.clear();
      this.#known.set(text, changed);
    }
    return changed;
  }

  #fitting<T>(row: KeyedRow, work: (state: StateInWork) => T): T {
    const state = this.#states[row.state];
    if (state === undefined) return refuse(`${this.#of.label}: state ${String(row.state)} is not declared`);
    try {
      return work(state);
    } catch (error) {
      if (error instanceof UnfitValue) return refuse(`${this.#place(row)}: a value cannot be redacted: ${error.message}`);
      throw error;
    }
  }

  #unreadable(row: KeyedRow): never {
    return refuse(`${this.#place(row)}: a value that cannot be read cannot be redacted; drop the state`);
  }

  #place(row: KeyedRow): string {
    return `${this.#of.label}, state ${this.#keyed.states[row.state]?.name ?? '?'}`;
  }
}
