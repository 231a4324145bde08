import { ByteReader } from '../bytes/byteReader.ts';
import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import type { StateCodec } from '../keyed/stateCodec.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { namespaceSerializer, valueSerializer } from '../stateMetaInfo.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import type { ValueContext, ValueReader } from '../values/valueReader.ts';
import type { Path, PathRoot } from './expressionSyntax.ts';
import { fillFrom, fillOf, isWanted, noneWanted, want, type Fill, type Wanted } from './projection.ts';
import { exactInteger, type Scalar } from './scalar.ts';

const VOID: SerializerSnapshot = { kind: 'voidNamespace' };
const SIGN_BIT = -(2n ** 63n);
const KEY_PARTS = ['key', 'namespace', 'userKey'] as const;

/**
 * Readers over the bytes that rows come in: one for as many rows as share their bytes. Reading past the end of a row is noticed after it
 * has been read, within the bytes that are there.
 */
class SharedReader {
  #reader = new ByteReader(new Uint8Array(0));

  at(bytes: Uint8Array, start: number, base: number): ByteReader {
    if (this.#reader.bytes !== bytes || this.#reader.baseOffset !== base) this.#reader = new ByteReader(bytes, 0, bytes.length, base);
    this.#reader.offset = start;
    return this.#reader;
  }
}

/** Which slots take what of a row. */
type WantedRoots = Readonly<Record<PathRoot, Wanted>>;

/** How the rows of one state are read. */
interface StateProjection {
  /** What of the key bytes is wanted, in their order, up to the last that is; null where nothing is. */
  readonly key: Fill | null;
  /** The same of rows whose value nothing can take apart: of maps, which have their user keys in it then. */
  readonly opaqueKey: Fill | null;
  readonly value: Fill | null;
  /** Of lists: the whole value, because its elements have no count in front. */
  readonly wholeValue: boolean;
  /** A decoder takes what the value has, to its end. */
  readonly decoded: boolean;
  readonly name: string;
}

/** Takes the values of paths out of rows, and makes nothing else of them. */
export class RowProjection {
  readonly #keyed: KeyedState;
  readonly #wanted: WantedRoots;
  readonly #states: readonly StateProjection[];
  readonly #subtask: number;
  readonly #keys = new SharedReader();
  readonly #values = new SharedReader();
  /** Ends where the row does. */
  readonly #decodedValue = new ByteReader(new Uint8Array(0));
  /** Rows in which something wanted cannot be read without the job's classes, or not by its decoder. */
  unreadable = 0;
  /** The values of the paths of the row that was read last. */
  readonly slots: Scalar[];

  constructor(keyed: KeyedState, subtask: number, paths: readonly Path[]) {
    this.#keyed = keyed;
    this.#subtask = subtask;
    this.slots = paths.map(() => null);
    this.#wanted = wantedRoots(paths);
    this.#states = keyed.codec.states.map((state) => this.#projection(state));
  }

  /** Fills `slots`. @throws FormatError where the row is damaged */
  read(row: KeyedRow): void {
    const state = this.#states[row.state];
    if (state === undefined) return;
    const { slots } = this;
    // `fill` of a plain array leaves compiled code.
    for (let i = 0; i < slots.length; i++) slots[i] = null;
    this.#fillPlace(row, state.name);
    const key = row.opaque ? state.opaqueKey : state.key;
    if (key !== null && !this.#fillKey(row, key)) this.unreadable++;
    try {
      if (state.wholeValue || row.opaque) {
        if (isWanted(this.#wanted.value)) fillFrom(this.#keyed.value(row), this.#wanted.value, slots);
      } else if (state.value !== null) {
        const reader = state.decoded
          ? this.#decodedValue.moveTo(row.valueBytes, row.valueStart, row.valueEnd, row.baseOffset)
          : this.#values.at(row.valueBytes, row.valueStart, row.baseOffset);
        state.value(reader, slots);
        if (reader.offset > row.valueEnd) reader.fail('a value that ends before its parts do', row.valueStart);
      }
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      this.unreadable++;
    }
  }

  /** False where a part that is wanted cannot be read. The others are filled all the same. */
  #fillKey(row: KeyedRow, key: Fill): boolean {
    const { slots } = this;
    const reader = this.#keys.at(row.keyBytes, row.keyStart, row.baseOffset);
    try {
      key(reader, slots);
      if (reader.offset > row.keyEnd) reader.fail('a key that ends before its parts do', row.keyStart);
      return true;
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
    }
    const parts = this.#keyed.rowKey(row);
    let whole = true;
    for (const part of KEY_PARTS) {
      const wanted = this.#wanted[part];
      if (!isWanted(wanted)) continue;
      if (parts.opaque?.parts.includes(part) === true) whole = false;
      else fillFrom(parts[part], wanted, slots);
    }
    return whole;
  }

  #fillPlace(row: KeyedRow, name: string): void {
    for (const slot of this.#wanted.state.slots) this.slots[slot] = name;
    for (const slot of this.#wanted.keyGroup.slots) this.slots[slot] = row.keyGroup;
    for (const slot of this.#wanted.subtask.slots) this.slots[slot] = this.#subtask;
  }

  #projection(state: StateCodec): StateProjection {
    const wanted = this.#wanted;
    const context = state.contexts.value;
    const name = state.meta.name;
    if (state.type === 'TIMER') {
      const key = timerKey(this.#keyed, state, wanted);
      return { key, opaqueKey: key, value: null, wholeValue: false, decoded: false, name };
    }
    const stored = valueSerializer(state.meta);
    const serializer = stored?.kind === 'ttlAware' ? stored.value : stored;
    const map = state.type === 'MAP' && serializer?.kind === 'map' ? serializer : null;
    const value = map === null ? serializer : map.value;
    const decode = (part: SerializerSnapshot): ValueReader | null => this.#keyed.decodedReader(part, state, () => this.unreadable++);
    const fill = value === null || !isWanted(wanted.value) ? null : fillOf(value, wanted.value, context, true, decode);
    return {
      key: compositeKey(this.#keyed, state, map?.key ?? null, wanted),
      opaqueKey: compositeKey(this.#keyed, state, null, wanted),
      value: fill !== null && map !== null ? nullFirst(fill) : fill,
      wholeValue: state.type === 'LIST',
      decoded: value !== null && decode(value) !== null,
      name,
    };
  }
}

function wantedRoots(paths: readonly Path[]): WantedRoots {
  const roots: WantedRoots = {
    key: noneWanted(),
    namespace: noneWanted(),
    userKey: noneWanted(),
    value: noneWanted(),
    timestamp: noneWanted(),
    lastAccess: noneWanted(),
    state: noneWanted(),
    keyGroup: noneWanted(),
    subtask: noneWanted(),
  };
  for (const [slot, { root, steps }] of paths.entries()) {
    if (root === 'lastAccess') want(roots.value, ['$ttl'], slot);
    else want(roots[root], steps, slot);
  }
  return roots;
}

function nullFirst(fill: Fill): Fill {
  return (reader, slots) => {
    if (!reader.bool()) fill(reader, slots);
  };
}

function timerKey(keyed: KeyedState, state: StateCodec, { timestamp, key, namespace }: WantedRoots): Fill | null {
  const serializer = valueSerializer(state.meta);
  const namespaceOf = serializer?.kind === 'timer' ? serializer.namespace : VOID;
  const time: Fill = (reader, slots) => {
    const value = exactInteger(reader.i64() ^ SIGN_BIT);
    for (const slot of timestamp.slots) slots[slot] = value;
  };
  return inTurn(keyed.context, [
    { wanted: timestamp, fill: () => time },
    { wanted: key, fill: (context, tail) => fillOf(keyed.rows.header.key.snapshot, key, context, tail) },
    { wanted: namespace, fill: (context, tail) => fillOf(namespaceOf, namespace, context, tail) },
  ]);
}

function compositeKey(
  keyed: KeyedState,
  state: StateCodec,
  userKeyOf: SerializerSnapshot | null,
  { key, namespace, userKey }: WantedRoots,
): Fill | null {
  const namespaceOf = namespaceSerializer(state.meta) ?? VOID;
  const part = (serializer: SerializerSnapshot, wanted: Wanted): Part => ({
    wanted,
    fill: (context, tail) => {
      const fill = fillOf(serializer, wanted, context, tail);
      return state.ambiguous && !tail ? withLength(fill) : fill;
    },
  });
  const parts = [part(keyed.rows.header.key.snapshot, key), part(namespaceOf, namespace)];
  if (userKeyOf !== null)
    parts.push({ wanted: userKey, fill: (_context, tail) => fillOf(userKeyOf, userKey, state.contexts.userKey, tail) });
  return inTurn(keyed.context, parts);
}

/** In ambiguous composite keys the length of a part is after it, low byte first, in as few bytes as hold it. */
function withLength(fill: Fill): Fill {
  return (reader, slots) => {
    const start = reader.offset;
    fill(reader, slots);
    const length = reader.offset - start;
    reader.take(length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4);
  };
}

interface Part {
  readonly wanted: Wanted;
  readonly fill: (context: ValueContext, tail: boolean) => Fill;
}

/** Parts one after another, up to the last that is wanted; null where none is. */
function inTurn(context: ValueContext, parts: readonly Part[]): Fill | null {
  const last = parts.findLastIndex(({ wanted }) => isWanted(wanted));
  if (last < 0) return null;
  const fills = parts.slice(0, last + 1).map(({ fill }, i) => fill(context, i === last));
  return (reader, slots) => {
    for (const fill of fills) fill(reader, slots);
  };
}
