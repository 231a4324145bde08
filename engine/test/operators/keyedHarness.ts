import { createKeyedOperator, keyedStateSchemaOf } from '../../src/operators/keyedOperators.ts';
import { keyGroupRangeOf } from '../../src/keys/keyGroup.ts';
import { MIN_TIMESTAMP, type Operator, type OperatorContext } from '../../src/operators/operator.ts';
import type { OperatorSpec } from '../../src/plan/operatorSpec.ts';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import type { FrozenKeyedState, KeyedStateImporter, KeyedStateSchema, OperatorSnapshot } from '../../src/state/operatorSnapshot.ts';
import { KeyedFunctionState } from '../../src/operators/keyedFunctionState.ts';

export { KeyedFunctionState };

export interface Emitted {
  readonly value: unknown;
  readonly timestamp: number;
}

export interface Entry {
  readonly state: number;
  readonly keyGroup: number;
  readonly key: unknown;
  readonly namespace: unknown;
  readonly userKey?: unknown;
  readonly value?: unknown;
  readonly lastAccess: number[];
  readonly timestamp?: number;
}

/** One subtask of a keyed operator, with its outputs caught. Time stops unless `clock.now` is set. */
export class KeyedHarness {
  readonly operator: Operator;
  readonly emitted: Emitted[] = [];
  readonly sides = new Map<string, Emitted[]>();
  readonly counters = new Map<string, { value: number; inc(by?: number): void }>();
  readonly clock = { now: 0 };
  readonly spec: OperatorSpec;
  watermark = MIN_TIMESTAMP;

  constructor(
    spec: OperatorSpec,
    options: { subtask?: number; parallelism?: number; maxParallelism?: number; sides?: string[]; freeze?: boolean; now?: number } = {},
  ) {
    this.spec = spec;
    this.clock.now = options.now ?? 0;
    const operator = createKeyedOperator(spec);
    if (operator === null) throw new Error('not keyed');
    this.operator = operator;
    for (const side of options.sides ?? []) this.sides.set(side, []);
    const context: OperatorContext = {
      uid: 'op',
      subtask: options.subtask ?? 0,
      parallelism: options.parallelism ?? 1,
      maxParallelism: options.maxParallelism ?? 16,
      output: { record: (value, timestamp) => void this.emitted.push({ value, timestamp }), watermark: (w) => (this.watermark = w) },
      sideOutputs: new Map(
        [...this.sides].map(([tag, list]) => [
          tag,
          { record: (value: unknown, timestamp: number) => void list.push({ value, timestamp }), watermark: () => undefined },
        ]),
      ),
      now: () => this.clock.now,
      random: () => 0.5,
      counter: (name) => {
        let counter = this.counters.get(name);
        if (counter === undefined) {
          counter = { value: 0, inc: (by = 1) => void (counter!.value += by) };
          this.counters.set(name, counter);
        }
        return counter;
      },
      gauge: () => undefined,
      freezeStateValues: options.freeze ?? false,
    };
    operator.open(context);
  }

  values(): unknown[] {
    return this.emitted.map((e) => e.value);
  }

  snapshot(): { entries: Entry[]; snapshot: OperatorSnapshot } {
    const snapshot = this.operator.snapshot?.(1, 'checkpoint');
    if (!snapshot?.keyed) throw new Error('no snapshot');
    return { entries: drain(snapshot.keyed, 16), snapshot };
  }
}

/** Everything a frozen state writes, as entries. */
export function drain(frozen: FrozenKeyedState, maxParallelism: number, budget = 1e9): Entry[] {
  const entries: Entry[] = [];
  const seen: number[] = [];
  while (
    !frozen.advance((group, block) => {
      seen.push(group);
      entries.push(...decodeBlock(frozen.schema, group, block, maxParallelism));
    }, budget)
  );
  if (seen.some((group, i) => i > 0 && group <= (seen[i - 1] ?? -1))) throw new Error('key groups out of order');
  return entries;
}

export function decodeBlock(schema: KeyedStateSchema, keyGroup: number, block: Uint8Array, maxParallelism: number): Entry[] {
  const reader = new ByteReader(block);
  const entries: Entry[] = [];
  const states = new Set<number>();
  for (let state = reader.u16(); state !== 0xffff;) {
    if (states.has(state)) throw new Error('a state twice in a block');
    states.add(state);
    const key = Uint8Array.from(reader.bytes32());
    const value = reader.bytes32();
    let last = (key[0]! & 0x80) !== 0;
    key[0]! &= 0x7f;
    entries.push(decodeEntry(schema, state, keyGroup, new ByteReader(key), new ByteReader(value), maxParallelism));
    while (!last) {
      const nextKey = Uint8Array.from(reader.bytes32());
      const nextValue = reader.bytes32();
      last = (nextKey[0]! & 0x80) !== 0;
      nextKey[0]! &= 0x7f;
      entries.push(decodeEntry(schema, state, keyGroup, new ByteReader(nextKey), new ByteReader(nextValue), maxParallelism));
    }
    state = reader.u16();
  }
  if (reader.remaining !== 0) throw new Error('bytes left over in a block');
  return entries;
}

function decodeEntry(
  schema: KeyedStateSchema,
  state: number,
  keyGroup: number,
  key: ByteReader,
  value: ByteReader,
  maxParallelism: number,
): Entry {
  const descriptor = schema.states[state]!;
  const group = maxParallelism <= 128 ? key.u8() : key.u16();
  if (group !== keyGroup) throw new Error('an entry of another key group');
  if (descriptor.kind === 'PRIORITY_QUEUE') {
    const high = key.i32() ^ -0x80000000;
    const timestamp = high * 4294967296 + (key.i32() >>> 0);
    return { state, keyGroup, timestamp, key: schema.keyType.read(key), namespace: descriptor.namespace.read(key), lastAccess: [] };
  }
  const base = { state, keyGroup, key: schema.keyType.read(key), namespace: descriptor.namespace.read(key) };
  const stored = descriptor.value;
  const lastAccess: number[] = [];
  const readTimed = (read: () => unknown): unknown => {
    lastAccess.push(stored.ttl ? value.i64AsNumber() : 0);
    return read();
  };
  if (stored.shape === 'single') return { ...base, value: readTimed(() => stored.type.read(value)), lastAccess };
  if (stored.shape === 'map') {
    const userKey = stored.key.read(key);
    const isNull = value.bool();
    return { ...base, userKey, value: isNull ? null : readTimed(() => stored.value.read(value)), lastAccess };
  }
  const elements: unknown[] = [];
  while (value.remaining > 0) {
    if (elements.length > 0) value.u8();
    elements.push(readTimed(() => stored.element.read(value)));
  }
  return { ...base, value: elements, lastAccess };
}

/** Restores entries into fresh subtasks; `shuffle` changes the order in which they come. */
export function restoreInto(harness: KeyedHarness, entries: readonly Entry[], subtask = 0, parallelism = 1, maxParallelism = 16): void {
  const schema = keyedStateSchemaOf(harness.spec)!;
  const range = keyGroupRangeOf(maxParallelism, parallelism, subtask);
  harness.operator.restore?.({
    known: true,
    listState: () => [],
    broadcastState: () => [],
    readKeyed(into: KeyedStateImporter) {
      for (const e of entries) {
        if (e.keyGroup < range.start || e.keyGroup > range.end) continue;
        const descriptor = schema.states[e.state]!;
        if (descriptor.kind === 'PRIORITY_QUEUE') into.timer(e.state, e.keyGroup, e.key, e.namespace, e.timestamp!);
        else if (descriptor.value.shape === 'single') into.single(e.state, e.keyGroup, e.key, e.namespace, e.value, e.lastAccess[0] ?? 0);
        else if (descriptor.value.shape === 'list')
          into.list(e.state, e.keyGroup, e.key, e.namespace, [...(e.value as unknown[])], e.lastAccess);
        else into.mapEntry(e.state, e.keyGroup, e.key, e.namespace, e.userKey, e.value, e.lastAccess[0] ?? 0);
      }
    },
  });
}

/** As sets: order of entries says nothing. */
export function canonical(entries: readonly Entry[]): string[] {
  return entries.map((e) => JSON.stringify(e, (_k, v: unknown) => (typeof v === 'bigint' ? String(v) : v))).sort();
}
