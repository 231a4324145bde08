import type { ByteReader } from '../bytes/byteReader.ts';
import { readVersionedSnapshot } from '../serializers/snapshotEnvelope.ts';
import type { StoredSerializer } from '../stateMetaInfo.ts';
import type { ValueReader } from '../values/valueReader.ts';

/** Flink's mark of a stream that says its version. */
const MAGIC = 0xf1cd859f;
/** Flink 1.8 and later. */
const VERSION = 2;
export const MAGIC_SIZE = 4;
const TIMESTAMP_SIZE = 8;
/** A service's name, two serializers' names and two counts. */
const SERVICE_MIN = 22;

/** One service of timers, such as those of a user function, or of windows: two queues of one type. */
export interface TimerService {
  readonly name: string;
  readonly key: StoredSerializer;
  readonly namespace: StoredSerializer;
}

/** How the timers of a service are read; made once for each service. */
export interface TimerReaders {
  readonly key: ValueReader;
  readonly namespace: ValueReader;
}

/** What the next unit of a key group turned out to be. */
export type TimerUnit = 'service' | 'timer' | 'end';

/** Where reading is: everything needed to go back to before a unit that was not whole. */
export interface TimerPosition {
  readonly offset: number;
  readonly servicesLeft: number;
  readonly queuesLeft: number;
  readonly timersLeft: number;
}

export function startsWithTimers(reader: ByteReader): boolean {
  return reader.remaining >= MAGIC_SIZE && reader.i32() >>> 0 === MAGIC;
}

/**
 * Reads one key group of raw keyed timers, unit by unit: for each service its name and serializers, then the timers for event time and those
 * for processing time. A unit that is not whole is a FormatError; again bytes are there, it is read again from its position on.
 */
export class TimerGroupReader {
  #servicesLeft = -1;
  #queuesLeft = 0;
  #timersLeft = 0;
  /** The service that a unit of that name has read. */
  service: TimerService | null = null;
  /** Of the timers that follow it; the one that reads a service sets them. */
  readers: TimerReaders | null = null;
  /** Of the timer that was read: key and namespace are before its timestamp. */
  start = 0;
  timestampStart = 0;

  position(reader: ByteReader): TimerPosition {
    return { offset: reader.offset, servicesLeft: this.#servicesLeft, queuesLeft: this.#queuesLeft, timersLeft: this.#timersLeft };
  }

  resume(position: TimerPosition): void {
    this.#servicesLeft = position.servicesLeft;
    this.#queuesLeft = position.queuesLeft;
    this.#timersLeft = position.timersLeft;
  }

  get isEventTime(): boolean {
    return this.#queuesLeft === 1;
  }

  /** `sectionLeft` bytes of the key group remain, in memory or not: no count may promise more. @throws FormatError, UnreadableValue */
  next(reader: ByteReader, sectionLeft: number): TimerUnit {
    const start = reader.offset;
    if (this.#servicesLeft < 0) this.#readVersion(reader, sectionLeft);
    while (this.#timersLeft === 0) {
      if (this.#queuesLeft > 0) {
        this.#beginQueue(reader, sectionLeft - (reader.offset - start));
        continue;
      }
      if (this.#servicesLeft === 0) return 'end';
      this.#servicesLeft--;
      this.#queuesLeft = 2;
      this.service = readService(reader);
      return 'service';
    }
    this.#readTimer(reader);
    return 'timer';
  }

  #readVersion(reader: ByteReader, sectionLeft: number): void {
    const start = reader.offset;
    if (!startsWithTimers(reader)) reader.fail('the mark of timers is expected', start);
    const version = reader.i32();
    if (version !== VERSION)
      reader.fail(`timers of version ${String(version)} are not readable, only version 2 (Flink 1.8 and later)`, reader.offset - 4);
    this.#servicesLeft = countWithin(reader, sectionLeft, SERVICE_MIN);
  }

  #beginQueue(reader: ByteReader, sectionLeft: number): void {
    this.#timersLeft = countWithin(reader, sectionLeft, TIMESTAMP_SIZE);
    this.#queuesLeft--;
  }

  #readTimer(reader: ByteReader): void {
    const readers = this.readers ?? reader.fail('timers without a service');
    this.start = reader.offset;
    readers.key(reader);
    readers.namespace(reader);
    this.timestampStart = reader.take(TIMESTAMP_SIZE);
    this.#timersLeft--;
  }
}

function readService(reader: ByteReader): TimerService {
  const name = reader.utf();
  return reader.within(`timers of ${name}`, () => {
    const key = { snapshot: readVersionedSnapshot(reader), bytes: null };
    return { name, key, namespace: { snapshot: readVersionedSnapshot(reader), bytes: null } };
  });
}

function countWithin(reader: ByteReader, bytesLeft: number, minimumSize: number): number {
  const count = reader.i32();
  if (count < 0 || count * minimumSize > bytesLeft)
    reader.fail(`count ${String(count)} cannot fit into the ${String(bytesLeft)} bytes that remain`, reader.offset - 4);
  return count;
}
