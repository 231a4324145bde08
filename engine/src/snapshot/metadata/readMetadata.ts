import type { ByteReader } from '../bytes/byteReader.ts';
import { readChannelHandle, readKeyedStateHandle, readOperatorStateHandle, readStreamHandle } from './readHandles.ts';
import type { MasterState, OperatorMetadata, SnapshotMetadata, SubtaskMetadata } from './snapshotMetadata.ts';

export const METADATA_MAGIC = 0x4960672d;
export const MASTER_STATE_MAGIC = 0xc96b1696 | 0;

export const VERSION_MIN = 2;
export const VERSION_MAX = 6;

/** Reads a whole `_metadata` file. @throws FormatError */
export function readMetadata(reader: ByteReader): SnapshotMetadata {
  return reader.within('_metadata', () => {
    if (reader.i32() !== METADATA_MAGIC) reader.fail('this is not a Flink snapshot: the first four bytes should be 4960672D', 0);
    const version = reader.i32();
    if (version < VERSION_MIN || version > VERSION_MAX) reader.fail(refusal(version), 4);
    const checkpointId = reader.safeI64();
    const masterStates = readMany(reader, 8, () => readMasterState(reader));
    const operators = readMany(reader, 28, () => readOperator(reader, version));
    const properties = version >= 4 ? reader.slice(reader.remaining) : null;
    if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes follow the end`);
    return { version, checkpointId, masterStates, operators, properties };
  });
}

const OLDEST_STATE =
  'state of the `Checkpointed` interface of Flink 1.1: restore it with Flink 1.3, move it to the interfaces that are still there, and take savepoints on the way to Flink 1.8';

function refusal(version: number): string {
  if (version === 1)
    return 'metadata of version 1 is of Flink 1.1 or 1.2: restore it with Flink 1.3, the savepoint that you take there with Flink 1.8, and open the one that you take then';
  if (version > VERSION_MAX && version < 100)
    return `metadata of version ${String(version)} is of a Flink newer than 2.3, the newest whose snapshots are readable here`;
  return `metadata of version ${String(version)} is none that Flink has written`;
}

export function readMany<T>(reader: ByteReader, minimumSize: number, read: (index: number) => T): T[] {
  const count = reader.count(minimumSize);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read(i));
  return items;
}

function readMasterState(reader: ByteReader): MasterState {
  return reader.within('master state', () => {
    const start = reader.offset;
    if (reader.i32() !== MASTER_STATE_MAGIC) reader.fail('the mark of a master state is expected', start);
    const size = reader.i32();
    const end = reader.offset + size;
    const state = { version: reader.i32(), name: reader.utf(), payload: reader.bytes32() };
    if (reader.offset !== end) reader.fail('the length of the master state does not fit its content', start);
    return state;
  });
}

function readOperator(reader: ByteReader, version: number): OperatorMetadata {
  const name = version >= 5 ? reader.utf() : '';
  const uid = version >= 5 ? reader.utf() : '';
  const operatorId = hex(reader.slice(16));
  return reader.within(`operator ${uid === '' ? operatorId : uid}`, () => {
    const parallelism = reader.i32();
    const maxParallelism = reader.i32();
    if (parallelism < 0 || parallelism > 32768 || maxParallelism < 0 || maxParallelism > 32768) {
      reader.fail(`parallelism ${String(parallelism)} of at most ${String(maxParallelism)} is not possible`, reader.offset - 8);
    }
    if (version === 2) reader.i32();
    const coordinatorState = version >= 3 ? readStreamHandle(reader) : null;
    const finished = version >= 3 && reader.i32() < 0;
    if (version >= 3 && !finished) reader.offset -= 4;
    const subtasks = finished ? [] : readMany(reader, 4, () => readSubtask(reader, version));
    return {
      operatorId,
      name: name === '' ? null : name,
      uid: uid === '' ? null : uid,
      parallelism,
      maxParallelism,
      coordinatorState,
      finished,
      subtasks,
    };
  });
}

const FINISHED_SUBTASK: Omit<SubtaskMetadata, 'index'> = {
  finished: true,
  managedOperatorState: null,
  rawOperatorState: null,
  managedKeyedState: null,
  rawKeyedState: null,
  inputChannels: [],
  resultSubpartitions: [],
};

function readSubtask(reader: ByteReader, version: number): SubtaskMetadata {
  const index = reader.i32();
  if (index < 0) {
    if (version < 3) reader.fail(`subtask index ${String(index)}`, reader.offset - 4);
    return { ...FINISHED_SUBTASK, index: -index - 1 };
  }
  return reader.within(`subtask ${String(index)}`, () => {
    if (version === 2) {
      reader.i64();
      if (reader.i32() !== 0) reader.fail(OLDEST_STATE, reader.offset - 4);
    }
    const present = (): boolean => {
      const flag = reader.i32();
      if (flag !== 0 && flag !== 1) reader.fail(`0 or 1 is expected, found ${String(flag)}`, reader.offset - 4);
      return flag === 1;
    };
    const managedOperatorState = present() ? readOperatorStateHandle(reader) : null;
    const rawOperatorState = present() ? readOperatorStateHandle(reader) : null;
    const managedKeyedState = readKeyedStateHandle(reader);
    const rawKeyedState = readKeyedStateHandle(reader);
    const inputChannels = version >= 3 ? readMany(reader, 1, () => readChannelHandle(reader, version)) : [];
    const resultSubpartitions = version >= 3 ? readMany(reader, 1, () => readChannelHandle(reader, version)) : [];
    return {
      index,
      finished: false,
      managedOperatorState,
      rawOperatorState,
      managedKeyedState,
      rawKeyedState,
      inputChannels,
      resultSubpartitions,
    };
  });
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
