import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../../src/snapshot/bytes/byteWriter.ts';
import { FormatError } from '../../../src/snapshot/bytes/formatError.ts';
import type { KeyGroupsHandle } from '../../../src/snapshot/metadata/snapshotMetadata.ts';
import { openRawKeyedState, type RawKeyedState } from '../../../src/snapshot/rawTimers/rawKeyedState.ts';
import { writeVersionedSnapshot } from '../../../src/snapshot/serializers/snapshotEnvelope.ts';
import type { SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';
import { readSnapshot } from '../../../src/snapshot/snapshot.ts';
import { openStream } from '../../../src/snapshot/storage/stateStream.ts';
import { comparable, keyedLines, thrown, type Line } from '../changelog/keyedLines.ts';
import { entriesOf, openFixture, rewritten } from '../rewrite/rewriting.ts';
import { flinkDump, memoryStorage, snapshotFiles } from '../snapshotFixtures.ts';

const STRING: SerializerSnapshot = { kind: 'string' };
const WINDOW: SerializerSnapshot = { kind: 'timeWindow' };
const VOID: SerializerSnapshot = { kind: 'voidNamespace' };
const MAGIC = 0xf1cd859f | 0;

interface Service {
  readonly name: string;
  readonly namespace: SerializerSnapshot;
  readonly writeNamespace: (writer: ByteWriter) => void;
  readonly event: readonly (readonly [string, number])[];
  readonly processing: readonly (readonly [string, number])[];
}

const user = (event: Service['event'], processing: Service['processing'] = []): Service => ({
  name: 'user-timers',
  namespace: VOID,
  writeNamespace: (writer) => {
    writer.u8(0);
  },
  event,
  processing,
});

const windows = (event: Service['event']): Service => ({
  name: 'window-timers',
  namespace: WINDOW,
  writeNamespace: (writer) => {
    writer.i64(0n);
    writer.i64(10n);
  },
  event,
  processing: [],
});

function keyGroup(services: readonly Service[]): Uint8Array {
  const writer = new ByteWriter();
  writer.i32(MAGIC);
  writer.i32(2);
  writer.i32(services.length);
  for (const { name, namespace, writeNamespace, event, processing } of services) {
    writer.utf(name);
    writeVersionedSnapshot(writer, STRING);
    writeVersionedSnapshot(writer, namespace);
    for (const timers of [event, processing]) {
      writer.i32(timers.length);
      for (const [key, timestamp] of timers) {
        writer.vstr(key);
        writeNamespace(writer);
        writer.i64(BigInt(timestamp));
      }
    }
  }
  return writer.toBytes();
}

/** Null for a key group that is not there. */
async function open(groups: readonly (Uint8Array | null)[], cutTo = Infinity): Promise<RawKeyedState> {
  let at = 0;
  const offsets = groups.map((group) => {
    const offset = group === null ? -1 : at;
    at += group?.length ?? 0;
    return offset;
  });
  const data = Buffer.concat(groups.filter((group) => group !== null)).subarray(0, cutTo);
  const stream = { kind: 'inline', name: 'x', data } as const;
  const handle: KeyGroupsHandle = { kind: 'keyGroups', form: 'identified', firstKeyGroup: 3, offsets, stream, id: 'x' };
  return openRawKeyedState(await openStream(memoryStorage(new Map()), '/', stream), handle, 2);
}

async function timersOf(state: RawKeyedState): Promise<string[]> {
  if (state.timers === null) throw new Error('no timers');
  const lines = await keyedLines(state.timers, 'o', 0);
  return lines.map(({ state: name, keyGroup: group, key, namespace, timestamp }) =>
    [String(name).replace('_timer_state/', ''), group, key, JSON.stringify(namespace), timestamp].join(' '),
  );
}

describe("timers of RocksDB's backend with heap timers", () => {
  test('of a checkpoint are those of a canonical savepoint of the same job', async () => {
    const name = '../../snapshot/rawTimers/fixtures/2.3.0-rocksdb-heap-timers';
    const storage = memoryStorage(snapshotFiles(name));
    const snapshot = await readSnapshot(storage, '/2.3.0-rocksdb-heap-timers');
    const lines: Line[] = [];
    for (const { operatorId, subtasks } of snapshot.metadata.operators) {
      for (const { index, rawKeyedState } of subtasks) {
        if (rawKeyedState?.kind !== 'keyGroups' || rawKeyedState.stream === null) continue;
        const stream = await openStream(storage, snapshot.folder, rawKeyedState.stream);
        const { timers } = await openRawKeyedState(stream, rawKeyedState, 2);
        if (timers !== null) lines.push(...(await keyedLines(timers, operatorId, index)));
      }
    }
    expect(comparable(lines, () => false)).toEqual(comparable(flinkDump(name) as Line[], () => false));
    expect(lines.length).toBeGreaterThan(1900);
  });

  test('come in services, each with a queue of either time; key groups may be absent, and begin at 0', async () => {
    const state = await open([
      keyGroup([
        user(
          [
            ['a', 5],
            ['b', -1],
          ],
          [['a', 9]],
        ),
        windows([['a', 10]]),
      ]),
      null,
      keyGroup([user([]), windows([['c', 10]])]),
    ]);
    expect(state.sections.map(({ keyGroup: group, size }) => [group, size > 0])).toEqual([
      [3, true],
      [4, false],
      [5, true],
    ]);
    expect(state.timers?.header.key.snapshot).toEqual(STRING);
    expect(await timersOf(state)).toEqual([
      'event_user-timers 3 a null 5',
      'event_user-timers 3 b null -1',
      'processing_user-timers 3 a null 9',
      'event_window-timers 3 a {"$window":[0,10]} 10',
      'event_window-timers 5 c {"$window":[0,10]} 10',
    ]);
  });

  test('are shown for the states that are wanted, until the visitor has seen enough', async () => {
    const { timers } = await open([
      keyGroup([
        user(
          [
            ['a', 5],
            ['b', 6],
          ],
          [
            ['a', 9],
            ['b', 9],
          ],
        ),
      ]),
    ]);
    const seen: number[] = [];
    const goesOn = await timers?.scan(
      3,
      (row) => {
        seen.push(row.state);
        return Promise.resolve(false);
      },
      { states: new Set([1]) },
    );
    expect([goesOn, seen]).toEqual([false, [1]]);
  });
});

describe('a keyed operator without timer services', () => {
  test("has raw keyed state of Flink's own, which is not a keyed state: nothing says of what type its keys would be", async () => {
    const state = await open([keyGroup([]), null, keyGroup([])]);
    expect([state.writer, state.timers]).toEqual(['flink', null]);
  });

  test('does not hide a service of a later key group', async () => {
    expect(String(await thrown(open([keyGroup([]), keyGroup([windows([['a', 10]])])])))).toContain('key group 4 has timer services');
  });

  test.each(['1.20.5-rocksdb-heap-timers-checkpoint', '2.3.0-forst-async-native'])('%s becomes a canonical savepoint', async (name) => {
    const source = await openFixture(`../../snapshot/rawTimers/fixtures/${name}`);
    const { snapshot } = await rewritten([source]);
    expect(await entriesOf(snapshot, ['keyGroup'])).toEqual(await entriesOf(source, ['keyGroup']));
    const raw = snapshot.metadata.operators.flatMap(({ subtasks }) => subtasks.filter(({ rawKeyedState }) => rawKeyedState !== null));
    expect(raw).toEqual([]);
  });
});

describe('other raw keyed state', () => {
  test("is an operator's own bytes", async () => {
    const state = await open([Buffer.from('anything at all'), null, Buffer.from('x')]);
    expect(state.timers).toBeNull();
    expect(state.sections).toEqual([
      { keyGroup: 3, offset: 0, size: 15 },
      { keyGroup: 4, offset: -1, size: 0 },
      { keyGroup: 5, offset: 15, size: 1 },
    ]);
  });

  test('may be none', async () => {
    expect((await open([null, null])).timers).toBeNull();
  });
});

describe('damage', () => {
  const group = keyGroup([
    user(
      [
        ['a', 5],
        ['b', 6],
      ],
      [['c', 7]],
    ),
    windows([['a', 10]]),
  ]);

  test('a stream that is cut off anywhere is refused', async () => {
    for (let length = 4; length < group.length; length++) {
      const result = await thrown(open([group], length));
      expect(result).toBeInstanceOf(FormatError);
      expect((result as FormatError).offset).toBeLessThanOrEqual(length);
    }
  });

  test('counts that cannot be, bytes too many and other versions are refused', async () => {
    const patched = (at: number, value: number): Uint8Array => {
      const bytes = group.slice();
      new DataView(bytes.buffer).setInt32(at, value);
      return bytes;
    };
    const timerCount = Buffer.from(group).indexOf(Uint8Array.of(0, 0, 0, 2, 2, 0x61));
    for (const [bytes, message] of [
      [patched(4, 1), 'timers of version 1 are not readable'],
      [patched(8, 2_000_000_000), 'cannot fit'],
      [patched(8, -1), 'cannot fit'],
      [patched(timerCount, 2_000_000_000), 'cannot fit'],
      [Buffer.concat([group, Uint8Array.of(1)]), 'bytes follow the last timer'],
    ] as const) {
      expect(String(await thrown(open([bytes])))).toContain(message);
    }
  });

  test('a service that the first key group does not have is refused', async () => {
    const state = await open([keyGroup([user([])]), keyGroup([windows([['a', 10]])])]);
    expect(String(await thrown(timersOf(state)))).toContain('the timer service window-timers is not in the first key group');
  });
});
