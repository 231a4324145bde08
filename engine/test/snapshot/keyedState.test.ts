import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { KeyGroupBlockWriter } from '../../src/snapshot/keyed/keyGroupBlock.ts';
import { KeyGroupBlockReader } from '../../src/snapshot/keyed/keyGroupBlockReader.ts';
import { keyedHeader, KeyedStreamWriter } from '../../src/snapshot/keyed/keyedStream.ts';
import type { SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import { keyValueState, timerState } from '../../src/snapshot/stateMetaInfo.ts';
import { writeOperatorStream } from '../../src/snapshot/operator/operatorStreamWriter.ts';
import { readSnapshot, type Snapshot } from '../../src/snapshot/snapshot.ts';
import { dumpLines } from '../../src/snapshot/dump.ts';
import { writeMetadata } from '../../src/snapshot/metadata/writeMetadata.ts';
import { memoryStorage } from './snapshotFixtures.ts';

const VOID: SerializerSnapshot = { kind: 'voidNamespace' };
const STRING: SerializerSnapshot = { kind: 'string' };
const LONG: SerializerSnapshot = { kind: 'long' };

interface Entry {
  readonly state: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const entries = fc.array(
  fc.record({ state: fc.integer({ min: 0, max: 5 }), key: fc.uint8Array({ maxLength: 20 }), value: fc.uint8Array({ maxLength: 40 }) }),
);

function block(writer: KeyGroupBlockWriter, keyGroup: number, content: readonly Entry[]): Uint8Array | null {
  writer.begin(keyGroup, 6);
  for (const { state, key, value } of content) {
    writer.beginEntry(state).raw(key);
    writer.beginValue().raw(value);
    writer.endEntry();
  }
  return writer.finish();
}

function entriesOf(bytes: Uint8Array, keyGroup: number, maxParallelism: number): Entry[] {
  const reader = new ByteReader(bytes);
  const cursor = new KeyGroupBlockReader(reader, keyGroup, maxParallelism, 6);
  const found: Entry[] = [];
  while (cursor.next()) {
    found.push({
      state: cursor.state,
      key: bytes.slice(cursor.keyStart, cursor.keyEnd),
      value: bytes.slice(cursor.valueStart, cursor.valueEnd),
    });
  }
  expect(reader.remaining).toBe(0);
  return found;
}

describe('key-group blocks', () => {
  test('hold what was written, gathered by state, from one key group to the next', () => {
    fc.assert(
      fc.property(fc.constantFrom(128, 129, 32768), fc.array(entries, { minLength: 1, maxLength: 4 }), (maxParallelism, groups) => {
        const writer = new KeyGroupBlockWriter(maxParallelism);
        for (const [i, content] of groups.entries()) {
          const keyGroup = maxParallelism - 1 - i;
          const bytes = block(writer, keyGroup, content);
          const byState = [0, 1, 2, 3, 4, 5].flatMap((state) => content.filter((entry) => entry.state === state));
          expect(bytes === null ? [] : entriesOf(bytes, keyGroup, maxParallelism)).toEqual(byState);
          expect(bytes === null).toBe(content.length === 0);
        }
      }),
    );
  });

  test('have the bytes that Flink writes', () => {
    const writer = new KeyGroupBlockWriter(128);
    writer.begin(5, 2);
    const key = writer.beginEntry(1);
    key.vstr('abc');
    key.u8(0);
    writer.beginValue().i64(7n);
    writer.endEntry();
    expect(Buffer.from(writer.finish() ?? []).toString('hex')).toBe(
      '0001' + '00000006' + '850461626300' + '00000008' + '0000000000000007' + 'ffff',
    );
  });

  test('refuse an entry of another key group', () => {
    const bytes = block(new KeyGroupBlockWriter(128), 5, [{ state: 0, key: Uint8Array.of(1), value: Uint8Array.of() }]) ?? new Uint8Array();
    expect(() => entriesOf(bytes, 6, 128)).toThrow('an entry of key group 5 is in key group 6');
  });
});

/** By runs, where `step` more bytes are at hand each time one is needed: what is there, without the state ids. */
function runsOf(bytes: Uint8Array, keyGroup: number, maxParallelism: number, step: number): { counts: number[]; content: Buffer } {
  const counts = [0, 0, 0, 0, 0, 0];
  const content: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  const cursor = new KeyGroupBlockReader(new ByteReader(bytes, 0, 0), keyGroup, maxParallelism, 6);
  for (;;) {
    const needed = cursor.bytesNeeded();
    if (needed > 0) {
      start += cursor.offset;
      end = Math.min(bytes.length, Math.max(end, start + needed) + step);
      cursor.continueWith(new ByteReader(bytes.subarray(start, end), 0, end - start));
      continue;
    }
    const found = cursor.nextRun();
    if (found === 0) return { counts, content: Buffer.concat(content) };
    counts[cursor.state] = (counts[cursor.state] ?? 0) + found;
    content.push(bytes.subarray(start + cursor.runStart, start + cursor.offset));
  }
}

describe('runs of entries', () => {
  test('have every entry once, however the block comes in', () => {
    fc.assert(
      fc.property(fc.constantFrom(128, 129), entries, fc.integer({ min: 0, max: 200 }), (maxParallelism, content, step) => {
        const bytes = block(new KeyGroupBlockWriter(maxParallelism), 5, content);
        if (bytes === null) return;
        const { counts, content: found } = runsOf(bytes, 5, maxParallelism, step);
        expect(counts).toEqual([0, 1, 2, 3, 4, 5].map((state) => content.filter((entry) => entry.state === state).length));
        const stateIds = new Set(content.map(({ state }) => state)).size;
        expect(found.length).toBe(bytes.length - 2 * stateIds - 2);
      }),
    );
  });

  test('refuse an entry of another key group, a length below zero, and an end too early, in their middle', () => {
    const content = [1, 2, 3].map((n) => ({ state: 0, key: Uint8Array.of(n), value: Uint8Array.of(n, n) }));
    const bytes = block(new KeyGroupBlockWriter(128), 5, content) ?? new Uint8Array();
    const [second, size] = [2 + 12, 12];
    const changed = (at: number, byte: number): Uint8Array => bytes.with(at, byte);
    expect(() => runsOf(changed(second + 4, 6), 5, 128, 1000)).toThrow('an entry of key group 6 is in key group 5');
    expect(() => runsOf(changed(second, 0x80), 5, 128, 1000)).toThrow('a composite key of -');
    expect(() => runsOf(changed(second + 6, 0x80), 5, 128, 1000)).toThrow('wanted');
    const cut = new KeyGroupBlockReader(new ByteReader(bytes.subarray(0, second + size - 1)), 5, 128, 6);
    expect(cut.nextRun()).toBe(1);
    expect(() => cut.nextRun()).toThrow('wanted');
  });
});

/** A savepoint with one operator and one subtask, whose keyed state is in a file. */
async function savepoint(
  fill: (stream: KeyedStreamWriter, writer: KeyGroupBlockWriter) => void,
  key: SerializerSnapshot = STRING,
): Promise<Snapshot> {
  const states = [
    keyValueState('value', 'VALUE', VOID, { kind: 'nullable', value: LONG, padding: 0 }),
    keyValueState('list', 'LIST', VOID, { kind: 'list', element: STRING }),
    keyValueState('map', 'MAP', STRING, { kind: 'map', key: STRING, value: LONG }),
    timerState('_timer_state/event_user-timers', key, VOID),
  ];
  const pieces: Uint8Array[] = [];
  const stream = new KeyedStreamWriter(keyedHeader(key, states), { start: 0, end: 127 }, (bytes) => pieces.push(bytes.slice()));
  fill(stream, new KeyGroupBlockWriter(128));
  const operatorState = writeOperatorStream([
    { mode: 'UNION', name: 'union', element: STRING, count: 2, writeElement: (writer, i) => writer.vstr(`element ${String(i)}`) },
    {
      mode: 'BROADCAST',
      name: 'rules',
      key: STRING,
      value: LONG,
      count: 1,
      writeEntry: (writer) => {
        writer.vstr('rule');
        writer.i64(3n);
      },
    },
    { mode: 'SPLIT_DISTRIBUTE', name: 'empty', element: STRING, count: 0, writeElement: () => undefined },
  ]);
  const metadata = writeMetadata({
    version: 4,
    checkpointId: 1,
    masterStates: [],
    properties: null,
    operators: [
      {
        operatorId: '00112233445566778899aabbccddeeff',
        name: null,
        uid: null,
        parallelism: 1,
        maxParallelism: 128,
        coordinatorState: null,
        finished: false,
        subtasks: [
          {
            index: 0,
            finished: false,
            managedOperatorState: {
              partitions: operatorState.partitions,
              stream: { kind: 'inline', name: 'x', data: operatorState.bytes },
              merged: null,
            },
            rawOperatorState: null,
            managedKeyedState: {
              kind: 'keyGroups',
              form: 'savepoint',
              firstKeyGroup: 0,
              offsets: stream.offsets,
              stream: { kind: 'relativeFile', path: 'keyed-0', size: stream.length },
              id: '',
            },
            rawKeyedState: null,
            inputChannels: [],
            resultSubpartitions: [],
          },
        ],
      },
    ],
  });
  return readSnapshot(
    memoryStorage(
      new Map([
        ['sp/_metadata', metadata],
        ['sp/keyed-0', Buffer.concat(pieces)],
      ]),
    ),
    '/sp',
  );
}

async function lines(snapshot: Snapshot): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for await (const line of dumpLines(snapshot)) found.push(JSON.parse(line) as Record<string, unknown>);
  return found;
}

function entry(writer: KeyGroupBlockWriter, state: number, key: (writer: ByteWriter) => void, value: (writer: ByteWriter) => void): void {
  key(writer.beginEntry(state));
  value(writer.beginValue());
  writer.endEntry();
}

describe('a savepoint that was written here', () => {
  test('reads back with every kind of state', async () => {
    const snapshot = await savepoint((stream, writer) => {
      writer.begin(97, 4);
      const user = (w: ByteWriter): void => {
        w.vstr('k0');
        w.u8(0);
      };
      entry(writer, 0, user, (w) => {
        w.bool(false);
        w.i64(-5n);
      });
      entry(writer, 1, user, (w) => {
        w.vstr('a,b');
        w.u8(0x2c);
        w.vstr('');
      });
      // A string key and a string namespace: each is followed by its length.
      const mapKey =
        (userKey: string) =>
        (w: ByteWriter): void => {
          w.vstr('k0');
          w.u8(3);
          w.vstr('ns');
          w.u8(3);
          w.vstr(userKey);
        };
      entry(writer, 2, mapKey('x'), (w) => {
        w.bool(false);
        w.i64(1n);
      });
      entry(writer, 2, mapKey('y'), (w) => {
        w.bool(true);
        w.u8(0);
      });
      entry(
        writer,
        3,
        (w) => {
          w.i64(1700000000000n ^ -(2n ** 63n));
          user(w);
        },
        () => undefined,
      );
      stream.add(97, writer.finish() ?? new Uint8Array());
    });
    const place = { operator: '00112233445566778899aabbccddeeff', subtask: 0 };
    expect((await lines(snapshot)).slice(2)).toEqual([
      { kind: 'keyed', ...place, state: 'value', keyGroup: 97, key: 'k0', namespace: null, value: { $long: '-5' } },
      { kind: 'keyed', ...place, state: 'list', keyGroup: 97, key: 'k0', namespace: null, value: ['a,b', ''] },
      {
        kind: 'keyed',
        ...place,
        state: 'map',
        keyGroup: 97,
        key: 'k0',
        namespace: 'ns',
        value: {
          $map: [
            ['x', { $long: '1' }],
            ['y', null],
          ],
        },
      },
      {
        kind: 'timer',
        ...place,
        state: '_timer_state/event_user-timers',
        keyGroup: 97,
        timestamp: 1700000000000,
        key: 'k0',
        namespace: null,
      },
      { kind: 'list', ...place, state: 'union', index: 0, value: 'element 0' },
      { kind: 'list', ...place, state: 'union', index: 1, value: 'element 1' },
      { kind: 'broadcast', ...place, state: 'rules', key: 'rule', value: { $long: '3' } },
    ]);
  });

  test('reads back without any entry', async () => {
    expect((await lines(await savepoint(() => undefined))).filter((line) => line['kind'] === 'keyed')).toEqual([]);
  });

  test('refuses a key group twice, and one that is not of the subtask', async () => {
    const bytes = Uint8Array.of(0);
    await expect(
      savepoint((stream) => {
        stream.add(1, bytes);
        stream.add(1, bytes);
      }),
    ).rejects.toThrow('key group 1');
    await expect(savepoint((stream) => stream.add(128, bytes))).rejects.toThrow('key group 128');
  });
});
