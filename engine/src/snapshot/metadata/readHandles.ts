import type { ByteReader } from '../bytes/byteReader.ts';
import type { DistributionMode } from '../stateMetaInfo.ts';
import { CHANNEL_TAG, KEYED_TAG, MODES, OPERATOR_TAG, STREAM_TAG } from './handleTags.ts';
import type {
  ChannelHandle,
  KeyedStateHandle,
  KeyGroupsHandle,
  NamedStream,
  OperatorStateHandle,
  OperatorStatePartition,
  StreamHandle,
} from './snapshotMetadata.ts';

/** Handles inside handles: a changelog has bases, which have streams. Deeper than this is damage. */
const DEPTH_MAX = 8;

/** Null for Flink's null handle. */
export function readStreamHandle(reader: ByteReader, depth = 0): StreamHandle | null {
  if (depth > DEPTH_MAX) reader.fail('handles are nested too deeply');
  const tag = reader.u8();
  switch (tag) {
    case STREAM_TAG.none:
      return null;
    case STREAM_TAG.inline:
      return { kind: 'inline', name: reader.utf(), data: reader.bytes32() };
    case STREAM_TAG.file: {
      const size = readSize(reader);
      return { kind: 'file', path: reader.utf(), size };
    }
    case STREAM_TAG.keyGroups:
      return { kind: 'keyGroups', firstKeyGroup: reader.i32(), offsets: readOffsets(reader), stream: readStreamHandle(reader, depth + 1) };
    case STREAM_TAG.relativeFile:
      return { kind: 'relativeFile', path: reader.utf(), size: readSize(reader) };
    case STREAM_TAG.segment:
      return {
        kind: 'segment',
        start: readSize(reader),
        size: readSize(reader),
        shared: reader.i32() === 1,
        path: reader.utf(),
        logicalFileId: reader.utf(),
      };
    case STREAM_TAG.emptySegment:
      return { kind: 'emptySegment' };
    default:
      return reader.fail(`stream handle ${String(tag)} is not known`, reader.offset - 1);
  }
}

export function readOperatorStateHandle(reader: ByteReader): OperatorStateHandle | null {
  const tag = reader.u8();
  if (tag === OPERATOR_TAG.none) return null;
  if (tag !== OPERATOR_TAG.partitionable && tag !== OPERATOR_TAG.merged)
    reader.fail(`operator state handle ${String(tag)} is not known`, reader.offset - 1);
  const count = reader.count(7);
  const partitions: OperatorStatePartition[] = [];
  for (let i = 0; i < count; i++) partitions.push({ name: reader.utf(), mode: readMode(reader), offsets: readOffsets(reader) });
  const merged = tag === OPERATOR_TAG.merged ? { taskOwnedFolder: reader.utf(), sharedFolder: reader.utf(), empty: reader.bool() } : null;
  return { partitions, merged, stream: readStreamHandle(reader) };
}

function readMode(reader: ByteReader): DistributionMode {
  const ordinal = reader.u8();
  return MODES[ordinal] ?? reader.fail(`distribution mode ${String(ordinal)} is not known`, reader.offset - 1);
}

export function readKeyedStateHandle(reader: ByteReader, depth = 0): KeyedStateHandle | null {
  if (depth > DEPTH_MAX) reader.fail('handles are nested too deeply');
  const tag = reader.u8();
  switch (tag) {
    case KEYED_TAG.none:
      return null;
    case KEYED_TAG.keyGroups:
      return readKeyGroups(reader, 'plain');
    case KEYED_TAG.savepoint:
      return readKeyGroups(reader, 'savepoint');
    case KEYED_TAG.keyGroupsIdentified:
      return readKeyGroups(reader, 'identified');
    case KEYED_TAG.incremental1:
      return readIncremental(reader, 1);
    case KEYED_TAG.incremental2:
      return readIncremental(reader, 2);
    case KEYED_TAG.changelog1:
      return readChangelog(reader, 1, depth);
    case KEYED_TAG.changelog2:
      return readChangelog(reader, 2, depth);
    case KEYED_TAG.changelogMemory:
      return readChangelogMemory(reader);
    case KEYED_TAG.changelogFiles1:
      return readChangelogFiles(reader, 1);
    case KEYED_TAG.changelogFiles2:
      return readChangelogFiles(reader, 2);
    default:
      return reader.fail(`keyed state handle ${String(tag)} is not known`, reader.offset - 1);
  }
}

function readKeyGroups(reader: ByteReader, form: KeyGroupsHandle['form']): KeyGroupsHandle {
  const firstKeyGroup = readKeyGroup(reader);
  const offsets = readOffsets(reader);
  const stream = readStreamHandle(reader);
  return { kind: 'keyGroups', form, firstKeyGroup, offsets, stream, id: form === 'identified' ? reader.utf() : '' };
}

function readIncremental(reader: ByteReader, version: 1 | 2): KeyedStateHandle {
  return {
    kind: 'incremental',
    version,
    checkpointId: reader.safeI64(),
    backendId: reader.utf(),
    firstKeyGroup: readKeyGroup(reader),
    keyGroupCount: readKeyGroup(reader),
    checkpointedSize: version === 2 ? reader.safeI64() : 0,
    header: readStreamHandle(reader),
    shared: readNamedStreams(reader),
    private: readNamedStreams(reader),
    id: version === 2 ? reader.utf() : '',
  };
}

function readChangelog(reader: ByteReader, version: 1 | 2, depth: number): KeyedStateHandle {
  const handles = (): KeyedStateHandle[] => {
    const count = reader.count();
    const list: KeyedStateHandle[] = [];
    for (let i = 0; i < count; i++) {
      const handle = readKeyedStateHandle(reader, depth + 1);
      if (handle !== null) list.push(handle);
    }
    return list;
  };
  return {
    kind: 'changelog',
    version,
    firstKeyGroup: readKeyGroup(reader),
    keyGroupCount: readKeyGroup(reader),
    checkpointedSize: reader.safeI64(),
    base: handles(),
    delta: handles(),
    materializationId: reader.i64AsNumber(),
    checkpointId: version === 2 ? reader.i64AsNumber() : 0,
    id: reader.utf(),
  };
}

function readChangelogMemory(reader: ByteReader): KeyedStateHandle {
  const firstKeyGroup = readKeyGroup(reader);
  const keyGroupCount = readKeyGroup(reader);
  const from = reader.i64AsNumber();
  const to = reader.i64AsNumber();
  const count = reader.count(8);
  const changes: { keyGroup: number; change: Uint8Array }[] = [];
  for (let i = 0; i < count; i++) changes.push({ keyGroup: reader.i32(), change: reader.bytes32() });
  return { kind: 'changelogMemory', firstKeyGroup, keyGroupCount, from, to, changes, id: reader.utf() };
}

function readChangelogFiles(reader: ByteReader, version: 1 | 2): KeyedStateHandle {
  const firstKeyGroup = readKeyGroup(reader);
  const keyGroupCount = readKeyGroup(reader);
  const count = reader.count(9);
  const streams: { offset: number; stream: StreamHandle | null }[] = [];
  for (let i = 0; i < count; i++) streams.push({ offset: reader.safeI64(), stream: readStreamHandle(reader) });
  return {
    kind: 'changelogFiles',
    version,
    firstKeyGroup,
    keyGroupCount,
    streams,
    stateSize: reader.safeI64(),
    checkpointedSize: reader.safeI64(),
    id: reader.utf(),
    storageId: version === 2 ? reader.utf() : '',
  };
}

function readNamedStreams(reader: ByteReader): NamedStream[] {
  const count = reader.count(3);
  const streams: NamedStream[] = [];
  for (let i = 0; i < count; i++) streams.push({ name: reader.utf(), stream: readStreamHandle(reader) });
  return streams;
}

/** `version` is the metadata's: the tag in front came with version 6. */
export function readChannelHandle(reader: ByteReader, version: number): ChannelHandle {
  const tag = version >= 6 ? reader.u8() : CHANNEL_TAG.input;
  if (tag === CHANNEL_TAG.mergedInput || tag === CHANNEL_TAG.mergedResult) {
    return { kind: 'merged', subtask: reader.i32(), size: readSize(reader), stream: readStreamHandle(reader), offsets: reader.bytes32() };
  }
  if (tag !== CHANNEL_TAG.input && tag !== CHANNEL_TAG.result)
    reader.fail(`channel state handle ${String(tag)} is not known`, reader.offset - 1);
  return {
    kind: 'channel',
    subtask: reader.i32(),
    first: reader.i32(),
    second: reader.i32(),
    offsets: readOffsets(reader),
    size: readSize(reader),
    stream: readStreamHandle(reader),
  };
}

function readOffsets(reader: ByteReader): number[] {
  const count = reader.count(8);
  const offsets = new Array<number>(count);
  for (let i = 0; i < count; i++) offsets[i] = reader.safeI64();
  return offsets;
}

function readSize(reader: ByteReader): number {
  const size = reader.safeI64();
  if (size < 0) reader.fail(`a size of ${String(size)} bytes`, reader.offset - 8);
  return size;
}

function readKeyGroup(reader: ByteReader): number {
  const keyGroup = reader.i32();
  if (keyGroup < 0 || keyGroup > 32768) reader.fail(`key group ${String(keyGroup)} is not possible`, reader.offset - 4);
  return keyGroup;
}
