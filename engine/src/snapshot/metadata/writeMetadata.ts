import { ByteWriter } from '../bytes/byteWriter.ts';
import { CHANNEL_TAG, KEYED_TAG, MODES, OPERATOR_TAG, STREAM_TAG } from './handleTags.ts';
import { SAVEPOINT_PROPERTIES } from './savepointProperties.ts';
import { MASTER_STATE_MAGIC, METADATA_MAGIC } from './readMetadata.ts';
import type {
  ChannelHandle,
  KeyedStateHandle,
  KeyGroupsHandle,
  NamedStream,
  OperatorMetadata,
  OperatorStateHandle,
  SnapshotMetadata,
  StreamHandle,
  SubtaskMetadata,
} from './snapshotMetadata.ts';

/** Version 4, which every Flink from 1.16 to 2.3 restores; 5 (Flink 2.0) and 6 (2.1 and later) hold names and uids as well. */
export type WritableVersion = 4 | 5 | 6;

/** The bytes of `_metadata`. Without properties of its own it says that it is a canonical savepoint. */
export function writeMetadata(metadata: SnapshotMetadata & { readonly version: WritableVersion }): Uint8Array {
  const writer = new ByteWriter(4096);
  writer.i32(METADATA_MAGIC);
  writer.i32(metadata.version);
  writer.i64FromNumber(metadata.checkpointId);
  writer.i32(metadata.masterStates.length);
  for (const state of metadata.masterStates) {
    writer.i32(MASTER_STATE_MAGIC);
    const lengthAt = writer.length;
    writer.i32(0);
    writer.i32(state.version);
    writer.utf(state.name);
    writer.bytes32(state.payload);
    writer.patchI32(lengthAt, writer.length - lengthAt - 4);
  }
  writer.i32(metadata.operators.length);
  for (const operator of metadata.operators) writeOperator(writer, operator, metadata.version);
  writer.raw(metadata.properties ?? SAVEPOINT_PROPERTIES);
  return writer.toBytes();
}

function writeOperator(writer: ByteWriter, operator: OperatorMetadata, version: WritableVersion): void {
  if (version >= 5) {
    writer.utf(operator.name ?? '');
    writer.utf(operator.uid ?? '');
  }
  if (!/^[0-9a-f]{32}$/.test(operator.operatorId))
    throw new RangeError(`operator id ${JSON.stringify(operator.operatorId)} must have 32 hex digits`);
  for (let i = 0; i < 32; i += 2) writer.u8(Number.parseInt(operator.operatorId.slice(i, i + 2), 16));
  writer.i32(operator.parallelism);
  writer.i32(operator.maxParallelism);
  writeStreamHandle(writer, operator.coordinatorState);
  if (operator.finished) {
    writer.i32(-1);
    return;
  }
  writer.i32(operator.subtasks.length);
  for (const subtask of operator.subtasks) writeSubtask(writer, subtask, version);
}

function writeSubtask(writer: ByteWriter, subtask: SubtaskMetadata, version: WritableVersion): void {
  if (subtask.finished) {
    writer.i32(-subtask.index - 1);
    return;
  }
  writer.i32(subtask.index);
  for (const handle of [subtask.managedOperatorState, subtask.rawOperatorState]) {
    writer.i32(handle === null ? 0 : 1);
    if (handle !== null) writeOperatorStateHandle(writer, handle);
  }
  writeKeyedStateHandle(writer, subtask.managedKeyedState);
  writeKeyedStateHandle(writer, subtask.rawKeyedState);
  writer.i32(subtask.inputChannels.length);
  for (const channel of subtask.inputChannels) writeChannelHandle(writer, channel, version, true);
  writer.i32(subtask.resultSubpartitions.length);
  for (const channel of subtask.resultSubpartitions) writeChannelHandle(writer, channel, version, false);
}

function writeStreamHandle(writer: ByteWriter, handle: StreamHandle | null): void {
  if (handle === null) {
    writer.u8(STREAM_TAG.none);
    return;
  }
  writer.u8(STREAM_TAG[handle.kind]);
  switch (handle.kind) {
    case 'inline':
      writer.utf(handle.name);
      writer.bytes32(handle.data);
      return;
    case 'file':
      writer.i64FromNumber(handle.size);
      writer.utf(handle.path);
      return;
    case 'relativeFile':
      writer.utf(handle.path);
      writer.i64FromNumber(handle.size);
      return;
    case 'segment':
      writer.i64FromNumber(handle.start);
      writer.i64FromNumber(handle.size);
      writer.i32(handle.shared ? 1 : 0);
      writer.utf(handle.path);
      writer.utf(handle.logicalFileId);
      return;
    case 'emptySegment':
      return;
    case 'keyGroups':
      writer.i32(handle.firstKeyGroup);
      writeOffsets(writer, handle.offsets);
      writeStreamHandle(writer, handle.stream);
  }
}

function writeOperatorStateHandle(writer: ByteWriter, handle: OperatorStateHandle): void {
  writer.u8(handle.merged === null ? OPERATOR_TAG.partitionable : OPERATOR_TAG.merged);
  writer.i32(handle.partitions.length);
  for (const partition of handle.partitions) {
    writer.utf(partition.name);
    writer.u8(MODES.indexOf(partition.mode));
    writeOffsets(writer, partition.offsets);
  }
  if (handle.merged !== null) {
    writer.utf(handle.merged.taskOwnedFolder);
    writer.utf(handle.merged.sharedFolder);
    writer.bool(handle.merged.empty);
  }
  writeStreamHandle(writer, handle.stream);
}

const KEY_GROUPS_TAG: Readonly<Record<KeyGroupsHandle['form'], number>> = {
  plain: KEYED_TAG.keyGroups,
  savepoint: KEYED_TAG.savepoint,
  identified: KEYED_TAG.keyGroupsIdentified,
};

function writeKeyedStateHandle(writer: ByteWriter, handle: KeyedStateHandle | null): void {
  if (handle === null) {
    writer.u8(KEYED_TAG.none);
    return;
  }
  switch (handle.kind) {
    case 'keyGroups':
      writer.u8(KEY_GROUPS_TAG[handle.form]);
      writer.i32(handle.firstKeyGroup);
      writeOffsets(writer, handle.offsets);
      writeStreamHandle(writer, handle.stream);
      if (handle.form === 'identified') writer.utf(handle.id);
      return;
    case 'incremental':
      writer.u8(handle.version === 1 ? KEYED_TAG.incremental1 : KEYED_TAG.incremental2);
      writer.i64FromNumber(handle.checkpointId);
      writer.utf(handle.backendId);
      writer.i32(handle.firstKeyGroup);
      writer.i32(handle.keyGroupCount);
      if (handle.version === 2) writer.i64FromNumber(handle.checkpointedSize);
      writeStreamHandle(writer, handle.header);
      writeNamedStreams(writer, handle.shared);
      writeNamedStreams(writer, handle.private);
      if (handle.version === 2) writer.utf(handle.id);
      return;
    case 'changelog':
      writer.u8(handle.version === 1 ? KEYED_TAG.changelog1 : KEYED_TAG.changelog2);
      writer.i32(handle.firstKeyGroup);
      writer.i32(handle.keyGroupCount);
      writer.i64FromNumber(handle.checkpointedSize);
      for (const handles of [handle.base, handle.delta]) {
        writer.i32(handles.length);
        for (const part of handles) writeKeyedStateHandle(writer, part);
      }
      writer.i64FromNumber(handle.materializationId);
      if (handle.version === 2) writer.i64FromNumber(handle.checkpointId);
      writer.utf(handle.id);
      return;
    case 'changelogMemory':
      writer.u8(KEYED_TAG.changelogMemory);
      writer.i32(handle.firstKeyGroup);
      writer.i32(handle.keyGroupCount);
      writer.i64FromNumber(handle.from);
      writer.i64FromNumber(handle.to);
      writer.i32(handle.changes.length);
      for (const { keyGroup, change } of handle.changes) {
        writer.i32(keyGroup);
        writer.bytes32(change);
      }
      writer.utf(handle.id);
      return;
    case 'changelogFiles':
      writer.u8(handle.version === 1 ? KEYED_TAG.changelogFiles1 : KEYED_TAG.changelogFiles2);
      writer.i32(handle.firstKeyGroup);
      writer.i32(handle.keyGroupCount);
      writer.i32(handle.streams.length);
      for (const { offset, stream } of handle.streams) {
        writer.i64FromNumber(offset);
        writeStreamHandle(writer, stream);
      }
      writer.i64FromNumber(handle.stateSize);
      writer.i64FromNumber(handle.checkpointedSize);
      writer.utf(handle.id);
      if (handle.version === 2) writer.utf(handle.storageId);
  }
}

function writeNamedStreams(writer: ByteWriter, streams: readonly NamedStream[]): void {
  writer.i32(streams.length);
  for (const { name, stream } of streams) {
    writer.utf(name);
    writeStreamHandle(writer, stream);
  }
}

function writeChannelHandle(writer: ByteWriter, handle: ChannelHandle, version: WritableVersion, input: boolean): void {
  if (handle.kind === 'merged') {
    if (version < 6) throw new RangeError('merged channel state can be written from metadata version 6 on only');
    writer.u8(input ? CHANNEL_TAG.mergedInput : CHANNEL_TAG.mergedResult);
    writer.i32(handle.subtask);
    writer.i64FromNumber(handle.size);
    writeStreamHandle(writer, handle.stream);
    writer.bytes32(handle.offsets);
    return;
  }
  if (version >= 6) writer.u8(input ? CHANNEL_TAG.input : CHANNEL_TAG.result);
  writer.i32(handle.subtask);
  writer.i32(handle.first);
  writer.i32(handle.second);
  writeOffsets(writer, handle.offsets);
  writer.i64FromNumber(handle.size);
  writeStreamHandle(writer, handle.stream);
}

function writeOffsets(writer: ByteWriter, offsets: readonly number[]): void {
  writer.i32(offsets.length);
  for (const offset of offsets) writer.i64FromNumber(offset);
}
