import type { ByteReader } from '../bytes/byteReader.ts';
import { dumpBytes, type DumpValue } from '../values/dumpValue.ts';
import { longValue, readVersioned, readVersionedList, recognise, whole, type ConnectorView, type Versioned } from './connectorView.ts';
import { fileBucket, fileCommittable } from './fileState.ts';
import { kafkaCommittable, kafkaWriter } from './kafkaState.ts';

export const SINK_WRITER_STATE = 'writer_raw_states';
export const SINK_COMMITTER_STATE = 'streaming_committer_raw_states';

const COLLECTOR = 0xb91f252c | 0;
const GLOBAL_COMMITTER = 0xb91f252b | 0;
/** In the order of Flink's ordinals. */
const REQUEST_STATES = ['RECEIVED', 'RETRY', 'FAILED', 'COMMITTED'];

/** An element of `writer_raw_states`. */
export function describeSinkWriter(element: Uint8Array): ConnectorView | null {
  const state = whole(element, readVersioned);
  return state === null ? null : recognise(state, [fileBucket, kafkaWriter]);
}

/** An element of `streaming_committer_raw_states`: what waits to be committed, by checkpoint and subtask. */
export function describeCommitter(element: Uint8Array): ConnectorView | null {
  const state = whole(element, readVersioned);
  return state === null ? null : recognise(state, [globalCommitter, collector]);
}

/** The global committer of Sink V2 wraps a collector; what it keeps beside it is of the sink alone. */
function globalCommitter(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 2 || reader.i32() !== GLOBAL_COMMITTER) return null;
  if (reader.bool()) readVersionedList(reader);
  const inner = readVersioned(reader);
  return recognise(inner, [collector]);
}

interface Request {
  readonly committable: ConnectorView | null;
  readonly fields: DumpValue;
}

/** CommittableCollector: version 2 by checkpoint; version 1, of the first sinks, a bare list. */
function collector(reader: ByteReader, version: number): ConnectorView | null {
  if (reader.i32() !== COLLECTOR) return null;
  if (version === 1) {
    const requests = readVersionedList(reader).map(requestOf);
    return committablesView(requests, { committables: requests.map((request) => request.fields) });
  }
  if (version !== 2) return null;
  const requests: Request[] = [];
  const checkpoints = readVersionedList(reader).map((checkpoint) =>
    inside(reader, checkpoint, (part) => readCheckpoint(part, checkpoint.version, requests)),
  );
  return committablesView(requests, { checkpoints });
}

/** Payloads inside payloads must fit as well. */
function inside<T>(outer: ByteReader, payload: Versioned, read: (reader: ByteReader) => T): T {
  return whole(payload.bytes, read) ?? outer.fail('a part of the committables does not fit');
}

function readCheckpoint(reader: ByteReader, version: number, requests: Request[]): DumpValue {
  const checkpointId = longValue(reader.i64());
  const numberOfSubtasks = version === 0 ? null : reader.i32();
  const subtasks = readVersionedList(reader).map((subtask) =>
    inside(reader, subtask, (part) => readSubtask(part, subtask.version, requests)),
  );
  return { checkpointId, numberOfSubtasks, subtasks };
}

function readSubtask(reader: ByteReader, version: number, requests: Request[]): DumpValue {
  const subtask = version === 0 ? null : reader.i32();
  const own = readVersionedList(reader).map((request) => inside(reader, request, readRequest));
  requests.push(...own);
  const committables = reader.i32();
  // Until version 1 it also said how many had been handed on.
  if (version < 2) reader.i32();
  return { subtask, requests: own.map((request) => request.fields), committables, failed: reader.i32() };
}

function readRequest(reader: ByteReader): Request {
  const { committable, fields } = requestOf(readVersioned(reader));
  const retries = reader.i32();
  const state = REQUEST_STATES[reader.i32()] ?? reader.fail('no state of a request');
  return { committable, fields: { committable: fields, retries, state } };
}

function requestOf(payload: Versioned): Request {
  const committable = recognise(payload, [fileCommittable, kafkaCommittable]);
  return { committable, fields: committable === null ? dumpBytes(payload.bytes) : committable.fields };
}

function committablesView(requests: readonly Request[], fields: ConnectorView['fields']): ConnectorView {
  const first = requests.find(({ committable }) => committable !== null)?.committable?.text;
  const count = requests.length;
  const text =
    count === 0
      ? 'nothing waits to be committed'
      : `${String(count)} to commit${first === undefined ? '' : `: ${first}${count > 1 ? ' …' : ''}`}`;
  return { kind: 'committables', text, fields };
}
