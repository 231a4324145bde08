import type { ByteReader } from '../bytes/byteReader.ts';
import { dumpLong, type DumpValue } from './dumpValue.ts';
import type { ValueReader } from './simpleValues.ts';

/** What Flink's library for complex events keeps: partial matches, and the events that they hold. */

const NFA = 'org.apache.flink.cep.nfa.';
const SHARED_BUFFER = `${NFA}sharedbuffer.`;

export function readDeweyNumber(reader: ByteReader): DumpValue {
  const count = reader.count(4);
  const digits: number[] = [];
  for (let i = 0; i < count; i++) digits.push(reader.i32());
  return { $class: `${NFA}DeweyNumber`, deweyNumber: digits };
}

export function readEventId(reader: ByteReader): DumpValue {
  const id = reader.i32();
  return { $class: `${SHARED_BUFFER}EventId`, id, timestamp: dumpLong(reader.i64()) };
}

export function nodeIdReader(eventId: ValueReader): ValueReader {
  return (reader) => {
    if (!reader.bool()) return null;
    const event = eventId(reader);
    return { $class: `${SHARED_BUFFER}NodeId`, eventId: event, pageName: reader.vstr() };
  };
}

export function lockableReader(element: ValueReader): ValueReader {
  return (reader) => {
    const refCounter = reader.i32();
    return { $class: `${SHARED_BUFFER}Lockable`, refCounter, element: element(reader) };
  };
}

export function sharedBufferNodeReader(edge: ValueReader): ValueReader {
  const lockable = lockableReader(edge);
  return (reader) => {
    const count = reader.count(4);
    const edges: DumpValue[] = [];
    for (let i = 0; i < count; i++) edges.push(lockable(reader));
    return { $class: `${SHARED_BUFFER}SharedBufferNode`, edges };
  };
}

export function nfaStateReader(
  version: ValueReader,
  nodeId: ValueReader,
  eventId: ValueReader,
  withPreviousTimestamp: boolean,
): ValueReader {
  const readState = (reader: ByteReader): DumpValue => {
    const currentStateName = reader.vstr();
    const previousBufferEntry = nodeId(reader);
    const versionNumber = version(reader);
    const startTimestamp = dumpLong(reader.i64());
    return {
      $class: `${NFA}ComputationState`,
      currentStateName,
      previousBufferEntry,
      version: versionNumber,
      startTimestamp,
      ...(withPreviousTimestamp ? { previousTimestamp: dumpLong(reader.i64()) } : {}),
      startEventID: reader.bool() ? eventId(reader) : null,
    };
  };
  const readStates = (reader: ByteReader): DumpValue => {
    const count = reader.count(4);
    const states: DumpValue[] = [];
    for (let i = 0; i < count; i++) states.push(readState(reader));
    return states;
  };
  return (reader) => {
    const partialMatches = readStates(reader);
    return { $class: `${NFA}NFAState`, partialMatches, completedMatches: readStates(reader) };
  };
}
