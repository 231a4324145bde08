import { ByteReader } from '../bytes/byteReader.ts';
import type { KeyedHeader } from '../keyed/keyedStream.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { readStateMetaInfo, type StateMetaInfo, type StoredSerializer, valueSerializer } from '../stateMetaInfo.ts';
import { CHANGE } from './changeOperation.ts';

/** Format of a state's description; 7 has the bytes of 6. */
const VERSIONS = [6, 7];
/** Kinds of states by the codes that a log has for them, which are not their ordinals. */
const KIND_CODES = new Map([
  [0, 'KEY_VALUE'],
  [3, 'PRIORITY_QUEUE'],
  [10, 'KEY_VALUE_V2'],
]);
/** At the end of a declaration: state id and kind. */
const TAIL_SIZE = 3;

/** What the changes of a part of the log call its states: ids to indices in the header. */
export type StateIds = ReadonlyMap<number, number>;

/** The states of the base, and those that only the log declares. Ids in a log are its writer's own: states are the same by name. */
export class DeclaredStates {
  readonly #states: StateMetaInfo[] = [];
  readonly #indices = new Map<string, number>();
  /** States whose serializers are not the same everywhere: their values are not in one encoding. */
  readonly mixed = new Set<number>();

  addHeader(header: KeyedHeader): void {
    for (const state of header.states) this.add(state);
  }

  /** The index of the state. */
  add(state: StateMetaInfo): number {
    const index = this.#indices.get(state.name);
    const known = index === undefined ? undefined : this.#states[index];
    if (index === undefined || known === undefined) {
      this.#indices.set(state.name, this.#states.length);
      this.#states.push(state);
      return this.#states.length - 1;
    }
    if (!sameState(known, state)) this.mixed.add(index);
    return index;
  }

  get states(): readonly StateMetaInfo[] {
    return this.#states;
  }

  /** The key's serializer, as far as a queue of timers tells it. */
  keyOfTimers(): StoredSerializer | null {
    for (const state of this.#states) {
      const value = state.kind === 'PRIORITY_QUEUE' ? valueSerializer(state) : null;
      if (value?.kind === 'timer') return { snapshot: value.key, bytes: null };
    }
    return null;
  }

  /**
   * Reads a change that declares a state, and gives the ids with it. Between description and id are the configuration of expiry, a Java
   * object, and the default value: nothing here needs them, and the id is at the end. @throws FormatError
   */
  declare(change: Uint8Array, baseOffset: number, ids: StateIds): StateIds {
    const reader = new ByteReader(change, 0, change.length, baseOffset);
    return reader.within('declaration of a state', () => {
      const operation = reader.u8();
      if (operation !== CHANGE.metadata)
        reader.fail(`the declaration of a state is expected, found operation ${String(operation)} (Flink 1.15 and later are readable)`, 0);
      const version = reader.i32();
      if (!VERSIONS.includes(version)) reader.fail(`a state's description of version ${String(version)} is not readable`, 1);
      const state = readStateMetaInfo(reader);
      if (reader.remaining < TAIL_SIZE) reader.fail('the id of the state is missing');
      if (state.kind === 'KEY_VALUE' && reader.remaining < TAIL_SIZE + 2) reader.fail('the default value of the state is missing');
      reader.offset = reader.end - TAIL_SIZE;
      const id = reader.i16();
      const code = reader.u8();
      if (KIND_CODES.get(code) !== state.kind) reader.fail(`a state of kind ${state.kind} has the code ${String(code)}`, reader.offset - 1);
      return new Map(ids).set(id, this.add(state));
    });
  }
}

function sameState(one: StateMetaInfo, two: StateMetaInfo): boolean {
  if (one.kind !== two.kind || one.serializers.size !== two.serializers.size) return false;
  for (const [role, serializer] of one.serializers) {
    const other = two.serializers.get(role);
    if (other === undefined || !sameValues(plain(serializer.snapshot), plain(other.snapshot))) return false;
  }
  return true;
}

function plain(snapshot: SerializerSnapshot): SerializerSnapshot {
  return snapshot.kind === 'ttlAware' ? snapshot.value : snapshot;
}

function sameValues(one: unknown, two: unknown): boolean {
  if (typeof one !== 'object' || typeof two !== 'object' || one === null || two === null) return one === two;
  const entries = Object.entries(one);
  return (
    entries.length === Object.keys(two).length &&
    entries.every(([key, value]) => Object.hasOwn(two, key) && sameValues(value, (two as Record<string, unknown>)[key]))
  );
}
