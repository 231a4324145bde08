import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../../src/snapshot/bytes/byteWriter.ts';
import { readChannel, type ChannelContent } from '../../../src/snapshot/channels/channelContent.ts';
import { inFlightChannels, type InFlightChannel } from '../../../src/snapshot/channels/inFlightChannels.ts';
import { streamElementReader } from '../../../src/snapshot/channels/streamElement.ts';
import type { ChannelHandle, StreamHandle, SubtaskMetadata } from '../../../src/snapshot/metadata/snapshotMetadata.ts';
import { readSnapshot } from '../../../src/snapshot/snapshot.ts';
import { openStream } from '../../../src/snapshot/storage/stateStream.ts';
import type { DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { IN_FLIGHT, type ValueDecoders } from '../../../src/snapshot/values/valueDecoder.ts';
import { valueReader } from '../../../src/snapshot/values/valueReader.ts';
import { memoryStorage, snapshotFiles } from '../snapshotFixtures.ts';

const PLAIN = { flink: 2 as const, enumConstants: new Map<string, never>() };
const EMPTY_STORAGE = memoryStorage(new Map());

interface Read {
  readonly channel: InFlightChannel;
  readonly content: ChannelContent;
  readonly elements: readonly DumpValue[];
}

async function read(channel: InFlightChannel, storage = EMPTY_STORAGE, folder = '/', record: 'long' | 'string' = 'long'): Promise<Read> {
  const stream = await openStream(storage, folder, channel.stream ?? { kind: 'emptySegment' });
  const element = streamElementReader(valueReader({ kind: record }, PLAIN));
  const elements: DumpValue[] = [];
  const content = await readChannel(stream, channel, (reader) => {
    elements.push(element(reader));
    return undefined;
  });
  return { channel, content, elements };
}

/** A job's long numbers, each with its time, through buffers of 4 KiB. What these do not show: handles of version 3, and plain ones of version 6. */
describe.each([
  { name: '1.20.5-unaligned-small-buffers', version: 4, kind: 'channel' },
  { name: '2.3.0-unaligned-small-buffers', version: 6, kind: 'merged' },
])('what Flink wrote: $name', ({ name, version, kind }) => {
  async function readAll(): Promise<Read[]> {
    const storage = memoryStorage(snapshotFiles(`../../snapshot/channels/fixtures/${name}`));
    const snapshot = await readSnapshot(storage, `/${name}`);
    expect(snapshot.metadata.version).toBe(version);
    const subtasks = snapshot.metadata.operators.flatMap((operator) => operator.subtasks);
    const handles = subtasks.flatMap((subtask) => [...subtask.inputChannels, ...subtask.resultSubpartitions]);
    expect(new Set(handles.map((handle) => handle.kind))).toEqual(new Set([kind]));
    const found: Read[] = [];
    for (const channel of subtasks.flatMap(inFlightChannels)) found.push(await read(channel, storage, snapshot.folder));
    return found;
  }

  test('every byte belongs to an element', async () => {
    const found = await readAll();
    expect(new Set(found.map(({ channel }) => channel.direction))).toEqual(new Set(['input', 'result']));
    expect(found.some(({ content }) => content.buffers > 2 && content.elements > 500)).toBe(true);
    for (const { channel, content } of found) {
      expect(content.buffers).toBe(channel.offsets.length);
      expect(content.bytes).toBeLessThan(channel.size);
      expect(content.unclear).toBe(false);
    }
  });

  test('numbers come with their times', async () => {
    const numbers = (await readAll()).flatMap(({ elements }) => elements) as { $streamRecord?: { $long?: string }; timestamp?: number }[];
    const longs = numbers.filter((element) => element.$streamRecord?.$long !== undefined);
    expect(longs.length).toBeGreaterThan(3000);
    for (const { $streamRecord, timestamp } of longs) expect(timestamp).toBe(1_700_000_000_000 + Number($streamRecord?.$long) * 1000);
  });

  test('records are bytes until a decoder is declared for those of their operator', async () => {
    const storage = memoryStorage(snapshotFiles(`../../snapshot/channels/fixtures/${name}`));
    const decode = (bytes: Uint8Array): DumpValue => ({ number: bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n) });
    const recordsOf = async (decoders: ValueDecoders | null): Promise<DumpValue[]> => {
      const snapshot = await readSnapshot(storage, `/${name}`, decoders === null ? null : { decoders, uidOf: () => 'the-operator' });
      const records: DumpValue[] = [];
      for (const subtask of snapshot.operators.flatMap((operator) => operator.subtasks)) {
        for (const channel of subtask.inFlight()) {
          await subtask.readInFlight(channel, (element) => {
            if (typeof element === 'object' && element !== null && '$streamRecord' in element) records.push(element['$streamRecord']);
            return undefined;
          });
        }
      }
      return records;
    };
    const declared = (uid: string, state: string) => (uid !== '' && state === IN_FLIGHT ? { decode } : null);
    const decoded = await recordsOf({
      classes: new Map(),
      hasClasses: false,
      ofClass: () => null,
      ofState: declared,
      pyflinkType: () => null,
    });
    const bytes = await recordsOf(null);
    expect(bytes.length).toBeGreaterThan(3000);
    expect(decoded).toEqual(bytes.map((value) => ({ number: BigInt(`0x${(value as { $bytes: string }).$bytes}`) })));
  });

  test('where a record is cut, its beginning waits in an input and its end in a result', async () => {
    const found = await readAll();
    const RECORD = 21;
    const heads = found.map(({ content }) => content.head).filter((head) => head > 0);
    const tails = found.map(({ content }) => content.tail).filter((tail) => tail > 0);
    expect(heads.length).toBeGreaterThan(3);
    const numbers = (a: number, b: number): number => a - b;
    const ends = heads.map((head) => RECORD - head).sort(numbers);
    expect(tails.sort(numbers).filter((tail) => ends.includes(tail))).not.toEqual([]);
    for (const tail of tails) expect(ends).toContain(tail);
  });
});

type Write = (writer: ByteWriter) => void;

function element(...write: readonly Write[]): Uint8Array {
  const writer = new ByteWriter();
  for (const each of write) each(writer);
  return writer.toBytes();
}

const withLength = (bytes: Uint8Array): Uint8Array =>
  element((writer) => {
    writer.bytes32(bytes);
  });
const record = (text: string, time: number): Uint8Array =>
  element(
    (writer) => {
      writer.u8(0);
    },
    (writer) => {
      writer.i64(BigInt(time));
    },
    (writer) => {
      writer.vstr(text);
    },
  );

/** A file with the buffers of some channels, in turn. */
function fileOf(channels: readonly (readonly Uint8Array[])[]): { bytes: Uint8Array; offsets: number[][] } {
  const writer = new ByteWriter();
  writer.i32(0);
  const offsets = channels.map((): number[] => []);
  for (let turn = 0; turn < Math.max(0, ...channels.map((buffers) => buffers.length)); turn++) {
    for (const [i, buffers] of channels.entries()) {
      const buffer = buffers[turn];
      if (buffer === undefined) continue;
      offsets[i]?.push(writer.length);
      writer.bytes32(buffer);
    }
  }
  return { bytes: writer.toBytes(), offsets };
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

const inline = (data: Uint8Array): StreamHandle => ({ kind: 'inline', name: 'x', data });

function subtaskOf(inputChannels: readonly ChannelHandle[], resultSubpartitions: readonly ChannelHandle[]): SubtaskMetadata {
  const none = { managedOperatorState: null, rawOperatorState: null, managedKeyedState: null, rawKeyedState: null };
  return { index: 1, finished: false, ...none, inputChannels, resultSubpartitions };
}

const plainHandle = (first: number, second: number, offsets: readonly number[], data: Uint8Array): ChannelHandle => ({
  kind: 'channel',
  subtask: 1,
  first,
  second,
  offsets,
  size: data.length,
  stream: inline(data),
});

function mergedHandle(offsets: readonly (readonly number[])[], data: Uint8Array): ChannelHandle {
  const writer = new ByteWriter();
  writer.i32(offsets.length);
  for (const [i, list] of offsets.entries()) {
    writer.i32(i);
    writer.i32(i + 10);
    writer.i64(7n);
    writer.i32(list.length);
    for (const offset of list) writer.i64(BigInt(offset));
  }
  return { kind: 'merged', subtask: 1, size: data.length, stream: inline(data), offsets: writer.toBytes() };
}

const records = fc.array(fc.record({ text: fc.string(), time: fc.nat() }), { maxLength: 12 });

describe('channels that share a file', () => {
  test('are put together from their buffers, with plain handles as with merged ones', async () => {
    const channels = fc.array(fc.record({ records, places: fc.array(fc.nat()), tail: fc.nat(3) }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(channels, fc.boolean(), async (list, merged) => {
        const streams = list.map((channel) =>
          Buffer.concat([...channel.records.map(({ text, time }) => withLength(record(text, time))), new Uint8Array(channel.tail)]),
        );
        const { bytes, offsets } = fileOf(streams.map((stream, i) => cut(stream, list[i]?.places ?? [])));
        const handles = merged ? [mergedHandle(offsets, bytes)] : offsets.map((each, i) => plainHandle(i, i + 10, each, bytes));
        const found = inFlightChannels(subtaskOf(handles, []));
        expect(found.map(({ direction, first, second }) => [direction, first, second])).toEqual(list.map((_, i) => ['input', i, i + 10]));
        for (const [i, channel] of found.entries()) {
          const { content, elements } = await read(channel, EMPTY_STORAGE, '/', 'string');
          expect(elements).toEqual(list[i]?.records.map(({ text, time }) => ({ $streamRecord: text, timestamp: time })));
          expect(content).toMatchObject({
            bytes: streams[i]?.length,
            elements: elements.length,
            head: 0,
            tail: list[i]?.tail,
            unclear: false,
          });
        }
      }),
    );
  });
});

describe('a result that begins inside a record', () => {
  const long = 'a long record whose beginning was sent';
  const stream = Buffer.concat(['x', 'yy', 'zzz', 'x'].map((text) => withLength(record(text, 1_700_000_000_000))));

  test.each([1, 5, 13, 30])('shows the whole records after %i bytes', async (head) => {
    const bytes = Buffer.concat([Buffer.from(long).subarray(0, head), stream]);
    const file = fileOf([[bytes.subarray(0, 20), bytes.subarray(20)]]);
    const [channel] = inFlightChannels(subtaskOf([], [plainHandle(0, 0, file.offsets[0] ?? [], file.bytes)]));
    if (channel === undefined) throw new Error('no channel');
    const { content, elements } = await read(channel, EMPTY_STORAGE, '/', 'string');
    expect(content).toMatchObject({ head, elements: 4, tail: 0, unclear: false });
    expect(elements).toHaveLength(4);
  });

  test('says so where nothing in it looks like records', async () => {
    const file = fileOf([[Buffer.from('nothing but the middle of one record')]]);
    const [channel] = inFlightChannels(subtaskOf([], [plainHandle(0, 0, file.offsets[0] ?? [], file.bytes)]));
    if (channel === undefined) throw new Error('no channel');
    expect((await read(channel)).content).toMatchObject({ elements: 0, unclear: true, bytes: 36 });
  });
});

describe('stream elements', () => {
  const readOne = (bytes: Uint8Array): DumpValue => streamElementReader(valueReader({ kind: 'string' }, PLAIN))(new ByteReader(bytes));
  const tag =
    (value: number): Write =>
    (writer) => {
      writer.u8(value);
    };
  const i64 =
    (value: number): Write =>
    (writer) => {
      writer.i64(BigInt(value));
    };
  const i32 =
    (value: number): Write =>
    (writer) => {
      writer.i32(value);
    };

  test('of every kind are read', () => {
    expect(readOne(record('a', 5))).toEqual({ $streamRecord: 'a', timestamp: 5 });
    expect(
      readOne(
        element(tag(1), (writer) => {
          writer.vstr('a');
        }),
      ),
    ).toEqual({ $streamRecord: 'a', timestamp: null });
    expect(readOne(element(tag(2), i64(-5)))).toEqual({ $watermark: -5 });
    expect(readOne(element(tag(3), i64(7), i64(1), i64(2), i32(3)))).toEqual({
      $latencyMarker: 7,
      operator: '00000000000000010000000000000002',
      subtask: 3,
    });
    expect([0, -1].map((status) => readOne(element(tag(4), i32(status))))).toEqual([
      { $watermarkStatus: 'active' },
      { $watermarkStatus: 'idle' },
    ]);
    expect(readOne(element(tag(5), tag(1)))).toEqual({ $recordAttributes: { backlog: true } });
    expect(readOne(element(tag(6), i32(2), i64(9)))).toEqual({ $watermark: 9, subpartition: 2 });
  });

  test('whose record does not fit the serializer are bytes; others are damage', () => {
    expect(readOne(element(tag(1), i32(-1)))).toEqual({ $streamRecord: { $bytes: 'ffffffff' }, timestamp: null });
    expect(streamElementReader(null)(new ByteReader(record('a', 5)))).toEqual({ $streamRecord: { $bytes: '0261' }, timestamp: 5 });
    expect(() => readOne(element(tag(9), i64(1)))).toThrow('stream element 9 is not known');
    expect(() => readOne(element(tag(2), i64(1), tag(0)))).toThrow('1 bytes are left over');
    expect(() => readOne(element(tag(3), i64(1)))).toThrow('bytes wanted');
  });
});

describe('damage is refused', () => {
  const file = fileOf([[withLength(record('a', 5))]]);
  const [offset = 0] = file.offsets[0] ?? [];
  const readFrom = (data: Uint8Array, offsets: readonly number[]): Promise<unknown> => {
    const [channel] = inFlightChannels(subtaskOf([plainHandle(0, 0, offsets, data)], []));
    if (channel === undefined) throw new Error('no channel');
    return read(channel).then(
      () => 'read',
      (error: unknown) => error,
    );
  };
  const patched = (at: number, value: number): Uint8Array => {
    const bytes = file.bytes.slice();
    new DataView(bytes.buffer).setInt32(at, value);
    return bytes;
  };

  test.each([
    ['another version', patched(0, 1), [offset], 'version 1 is not readable'],
    ['a buffer outside', file.bytes, [file.bytes.length - 1], 'is outside of the stream'],
    ['a buffer before the first', file.bytes, [-8], 'is outside of the stream'],
    ['a buffer that is too long', patched(offset, 1_000_000), [offset], 'a buffer of 1000000 bytes'],
    ['a negative size', patched(offset, -1), [offset], 'a buffer of -1 bytes'],
    ['the same buffer again and again', file.bytes, Array.from({ length: 50 }, () => offset), 'a buffer of'],
    ['an element without a byte', patched(offset + 4, 0), [offset], 'a stream element of 0 bytes'],
    ['an element of a negative size', patched(offset + 4, -5), [offset], 'a stream element of -5 bytes'],
    ['a stream that ends in its version', file.bytes.subarray(0, 3), [offset], 'the version of in-flight data is missing'],
  ])('%s', async (_, data, offsets, message) => {
    const error = await readFrom(data, offsets);
    expect(error).toMatchObject({ name: 'FormatError' });
    expect(String(error)).toContain(message);
  });

  test('counts of merged handles', () => {
    const whole = mergedHandle(file.offsets, file.bytes);
    if (whole.kind !== 'merged') throw new Error('not merged');
    for (let length = 0; length < whole.offsets.length; length++) {
      const cutOff = { ...whole, offsets: whole.offsets.subarray(0, length) };
      expect(() => inFlightChannels(subtaskOf([], [cutOff]))).toThrow(/wanted|cannot fit/);
    }
    const hostile = element((writer) => {
      writer.i32(2_000_000_000);
    });
    expect(() => inFlightChannels(subtaskOf([{ ...whole, offsets: hostile }], []))).toThrow('cannot fit');
  });
});
