import { ByteWriter } from '../bytes/byteWriter.ts';
import type { OperatorStatePartition } from '../metadata/snapshotMetadata.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { broadcastState, operatorListState, writeStateMetaInfo } from '../stateMetaInfo.ts';

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
