import { keyGroupOfHash, keyGroupRangeOf } from '../../../src/keys/keyGroup.ts';
import { operatorIdOf } from '../../../src/keys/operatorId.ts';
import { KeyGroupBlockWriter } from '../../../src/snapshot/keyed/keyGroupBlock.ts';
import { keyHash } from '../../../src/snapshot/keyed/keyHash.ts';
import { keyedHeader, KeyedStreamWriter } from '../../../src/snapshot/keyed/keyedStream.ts';
import type { OperatorMetadata, SubtaskMetadata } from '../../../src/snapshot/metadata/snapshotMetadata.ts';
import { writeMetadata } from '../../../src/snapshot/metadata/writeMetadata.ts';
import { writeOperatorStream } from '../../../src/snapshot/operator/operatorStreamWriter.ts';
import { StateWriter } from '../../../src/snapshot/rewrite/stateWriter.ts';
import type { SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';
import { keyValueState, timerState, type StateMetaInfo } from '../../../src/snapshot/stateMetaInfo.ts';
import type { DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { openFiles } from './rewriting.ts';

type Random = () => number;

const VOID: SerializerSnapshot = { kind: 'voidNamespace' };
const WINDOW: SerializerSnapshot = { kind: 'timeWindow' };
const STRING: SerializerSnapshot = { kind: 'string' };
const LONG: SerializerSnapshot = { kind: 'long' };

interface KeyKind {
  readonly serializer: SerializerSnapshot;
  key(i: number): DumpValue;
}

const KEYS: readonly KeyKind[] = [
  { serializer: STRING, key: (i) => `key-${String(i)}-é` },
  { serializer: LONG, key: (i) => ({ $long: String(i * 7919 - 5000) }) },
  { serializer: { kind: 'int' }, key: (i) => i - 20 },
  {
    serializer: { kind: 'tuple', fields: [STRING, { kind: 'int' }] },
    key: (i) => ({ $tuple: [`t${String(i % 7)}`, i] }),
  },
];

/** A snapshot with operators, states and entries as chance has it: keyed by different types, with windows, timers and operator state. */
export async function randomSnapshot(random: Random): Promise<Snapshot> {
  const count = 1 + Math.floor(random() * 3);
  const operators = Array.from({ length: count }, (_, i) => randomOperator(random, `operator-${String(i)}`));
  const metadata = writeMetadata({ version: 6, checkpointId: 7, masterStates: [], operators, properties: null });
  return openFiles(new Map([['source/_metadata', metadata]]));
}

function randomOperator(random: Random, uid: string): OperatorMetadata {
  // Not 1: Flink gives that to operators which it never runs in parallel, and an edit of all operators leaves them alone.
  const maxParallelism = [2, 7, 60, 128, 129, 300][Math.floor(random() * 6)] ?? 128;
  const parallelism = 1 + Math.floor(random() * Math.min(4, maxParallelism));
  const kind = KEYS[Math.floor(random() * KEYS.length)] ?? { serializer: LONG, key: () => null };
  const states = [
    keyValueState('value', 'VALUE', VOID, LONG),
    keyValueState('list', 'LIST', VOID, { kind: 'list', element: STRING }),
    keyValueState('map', 'MAP', VOID, { kind: 'map', key: STRING, value: LONG }),
    keyValueState('windows', 'VALUE', WINDOW, STRING),
    keyValueState('unknown', 'VALUE', VOID, {
      kind: 'unknown',
      className: 'my.SerializerSnapshot',
      version: 3,
      content: new Uint8Array(0),
    }),
    timerState('_timer_state/event_timers', kind.serializer, VOID),
  ].filter(({ name }) => random() < 0.8 || name === 'value');
  const keys = Array.from({ length: Math.floor(random() * 60) }, (_, i) => kind.key(i));
  const subtasks = Array.from({ length: parallelism }, (_, index): SubtaskMetadata => {
    const range = keyGroupRangeOf(maxParallelism, parallelism, index);
    return {
      index,
      finished: false,
      managedOperatorState: operatorState(index),
      rawOperatorState: null,
      managedKeyedState: keyedState(kind.serializer, states, keys, range, maxParallelism, random),
      rawKeyedState: null,
      inputChannels: [],
      resultSubpartitions: [],
    };
  });
  return { operatorId: operatorIdOf(uid), name: uid, uid, parallelism, maxParallelism, coordinatorState: null, finished: false, subtasks };
}

function operatorState(index: number): SubtaskMetadata['managedOperatorState'] {
  const { bytes, partitions } = writeOperatorStream([
    {
      mode: 'SPLIT_DISTRIBUTE',
      name: 'elements',
      element: STRING,
      count: index + 1,
      writeElement: (writer, i) => writer.vstr(`element ${String(index)}-${String(i)}`),
    },
    {
      mode: 'BROADCAST',
      name: 'rules',
      key: STRING,
      value: LONG,
      count: 2,
      writeEntry: (writer, i) => {
        writer.vstr(`rule ${String(i)}`);
        writer.i64(BigInt(i));
      },
    },
  ]);
  return { partitions, stream: { kind: 'inline', name: 'operator', data: bytes }, merged: null };
}

function keyedState(
  key: SerializerSnapshot,
  states: readonly StateMetaInfo[],
  keys: readonly DumpValue[],
  range: { readonly start: number; readonly end: number },
  maxParallelism: number,
  random: Random,
): SubtaskMetadata['managedKeyedState'] {
  const pieces: Uint8Array[] = [];
  const stream = new KeyedStreamWriter(keyedHeader(key, states), range, (bytes) => void pieces.push(bytes.slice()));
  const block = new KeyGroupBlockWriter(maxParallelism);
  const writers = states.map((meta) => (meta.name === 'unknown' ? null : new StateWriter(meta, key, 2)));
  const plain = new StateWriter(keyValueState('plain', 'VALUE', VOID, LONG), key, 2);
  const put = (state: number, keyBytes: Uint8Array, value: Uint8Array): void => {
    block.beginEntry(state).raw(keyBytes);
    block.beginValue().raw(value);
    block.endEntry();
  };
  for (let keyGroup = range.start; keyGroup <= range.end; keyGroup++) {
    block.begin(keyGroup, states.length);
    for (const each of keys) {
      const hash = keyHash(key, each, plain.keyBytes(each)) ?? 0;
      if (keyGroupOfHash(hash, maxParallelism) !== keyGroup) continue;
      for (const [i, { name }] of states.entries()) {
        const writer = writers[i];
        if (random() < 0.2) continue;
        const number: DumpValue = { $long: String(Math.floor(random() * 1e9)) };
        const prefix = plain.prefix(each, null);
        if (writer == null)
          put(
            i,
            prefix,
            Uint8Array.from({ length: Math.floor(random() * 60) }, () => random() * 256),
          );
        else if (name === 'value') put(i, prefix, writer.value(number));
        else if (name === 'list') put(i, prefix, writer.value(['a', 'b', 'c'].slice(0, 1 + Math.floor(random() * 3))));
        else if (name === 'windows') {
          for (const start of [0, 60_000]) put(i, writer.prefix(each, { $window: [start, start + 60_000] }), writer.value('in a window'));
        } else if (name === 'map') {
          for (let entry = 0; entry < 1 + random() * 3; entry++)
            put(i, writer.mapKey(prefix, `user key ${String(entry)}`), writer.value(random() < 0.3 ? null : number));
        } else put(i, writer.timer(BigInt(Math.floor(random() * 1e12)), each, null), new Uint8Array(0));
      }
    }
    const bytes = block.finish();
    if (bytes !== null) stream.add(keyGroup, bytes);
  }
  const data = Uint8Array.from(Buffer.concat(pieces));
  return {
    kind: 'keyGroups',
    form: 'savepoint',
    firstKeyGroup: range.start,
    offsets: stream.offsets,
    stream: { kind: 'inline', name: 'keyed', data },
    id: '',
  };
}

/** All rows as bytes, by operator and state, with their key groups where those are asked for. */
export async function rowsOf(snapshot: Snapshot, withKeyGroups = true): Promise<Map<string, string[]>> {
  const rows = new Map<string, string[]>();
  for (const operator of snapshot.operators) {
    for (const subtask of operator.subtasks) {
      for (const keyed of await subtask.keyedStates()) {
        for (const { keyGroup } of keyed.sections) {
          await keyed.scanRows(keyGroup, (row) => {
            const place = `${operator.metadata.operatorId} ${keyed.states[row.state]?.name ?? ''}`;
            const key = Buffer.from(row.keyBytes.subarray(row.keyStart, row.keyEnd)).toString('hex');
            const value = Buffer.from(row.valueBytes.subarray(row.valueStart, row.valueEnd)).toString('hex');
            rows.set(place, [...(rows.get(place) ?? []), `${withKeyGroups ? String(row.keyGroup) : ''} ${key} ${value}`]);
            return undefined;
          });
        }
      }
    }
  }
  for (const lines of rows.values()) lines.sort();
  return new Map([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
}
