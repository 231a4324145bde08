import { hashOfString } from '../../../src/keys/hashCode.ts';
import { keyGroupOfHash, keyGroupRangeOf } from '../../../src/keys/keyGroup.ts';
import { KeyGroupBlockWriter } from '../../../src/snapshot/keyed/keyGroupBlock.ts';
import { keyedHeader, KeyedStreamWriter } from '../../../src/snapshot/keyed/keyedStream.ts';
import { writeMetadata } from '../../../src/snapshot/metadata/writeMetadata.ts';
import type { OperatorMetadata, SubtaskMetadata } from '../../../src/snapshot/metadata/snapshotMetadata.ts';
import { writeOperatorStream, type OperatorStateContent } from '../../../src/snapshot/operator/operatorStreamWriter.ts';
import type { SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';
import { readSnapshot, type Snapshot } from '../../../src/snapshot/snapshot.ts';
import { keyValueState, timerState } from '../../../src/snapshot/stateMetaInfo.ts';
import type { DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { valueWriter } from '../../../src/snapshot/values/valueWriter.ts';
import { memoryStorage } from '../snapshotFixtures.ts';

const STRING: SerializerSnapshot = { kind: 'string' };
const VOID: SerializerSnapshot = { kind: 'voidNamespace' };

/** An entry of keyed state, or a timer. */
export interface ModelEntry {
  readonly state: string;
  readonly key: string;
  /** Of maps. */
  readonly userKey?: string;
  /** Of timers. */
  readonly timestamp?: number;
  readonly value: DumpValue;
}

/** A state by its name, and what its values, or the values of its map, are written with; null for timers. */
export interface ModelState {
  readonly name: string;
  readonly type: 'VALUE' | 'MAP' | 'TIMER';
  readonly value: SerializerSnapshot | null;
}

export interface ModelOperator {
  readonly id: string;
  readonly uid?: string;
  readonly name?: string;
  readonly states: readonly ModelState[];
  /** Entries are in files in this order, key group by key group. */
  readonly entries: readonly ModelEntry[];
  readonly maxParallelism?: number;
  readonly parallelism?: number;
  /** Operator state, by subtask. */
  readonly operatorStates?: readonly (readonly OperatorStateContent[])[];
}

/** A savepoint with what a test says. */
export function modelSnapshot(operators: readonly ModelOperator[]): Promise<Snapshot> {
  const files = new Map<string, Uint8Array>();
  const metadata = operators.map((operator): OperatorMetadata => {
    const { maxParallelism = 128, parallelism = 1 } = operator;
    const subtasks = Array.from({ length: parallelism }, (_, i) => writeSubtask(files, operator, i));
    const { id, uid = null, name = null } = operator;
    return { operatorId: id, name, uid, parallelism, maxParallelism, coordinatorState: null, finished: false, subtasks };
  });
  files.set('sp/_metadata', writeMetadata({ version: 6, checkpointId: 1, masterStates: [], properties: null, operators: metadata }));
  return readSnapshot(memoryStorage(files), '/sp');
}

function writeSubtask(files: Map<string, Uint8Array>, operator: ModelOperator, index: number): SubtaskMetadata {
  const { id, states, entries, maxParallelism = 128, parallelism = 1 } = operator;
  const range = keyGroupRangeOf(maxParallelism, parallelism, index);
  const metas = states.map(({ name, type, value }) => {
    if (type === 'TIMER' || value === null) return timerState(name, STRING, VOID);
    return keyValueState(name, type, VOID, type === 'MAP' ? { kind: 'map', key: STRING, value } : value);
  });
  const pieces: Uint8Array[] = [];
  const stream = new KeyedStreamWriter(keyedHeader(STRING, metas), range, (bytes) => pieces.push(bytes.slice()));
  const writer = new KeyGroupBlockWriter(maxParallelism);
  for (let keyGroup = range.start; keyGroup <= range.end; keyGroup++) {
    writer.begin(keyGroup, states.length);
    for (const entry of entries) {
      if (keyGroupOfHash(hashOfString(entry.key), maxParallelism) === keyGroup) writeEntry(writer, states, entry);
    }
    const block = writer.finish();
    if (block !== null) stream.add(keyGroup, block);
  }
  const path = `${id}-${String(index)}`;
  const contents = operator.operatorStates?.[index];
  const own = contents === undefined ? null : writeOperatorStream(contents);
  if (own !== null) files.set(`sp/${path}-operator`, own.bytes);
  files.set(`sp/${path}`, Buffer.concat(pieces));
  return {
    index,
    finished: false,
    managedOperatorState:
      own === null
        ? null
        : {
            partitions: own.partitions,
            stream: { kind: 'relativeFile', path: `${path}-operator`, size: own.bytes.length },
            merged: null,
          },
    rawOperatorState: null,
    managedKeyedState: {
      kind: 'keyGroups',
      form: 'savepoint',
      firstKeyGroup: range.start,
      offsets: stream.offsets,
      stream: { kind: 'relativeFile', path, size: stream.length },
      id: '',
    },
    rawKeyedState: null,
    inputChannels: [],
    resultSubpartitions: [],
  };
}

function writeEntry(writer: KeyGroupBlockWriter, states: readonly ModelState[], entry: ModelEntry): void {
  const index = states.findIndex(({ name }) => name === entry.state);
  const state = states[index];
  if (state === undefined) throw new Error(`there is no state ${entry.state}`);
  const key = writer.beginEntry(index);
  if (state.type === 'TIMER') key.i64(BigInt(entry.timestamp ?? 0) ^ -(2n ** 63n));
  key.vstr(entry.key);
  key.u8(0);
  if (state.type === 'MAP') key.vstr(entry.userKey ?? '');
  const value = writer.beginValue();
  if (state.type === 'MAP') value.bool(false);
  if (state.value !== null) valueWriter(state.value, 2)(value, entry.value);
  writer.endEntry();
}
