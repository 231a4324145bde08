import type { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { dumpBytes, type DumpValue } from '../values/dumpValue.ts';
import { decodeUtf8, encodeUtf8 } from '../bytes/utf8.ts';
import { whole, type ConnectorView } from './connectorView.ts';

/** Splits of Flink CDC: MySqlSplitSerializer, and SourceSplitSerializer of the other databases. They begin alike. */
const SNAPSHOT_SPLIT = 1;
const STREAM_SPLIT = 2;
const VERSIONS_MAX = 20;
const OFFSET_MAX = 1 << 20;

/** A position in a log, as Debezium names it: `file`, `pos`, `gtids` of MySQL, `lsn` of PostgreSQL. */
type LogPosition = Readonly<Record<string, string | null>>;

interface StreamSplit {
  readonly splitId: string;
  readonly start: LogPosition;
  readonly startAt: number;
  readonly startEnd: number;
  readonly end: LogPosition | null;
  /** Finished parts of the snapshot, schemas of tables, and flags. */
  readonly rest: Uint8Array;
}

/** A split that reads the log of a database, or a part of its snapshot. */
export function cdcSplit(reader: ByteReader, version: number): ConnectorView | null {
  if (version < 1 || version > VERSIONS_MAX) return null;
  const kind = reader.i32();
  if (kind === SNAPSHOT_SPLIT) return snapshotSplit(reader);
  if (kind !== STREAM_SPLIT) return null;
  const split = readStreamSplit(reader);
  return {
    kind: 'cdcStreamSplit',
    text: `log from ${positionText(split.start)}`,
    fields: { splitId: split.splitId, start: split.start, end: split.end, rest: dumpBytes(split.rest) },
  };
}

function snapshotSplit(reader: ByteReader): ConnectorView {
  const table = reader.utf();
  const splitId = reader.utf();
  if (table === '' || !splitId.startsWith(`${table}:`)) reader.fail('no part of a table');
  const rest = reader.slice(reader.remaining);
  return { kind: 'cdcSnapshotSplit', text: `part ${splitId} of table ${table}`, fields: { table, splitId, rest: dumpBytes(rest) } };
}

function readStreamSplit(reader: ByteReader): StreamSplit {
  const splitId = reader.utf();
  if (splitId === '' || reader.utf() !== '') reader.fail('no split of a log');
  const startAt = reader.offset;
  const start = readPosition(reader) ?? reader.fail('a split of a log without its beginning');
  const startEnd = reader.offset;
  const end = readPosition(reader);
  return { splitId, start, startAt, startEnd, end, rest: reader.slice(reader.remaining) };
}

function readPosition(reader: ByteReader): LogPosition | null {
  if (!reader.bool()) return null;
  const bytes = reader.bytes32();
  if (bytes.length > OFFSET_MAX) reader.fail('a position of a log that is too long');
  let found: unknown;
  try {
    found = JSON.parse(decodeUtf8(bytes));
  } catch {
    return reader.fail('no position of a log');
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return reader.fail('no position of a log');
  const parts = Object.entries(found as Readonly<Record<string, unknown>>);
  if (parts.some(([, value]) => value !== null && typeof value !== 'string')) return reader.fail('no position of a log');
  return Object.fromEntries(parts) as LogPosition;
}

function positionText(position: LogPosition): string {
  const { file, pos, gtids } = position;
  if (file != null && pos != null)
    return `${file === '' ? 'a file without name' : file}, position ${pos}${gtids == null ? '' : `, GTIDs ${gtids}`}`;
  return Object.entries(position)
    .map(([name, value]) => `${name} ${value ?? 'null'}`)
    .join(', ');
}

/** The payload of a split with another beginning; null where it is none of a log. */
export function withLogPosition(payload: Uint8Array, start: Readonly<Record<string, DumpValue>>): Uint8Array | null {
  const split = whole(payload, (reader) => (reader.i32() === STREAM_SPLIT ? readStreamSplit(reader) : null));
  if (split === null || Object.values(start).some((value) => value !== null && typeof value !== 'string')) return null;
  const bytes = encodeUtf8(JSON.stringify(start));
  const writer = new ByteWriter(payload.length + bytes.length);
  writer.raw(payload.subarray(0, split.startAt));
  writer.bool(true);
  writer.i32(bytes.length);
  writer.raw(bytes);
  writer.raw(payload.subarray(split.startEnd));
  return writer.toBytes();
}

/**
 * Where a log goes on: `FILE:POS` where it has files, else `NAME=VALUE,...` of parts that it has. Null where it does not fit: a part that
 * a log does not have would be ignored by its reader.
 */
export function movedLogPosition(position: Readonly<Record<string, DumpValue>>, to: string): Readonly<Record<string, DumpValue>> | null {
  const [, file, pos] = /^([^:=,]+):(\d{1,19})$/.exec(to) ?? [];
  if (file !== undefined && pos !== undefined) {
    if (!('file' in position) || !('pos' in position)) return null;
    // Where there are GTIDs, the reader goes by them alone.
    const others = Object.fromEntries(Object.entries(position).filter(([name]) => name !== 'gtids'));
    const fresh = Object.fromEntries(['event', 'row', 'ts_sec'].flatMap((name) => (name in position ? [[name, '0']] : [])));
    return { ...others, ...fresh, ...('kind' in position ? { kind: 'SPECIFIC' } : {}), file, pos };
  }
  const parts = to.split(/,(?=[A-Za-z_]+=)/).map((part) => /^([A-Za-z_]+)=(.+)$/.exec(part));
  if (parts.some((part) => part === null || !Object.hasOwn(position, part[1] === 'gtids' ? 'file' : (part[1] ?? '')))) return null;
  return { ...position, ...Object.fromEntries(parts.map((part) => [part?.[1] ?? '', part?.[2] ?? ''])) };
}
