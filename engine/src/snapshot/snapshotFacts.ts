import { ByteReader } from './bytes/byteReader.ts';
import { FormatError } from './bytes/formatError.ts';
import { eachStream } from './metadata/eachStream.ts';
import type { KeyedStateHandle, SnapshotMetadata } from './metadata/snapshotMetadata.ts';
import { tablesOf } from './stateBackend.ts';
import { readJavaObject, type JavaValue } from './serializers/javaObject.ts';

/** What `_metadata` says about a snapshot as a whole. */
export interface SnapshotFacts {
  /** Flink writes it down from version 4 on; before, it is what the handles look like. */
  readonly kind: 'savepoint' | 'checkpoint' | 'unknown';
  /** `Savepoint`, `Terminate Savepoint`, `Full Checkpoint` ... in Flink's words; null where the file does not say. */
  readonly type: string | null;
  /** The forms of its keyed state, such as `canonical`, `RocksDB incremental`, `RocksDB or ForSt native`; empty without keyed state. */
  readonly formats: readonly string[];
  /** Versions of Flink that may have written it, and those that restore it, such as `2.1 to 2.3`. */
  readonly writtenBy: string;
  readonly restoredBy: string;
  /** All its files are in its own folder, so that the folder can be moved. */
  readonly relocatable: boolean;
  /** Files it needs, each once, without `_metadata`. */
  readonly files: readonly SnapshotFile[];
  /** Unaligned: records in flight are part of it. */
  readonly hasChannelState: boolean;
}

export interface SnapshotFile {
  /** As the snapshot names it: relative to its folder, or absolute. */
  readonly path: string;
  readonly absolute: boolean;
  /** Other checkpoints may need it as well: it must not be deleted with this one. */
  readonly shared: boolean;
  /** What the snapshot needs of it, in bytes. */
  readonly size: number;
}

/** By version of the metadata: which Flinks write it. Every Flink reads the versions before its own, down to 2. */
const WRITERS: Readonly<Record<number, string>> = {
  2: '1.3 to 1.10',
  3: '1.11 to 1.15',
  4: '1.16 to 1.20',
  5: '2.0',
  6: '2.1 and later',
};
const READERS: Readonly<Record<number, string>> = {
  2: '1.8 and later',
  3: '1.11 and later',
  4: '1.16 and later',
  5: '2.0 and later',
  6: '2.1 and later',
};

/** `isForSt` where the declarations of states have said so: `usesForSt`. */
export function snapshotFacts(metadata: SnapshotMetadata, isForSt = false): SnapshotFacts {
  const { kind, type } = kindOf(metadata);
  const files = filesOf(metadata);
  const subtasks = metadata.operators.flatMap((operator) => operator.subtasks);
  // Of a native savepoint RocksDB shares no file, and ForSt may.
  const sharesTables = kind === 'savepoint' && subtasks.some(({ managedKeyedState }) => hasSharedTables(managedKeyedState));
  const tables = tablesOf(metadata.version, isForSt || sharesTables);
  const formats = new Set(subtasks.flatMap((subtask) => formatOf(subtask.managedKeyedState, tables, kind) ?? []));
  return {
    kind,
    type,
    formats: [...formats],
    writtenBy: WRITERS[metadata.version] ?? '?',
    restoredBy: READERS[metadata.version] ?? '?',
    relocatable: files.every((file) => !file.absolute),
    files,
    hasChannelState: subtasks.some((subtask) => subtask.inputChannels.length + subtask.resultSubpartitions.length > 0),
  };
}

function kindOf(metadata: SnapshotMetadata): Pick<SnapshotFacts, 'kind' | 'type'> {
  const type = metadata.properties === null ? null : checkpointType(metadata.properties);
  if (type !== null) {
    return { kind: type.className.endsWith('.SavepointType') ? 'savepoint' : 'checkpoint', type: textOf(type.fields.get('name')) };
  }
  const handles = metadata.operators.flatMap(({ subtasks }) => subtasks.flatMap(({ managedKeyedState }) => managedKeyedState ?? []));
  if (handles.some((handle) => handle.kind !== 'keyGroups')) return { kind: 'checkpoint', type: null };
  return {
    kind: handles.some((handle) => handle.kind === 'keyGroups' && handle.form === 'savepoint') ? 'savepoint' : 'unknown',
    type: null,
  };
}

/** Damaged properties spoil nothing but what they say. */
function checkpointType(properties: Uint8Array): Extract<JavaValue, { readonly type: 'object' }> | null {
  try {
    const value = objectOf(readJavaObject(new ByteReader(properties)));
    return objectOf(value?.fields.get('checkpointType'));
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

function objectOf(value: JavaValue | undefined): Extract<JavaValue, { readonly type: 'object' }> | null {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'object' ? value : null;
}

function textOf(value: JavaValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function hasSharedTables(handle: KeyedStateHandle | null): boolean {
  return handle?.kind === 'incremental' && handle.shared.some(({ name }) => name.endsWith('.sst'));
}

function formatOf(handle: KeyedStateHandle | null, tables: string, kind: SnapshotFacts['kind']): string | null {
  switch (handle?.kind) {
    case undefined:
      return null;
    case 'keyGroups':
      return handle.form === 'savepoint' ? 'canonical' : 'key groups';
    case 'incremental':
      return `${tables} ${hasSharedTables(handle) && kind !== 'savepoint' ? 'incremental' : 'native'}`;
    case 'changelog':
    case 'changelogMemory':
    case 'changelogFiles':
      return 'changelog';
  }
}

function filesOf(metadata: SnapshotMetadata): SnapshotFile[] {
  const files = new Map<string, SnapshotFile>();
  for (const stream of eachStream(metadata)) {
    if (stream.kind !== 'file' && stream.kind !== 'relativeFile' && stream.kind !== 'segment') continue;
    const absolute = stream.kind !== 'relativeFile';
    const known = files.get(stream.path);
    const size = known !== undefined && stream.kind !== 'segment' ? 0 : stream.size;
    const shared = stream.kind === 'segment' ? stream.shared : absolute && isSharedFolder(stream.path);
    files.set(stream.path, { path: stream.path, absolute, shared, size: (known?.size ?? 0) + size });
  }
  return [...files.values()];
}

/** Flink lays a job's checkpoints out as `<job>/chk-N`, `<job>/shared` and `<job>/taskowned`. */
function isSharedFolder(path: string): boolean {
  return /\/(shared|taskowned)\//.test(path);
}
