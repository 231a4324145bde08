import type { ByteReader } from '../bytes/byteReader.ts';
import { decodeUtf8Leniently } from '../bytes/utf8.ts';
import { plainInteger, type DumpValue } from '../values/dumpValue.ts';
import {
  grouped,
  littleEndian,
  littleEndianCount,
  longValue,
  readCounted,
  readVersioned,
  whole,
  type ConnectorView,
  type Versioned,
} from './connectorView.ts';

const PENDING_SPLITS = 0xdeadbeef | 0;
const BUCKET_STATE = 0x1e764b79;
const FILE_COMMITTABLE = 0x1e765c80;
const IN_PROGRESS_FILE = 0xb3a4073d | 0;
const PENDING_FILE = 0x2c853c89;
const LOCAL_FILE = 0x1e744b57;

/** FileSourceSplit: a part of a file, and how far it has been read. */
export function fileSplit(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 1) return null;
  const id = reader.utf();
  const path = readPath(reader);
  const offset = reader.i64();
  const length = reader.i64();
  const modificationTime = reader.i64();
  const fileSize = reader.i64();
  const hosts = readCounted(reader, 2, () => reader.utf());
  const position = reader.bool() ? { offset: reader.i64(), recordsAfterOffset: reader.i64() } : null;
  if (path === '' || offset < 0n || length < 0n || fileSize < -1n) reader.fail('no part of a file');
  const read = position === null ? 'not begun' : positionInWords(position);
  return {
    kind: 'fileSplit',
    text: `${path}, ${grouped(length)} bytes from ${grouped(offset)}: ${read}`,
    fields: {
      id,
      path,
      offset: longValue(offset),
      length: longValue(length),
      modificationTime: plainInteger(modificationTime),
      fileSize: longValue(fileSize),
      hosts,
      position:
        position === null ? null : { offset: longValue(position.offset), recordsAfterOffset: longValue(position.recordsAfterOffset) },
    },
  };
}

function positionInWords({ offset, recordsAfterOffset }: { offset: bigint; recordsAfterOffset: bigint }): string {
  // Readers that cannot go to a place in the file count records from its start.
  const place = offset < 0n ? 'the beginning' : `byte ${grouped(offset)}`;
  return recordsAfterOffset === 0n ? `read to ${place}` : `read to ${grouped(recordsAfterOffset)} records after ${place}`;
}

/** Flink's Path: the parts of its URI. */
function readPath(reader: ByteReader): string {
  if (!reader.bool()) return '';
  const text = (): string | null => (reader.bool() ? reader.vstr() : null);
  const scheme = text();
  text();
  const host = text();
  const port = reader.i32();
  const path = text();
  text();
  text();
  const authority = host === null ? '' : `//${host}${port < 0 ? '' : `:${String(port)}`}`;
  return `${scheme === null ? '' : `${scheme}:`}${authority}${path ?? ''}`;
}

/** PendingSplitsCheckpoint of the file source: splits that no reader has yet, and files that need no more splits. Little-endian. */
export function fileEnumerator(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 1 || littleEndian(reader) !== PENDING_SPLITS) return null;
  const splitVersion = littleEndian(reader);
  const splitCount = littleEndianCount(reader, 4);
  const pathCount = littleEndianCount(reader, 4);
  const splits: DumpValue[] = [];
  for (let i = 0; i < splitCount; i++) {
    const bytes = reader.slice(littleEndian(reader));
    const split = whole(bytes, (part) => fileSplit(part, splitVersion)) ?? reader.fail('a split that is not of a file');
    splits.push(split.fields);
  }
  const processed: string[] = [];
  for (let i = 0; i < pathCount; i++) processed.push(decodeUtf8Leniently(reader.slice(littleEndian(reader))));
  return {
    kind: 'fileEnumerator',
    text: `${String(splits.length)} splits not yet assigned, ${String(processed.length)} files seen`,
    fields: { splits, processed },
  };
}

/** FileWriterBucketState: where a sink's bucket is, and the file that it is writing. */
export function fileBucket(reader: ByteReader, version: number): ConnectorView | null {
  if (version < 1 || version > 3 || reader.i32() !== BUCKET_STATE) return null;
  const bucketId = bucketName(readVersioned(reader)) ?? reader.fail('a bucket without a name');
  const path = reader.utf();
  const createdAt = reader.i64();
  const inProgress = reader.bool() ? recoverable(readVersioned(reader)) : null;
  const pending = version === 3 ? [] : readPending(reader);
  const bucket = bucketId === '' ? path : `${path} (bucket ${bucketId})`;
  return {
    kind: 'fileBucket',
    text: inProgress === null ? bucket : `${bucket}, a file in progress`,
    fields: { bucketId, path, inProgressFileCreationTime: plainInteger(createdAt), inProgress, pending },
  };
}

/** Up to version 2, files that had not been committed was here, by checkpoint. */
function readPending(reader: ByteReader): DumpValue[] {
  const version = reader.i32();
  return readCounted(reader, 12, () => ({
    checkpointId: longValue(reader.i64()),
    files: readCounted(reader, 4, () => recoverable({ version, bytes: reader.bytes32() })),
  }));
}

function bucketName({ bytes }: Versioned): string | null {
  return whole(bytes, (reader) => decodeUtf8Leniently(reader.slice(littleEndian(reader))));
}

/** FileSinkCommittable: a file that waits to be renamed into place, or one to be cleaned up. */
export function fileCommittable(reader: ByteReader, version: number): ConnectorView | null {
  if ((version !== 1 && version !== 2) || reader.i32() !== FILE_COMMITTABLE) return null;
  const bucketId = version === 1 ? '' : reader.utf();
  const pending = reader.bool() ? recoverable(readVersioned(reader)) : null;
  const cleanup = reader.bool() ? recoverable(readVersioned(reader)) : null;
  const compacted = version === 2 && reader.bool() ? reader.utf() : null;
  return {
    kind: 'fileCommittable',
    text: pending === null ? 'a file to clean up' : `${fileName(pending)} waits to be committed`,
    fields: { bucketId, pendingFile: pending, inProgressFileToCleanUp: cleanup, compactedFileToCleanUp: compacted },
  };
}

function fileName(pending: DumpValue): string {
  const target = typeof pending === 'object' && pending !== null && 'target' in pending ? pending['target'] : null;
  return typeof target === 'string' ? target : 'a file';
}

/** What a file system needs to go on with a file, or to commit it: of local files its names, of other systems its bytes. */
function recoverable(payload: Versioned): DumpValue {
  return whole(payload.bytes, (reader) => streamFile(reader, payload.version)) ?? ofFileSystem(payload);
}

/** Never another stream's form, however deep the bytes pretend to be. */
function ofFileSystem({ version, bytes }: Versioned): DumpValue {
  return whole(bytes, localFile) ?? { version, $bytes: [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('') };
}

/** The form of sinks that write through streams wraps that of the file system; its version 2 has path and size in front. */
function streamFile(reader: ByteReader, version: number): DumpValue | null {
  const mark = reader.i32();
  if (mark !== IN_PROGRESS_FILE && mark !== PENDING_FILE) return null;
  if (version === 1) return ofFileSystem(readVersioned(reader));
  const path = reader.bool() ? reader.utf() : null;
  const size = mark === PENDING_FILE ? longValue(reader.i64()) : null;
  const inner = ofFileSystem(readVersioned(reader));
  return typeof inner === 'object' && inner !== null && 'target' in inner ? inner : { target: path, size, recoverable: inner };
}

function localFile(reader: ByteReader): DumpValue | null {
  if (littleEndian(reader) !== LOCAL_FILE) return null;
  const low = littleEndian(reader) >>> 0;
  const offset = (BigInt(littleEndian(reader)) << 32n) | BigInt(low);
  const targetSize = littleEndian(reader);
  const temporarySize = littleEndian(reader);
  const target = decodeUtf8Leniently(reader.slice(targetSize));
  return { target, temporary: decodeUtf8Leniently(reader.slice(temporarySize)), offset: longValue(offset) };
}
