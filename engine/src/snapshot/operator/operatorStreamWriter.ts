import type { ValueContext } from '../values/valueReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import type { OperatorStatePartition } from '../metadata/snapshotMetadata.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { broadcastState, operatorListState, writeStateMetaInfo, type DistributionMode, type StateMetaInfo } from '../stateMetaInfo.ts';

/** The version of Flink 1.8 to 1.17, without compression: every later Flink reads it as well. */
const VERSION = 5;

/** An operator state to be written; the callbacks write one element, or one entry's key and value. */
export type OperatorStateContent =
  | {
      readonly mode: 'SPLIT_DISTRIBUTE' | 'UNION';
      readonly name: string;
      readonly element: SerializerSnapshot;
      readonly count: number;
      readonly writeElement: (writer: ByteWriter, index: number) => void;
    }
  | {
      readonly mode: 'BROADCAST';
      readonly name: string;
      readonly key: SerializerSnapshot;
      readonly value: SerializerSnapshot;
      readonly count: number;
      readonly writeEntry: (writer: ByteWriter, index: number) => void;
    };

/** An operator state whose elements are bytes already; of a broadcast state all its entries are one, behind their count. */
export interface StoredOperatorState {
  readonly meta: StateMetaInfo;
  readonly mode: DistributionMode;
  readonly parts: readonly Uint8Array[];
  /** What the snapshot and the workspace say of the classes of its values, where they are to be read. */
  readonly context?: ValueContext;
}

/** A subtask's operator state as one stream, from elements as they came out of another. */
export function writeStoredOperatorStream(states: readonly StoredOperatorState[]): {
  bytes: Uint8Array;
  partitions: OperatorStatePartition[];
} {
  const writer = new ByteWriter(1024);
  const lists = states.filter(({ meta }) => meta.kind !== 'BROADCAST');
  const broadcasts = states.filter(({ meta }) => meta.kind === 'BROADCAST');
  writer.i32(VERSION);
  for (const each of [lists, broadcasts]) {
    writer.i16(each.length);
    for (const { meta } of each) writeStateMetaInfo(writer, meta);
  }
  const partitions = [...lists, ...broadcasts].map(({ meta, mode, parts }): OperatorStatePartition => {
    const offsets = parts.map((part) => {
      const offset = writer.length;
      writer.raw(part);
      return offset;
    });
    return { name: meta.name, mode, offsets };
  });
  return { bytes: writer.toBytes(), partitions };
}

/** A subtask's operator state as one stream, and what its handle says about where the elements are. */
export function writeOperatorStream(states: readonly OperatorStateContent[]): { bytes: Uint8Array; partitions: OperatorStatePartition[] } {
  const writer = new ByteWriter(1024);
  const lists = states.filter((state) => state.mode !== 'BROADCAST');
  const broadcasts = states.filter((state) => state.mode === 'BROADCAST');
  writer.i32(VERSION);
  writer.i16(lists.length);
  for (const state of lists) writeStateMetaInfo(writer, operatorListState(state.name, state.mode, state.element));
  writer.i16(broadcasts.length);
  for (const state of broadcasts) writeStateMetaInfo(writer, broadcastState(state.name, state.key, state.value));
  const partitions: OperatorStatePartition[] = [];
  for (const state of lists) {
    const offsets: number[] = [];
    for (let i = 0; i < state.count; i++) {
      offsets.push(writer.length);
      state.writeElement(writer, i);
    }
    partitions.push({ name: state.name, mode: state.mode, offsets });
  }
  for (const state of broadcasts) {
    partitions.push({ name: state.name, mode: 'BROADCAST', offsets: [writer.length] });
    writer.i32(state.count);
    for (let i = 0; i < state.count; i++) state.writeEntry(writer, i);
  }
  return { bytes: writer.toBytes(), partitions };
}
