import { ByteWriter } from '../bytes/byteWriter.ts';
import { FormatError } from '../bytes/formatError.ts';
import { KeyedRow, type KeyedRows, type RowFilter, type RowVisitor } from '../keyed/keyedRows.ts';
import { keyedHeader, type KeyedHeader } from '../keyed/keyedStream.ts';
import { enumConstantsOf } from '../keyed/stateCodec.ts';
import type { StreamSection } from '../keyed/streamSections.ts';
import type { KeyGroupsHandle } from '../metadata/snapshotMetadata.ts';
import { timerState, type StateMetaInfo } from '../stateMetaInfo.ts';
import { PieceWindow, rawPieces } from '../storage/streamPieces.ts';
import type { StateStream } from '../storage/stateStream.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { valueReader } from '../values/valueReader.ts';
import {
  MAGIC_SIZE,
  startsWithTimers,
  TimerGroupReader,
  type TimerReaders,
  type TimerService,
  type TimerUnit,
} from './timerGroupReader.ts';

/** A timer, or the serializers of a service, that does not end within so many bytes is damaged. */
const UNIT_MAX = 1 << 26;
const TIMESTAMP_SIZE = 8;
/** The mark, the version, and a count of 0. */
const NO_SERVICES_SIZE = MAGIC_SIZE + 8;
const SIGN_BIT = 0x80;

/** Raw keyed state: Flink knows where each key group is, and only its writer knows what is in it. */
export interface RawKeyedState {
  /** Where its bytes are in the stream. */
  readonly sections: readonly StreamSection[];
  /**
   * `flink` writes timers that the backend keeps on the heap (RocksDB's, where it is set so; ForSt's), for every keyed operator, also for
   * one that has no timer service. `operator` is an operator's own state.
   */
  readonly writer: 'flink' | 'operator';
  /** Null where the operator has no timer service: then there are no timers, and nothing says of what type their keys would be. */
  readonly timers: KeyedRows | null;
}

/** @throws FormatError where it is said to hold timers and does not */
export async function openRawKeyedState(stream: StateStream, handle: KeyGroupsHandle, flink: FlinkMajor): Promise<RawKeyedState> {
  const sections = rawSections(stream, handle);
  const first = sections.find((section) => section.size > 0);
  if (first === undefined || first.size < MAGIC_SIZE || !startsWithTimers(await stream.read(first.offset, MAGIC_SIZE)))
    return { sections, writer: 'operator', timers: null };
  const services = await readServices(stream, first, flink);
  const [service] = services;
  const timers = service === undefined ? null : new RawTimerRows(stream, sections, service.key.snapshot, services, flink);
  if (timers === null) checkNoServices(sections);
  return { sections, writer: 'flink', timers };
}

/** Here a key group may well begin at 0; an absent one is at -1. */
function rawSections(stream: StateStream, handle: KeyGroupsHandle): StreamSection[] {
  const starts = [...new Set(handle.offsets.filter((offset) => offset >= 0))].sort((a, b) => a - b);
  const last = starts.at(-1) ?? 0;
  if (last > stream.size) throw new FormatError(`a key group begins at ${String(last)}, after the end of the stream`, stream.size);
  const ends = new Map(starts.map((start, i) => [start, starts[i + 1] ?? stream.size]));
  return handle.offsets.map((offset, i) => {
    const end = ends.get(offset);
    return { keyGroup: handle.firstKeyGroup + i, offset, size: end === undefined ? 0 : end - offset };
  });
}

/** Every key group names all services of its subtask: those of the first one are those of all. */
async function readServices(stream: StateStream, section: StreamSection, flink: FlinkMajor): Promise<TimerService[]> {
  const services: TimerService[] = [];
  await walkTimers(stream, section, flink, {
    service: (service) => {
      services.push(service);
    },
    timer: () => undefined,
  });
  return services;
}

/** Without services no rows are read, so a service that only a later key group names would be lost. @throws FormatError */
function checkNoServices(sections: readonly StreamSection[]): void {
  for (const { offset, size, keyGroup } of sections) {
    if (size === 0 || size === NO_SERVICES_SIZE) continue;
    throw new FormatError(`key group ${String(keyGroup)} has timer services, and the first key group has none`, offset);
  }
}

interface TimerVisitor {
  service(service: TimerService): void;
  /** `false` ends the walk. */
  timer(reader: TimerGroupReader, bytes: Uint8Array): ReturnType<RowVisitor>;
}

/** Reads a key group from its first byte to its last. False when the visitor ended it. Holds one timer, or one service, at a time. */
async function walkTimers(
  stream: StateStream,
  section: StreamSection,
  flink: FlinkMajor,
  visitor: TimerVisitor,
  signal?: RowFilter['signal'],
): Promise<boolean> {
  const window = new PieceWindow(rawPieces(stream, section.offset, section.size), section.offset);
  const sectionEnd = section.offset + section.size;
  const group = new TimerGroupReader();
  let reader = window.reader();
  for (;;) {
    const position = group.position(reader);
    let unit: TimerUnit;
    try {
      unit = group.next(reader, sectionEnd - window.base - position.offset);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      // It may be whole once there is more of it.
      signal?.throwIfAborted();
      const size = window.bytes.length - position.offset;
      if (size > UNIT_MAX || !(await window.advance(position.offset, size + 1))) throw error;
      reader = window.reader();
      group.resume(position);
      continue;
    }
    if (unit === 'end') {
      if (reader.remaining > 0 || (await window.advance(reader.offset, 1))) reader.fail('bytes follow the last timer of the key group');
      return true;
    }
    if (unit === 'service') {
      const service = group.service ?? reader.fail('a service is expected');
      visitor.service(service);
      group.readers = readersOf(service, flink);
      continue;
    }
    const answer = visitor.timer(group, reader.bytes);
    if (answer === false || (typeof answer === 'object' && (await answer) === false)) return false;
  }
}

function readersOf(service: TimerService, flink: FlinkMajor): TimerReaders {
  const serializers = [service.key.snapshot, service.namespace.snapshot];
  const context = { flink, enumConstants: enumConstantsOf(serializers) };
  return { key: valueReader(service.key.snapshot, context), namespace: valueReader(service.namespace.snapshot, context) };
}

/** Raw timers as rows of timer queues, as they would be in a savepoint. */
class RawTimerRows implements KeyedRows {
  /** A layout of RocksDB's checkpoints: there is no other that has these. */
  readonly layout = 'rocksdb';
  readonly header: KeyedHeader;
  readonly sections: readonly StreamSection[];
  readonly #stream: StateStream;
  readonly #flink: FlinkMajor;

  constructor(
    stream: StateStream,
    sections: readonly StreamSection[],
    key: SerializerSnapshot,
    services: readonly TimerService[],
    flink: FlinkMajor,
  ) {
    this.#stream = stream;
    this.sections = sections;
    this.#flink = flink;
    this.header = keyedHeader(key, services.flatMap(statesOf));
  }

  get file(): string {
    return this.#stream.name;
  }

  async scan(keyGroup: number, visit: RowVisitor, filter: RowFilter = {}): Promise<boolean> {
    const section = this.sections.find((each) => each.keyGroup === keyGroup);
    if (section === undefined || section.size === 0) return true;
    const row = new KeyedRow();
    row.keyGroup = keyGroup;
    const key = new ByteWriter(64);
    let eventState = -1;
    const visitor: TimerVisitor = {
      service: (service) => {
        eventState = this.#eventStateOf(service, section);
      },
      timer: (timer, bytes) => {
        row.state = timer.isEventTime ? eventState : eventState + 1;
        if (filter.states !== undefined && !filter.states.has(row.state)) return undefined;
        // The timestamp comes first, with its sign bit flipped, so that the order of bytes is that of time.
        key.reset();
        key.raw(bytes.subarray(timer.timestampStart, timer.timestampStart + TIMESTAMP_SIZE));
        key.patchU8(0, key.byteAt(0) ^ SIGN_BIT);
        key.raw(bytes.subarray(timer.start, timer.timestampStart));
        row.keyBytes = row.valueBytes = key.view();
        row.keyStart = 0;
        row.keyEnd = row.valueStart = row.valueEnd = key.length;
        return visit(row);
      },
    };
    return walkTimers(this.#stream, section, this.#flink, visitor, filter.signal);
  }

  #eventStateOf(service: TimerService, section: StreamSection): number {
    const [event] = statesOf(service);
    const index = this.header.states.findIndex((state) => state.name === event.name);
    if (index < 0) throw new FormatError(`the timer service ${service.name} is not in the first key group`, section.offset);
    return index;
  }
}

function statesOf(service: TimerService): [StateMetaInfo, StateMetaInfo] {
  return [
    timerState(`_timer_state/event_${service.name}`, service.key.snapshot, service.namespace.snapshot),
    timerState(`_timer_state/processing_${service.name}`, service.key.snapshot, service.namespace.snapshot),
  ];
}
