import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashOfString } from '../../../src/keys/hashCode.ts';
import { keyGroupOfHash } from '../../../src/keys/keyGroup.ts';
import { ByteWriter } from '../../../src/snapshot/bytes/byteWriter.ts';
import { openChangelogRows } from '../../../src/snapshot/changelog/changelogRows.ts';
import { LogFiles } from '../../../src/snapshot/changelog/logFile.ts';
import { KeyedRow, type KeyedRows, type RowFilter, type RowVisitor } from '../../../src/snapshot/keyed/keyedRows.ts';
import { keyedHeader } from '../../../src/snapshot/keyed/keyedStream.ts';
import type { KeyedStateHandle } from '../../../src/snapshot/metadata/snapshotMetadata.ts';
import type { SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';
import { keyValueState, timerState, writeStateMetaInfo, type StateMetaInfo } from '../../../src/snapshot/stateMetaInfo.ts';
import { readSnapshot } from '../../../src/snapshot/snapshot.ts';
import { memoryStorage, snapshotFiles } from '../snapshotFixtures.ts';
import { keyedLines, thrown } from './keyedLines.ts';

const STRING: SerializerSnapshot = { kind: 'string' };
const LONG: SerializerSnapshot = { kind: 'long' };
const VOID: SerializerSnapshot = { kind: 'voidNamespace' };
const MAX_PARALLELISM = 128;

const VALUE = keyValueState('value', 'VALUE', STRING, LONG);
const LIST = keyValueState('list', 'LIST', STRING, { kind: 'list', element: STRING });
const MAP = keyValueState('map', 'MAP', STRING, { kind: 'map', key: STRING, value: LONG });
const SUM = keyValueState('sum', 'REDUCING', STRING, LONG);
const TIMERS = timerState('_timer_state/event_user-timers', STRING, STRING);
const STATES = [VALUE, LIST, MAP, SUM, TIMERS];

type Write = (writer: ByteWriter) => void;

function bytesOf(...parts: readonly Write[]): Uint8Array {
  const writer = new ByteWriter();
  for (const part of parts) part(writer);
  return writer.toBytes();
}

const text =
  (value: string): Write =>
  (writer) => {
    writer.vstr(value);
  };
const long =
  (value: number): Write =>
  (writer) => {
    writer.i64(BigInt(value));
  };
const count =
  (value: number): Write =>
  (writer) => {
    writer.i32(value);
  };
const byte =
  (value: number): Write =>
  (writer) => {
    writer.u8(value);
  };
/** Timestamps have their sign bit flipped. */
const time =
  (value: number): Write =>
  (writer) => {
    writer.i64(BigInt(value) ^ -(2n ** 63n));
  };

interface Change {
  readonly keyGroup: number;
  readonly change: Uint8Array;
}

const KIND_CODES = { KEY_VALUE: 0, PRIORITY_QUEUE: 3 } as const;

function declare(state: StateMetaInfo, id: number): Change {
  const writer = new ByteWriter();
  writer.u8(8);
  writer.i32(7);
  writeStateMetaInfo(writer, state);
  if (state.kind === 'KEY_VALUE') {
    writer.bool(false);
    writer.bool(false);
  }
  writer.i16(id);
  writer.u8(state.kind === 'PRIORITY_QUEUE' ? KIND_CODES.PRIORITY_QUEUE : KIND_CODES.KEY_VALUE);
  return { keyGroup: -1, change: writer.toBytes() };
}

function keyGroupOf(key: string): number {
  return keyGroupOfHash(hashOfString(key), MAX_PARALLELISM);
}

/** A change of a key and namespace. */
function change(operation: number, id: number, key: string, namespace: string, ...payload: readonly Write[]): Change {
  const head: Write = (writer) => {
    writer.u8(operation);
    writer.i16(id);
    writer.vstr(key);
    writer.vstr(namespace);
  };
  return { keyGroup: keyGroupOf(key), change: bytesOf(head, ...payload) };
}

function timerChange(operation: number, id: number, key: string, ...payload: readonly Write[]): Change {
  const head: Write = (writer) => {
    writer.u8(operation);
    writer.i16(id);
  };
  return { keyGroup: keyGroupOf(key), change: bytesOf(head, ...payload) };
}

const timer =
  (key: string, timestamp: number): Write =>
  (writer) =>
    [time(timestamp), text(key), text('ns')].forEach((part) => {
      part(writer);
    });

interface BaseRow {
  readonly state: number;
  readonly keyGroup: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly opaque?: boolean;
}

/** Rows in memory, in place of a base backend. */
class MemoryRows implements KeyedRows {
  readonly layout = 'canonical';
  readonly file = 'memory';
  readonly header = keyedHeader(STRING, STATES);
  readonly sections = Array.from({ length: MAX_PARALLELISM }, (_, keyGroup) => ({ keyGroup, size: null }));
  readonly #rows: readonly BaseRow[];

  constructor(rows: readonly BaseRow[]) {
    this.#rows = rows;
  }

  async scan(keyGroup: number, visit: RowVisitor, filter: RowFilter = {}): Promise<boolean> {
    const row = new KeyedRow();
    for (const each of this.#rows) {
      if (each.keyGroup !== keyGroup || filter.states?.has(each.state) === false) continue;
      row.state = each.state;
      row.keyGroup = keyGroup;
      row.keyBytes = each.key;
      row.keyEnd = each.key.length;
      row.valueBytes = each.value;
      row.valueEnd = each.value.length;
      row.opaque = each.opaque ?? false;
      if ((await visit(row)) === false) return false;
    }
    return true;
  }
}

/** Strings do not say where they end for code that reads from behind: key and namespace are followed by their lengths. */
const compositeKey = (key: string, namespace: string, ...rest: readonly Write[]): Uint8Array =>
  bytesOf(text(key), byte(key.length + 1), text(namespace), byte(namespace.length + 1), ...rest);

function baseRow(state: number, key: string, namespace: string, value: readonly Write[], ...userKey: readonly Write[]): BaseRow {
  return { state, keyGroup: keyGroupOf(key), key: compositeKey(key, namespace, ...userKey), value: bytesOf(...value) };
}

type Delta = Extract<KeyedStateHandle, { kind: 'changelogMemory' }>;

function memoryDelta(changes: readonly Change[]): Delta {
  return { kind: 'changelogMemory', firstKeyGroup: 0, keyGroupCount: MAX_PARALLELISM, from: 0, to: changes.length, changes, id: '' };
}

function handleOf(delta: readonly KeyedStateHandle[], keyGroupCount = MAX_PARALLELISM): Extract<KeyedStateHandle, { kind: 'changelog' }> {
  const rest = { checkpointedSize: 0, base: [], materializationId: 0, checkpointId: 1, id: '' };
  return { kind: 'changelog', version: 2, firstKeyGroup: 0, keyGroupCount, delta, ...rest };
}

const NO_FILES = new LogFiles(memoryStorage(new Map()), '/');
const OPTIONS = { maxParallelism: MAX_PARALLELISM, flink: 2 } as const;
const DECLARATIONS = STATES.map(declare);

async function open(base: readonly BaseRow[], changes: readonly Change[]): Promise<KeyedRows> {
  const rows = base.length === 0 ? [] : [new MemoryRows(base)];
  return openChangelogRows(handleOf([memoryDelta([...DECLARATIONS, ...changes])]), rows, NO_FILES, OPTIONS);
}

/** What is left, by state, key and namespace; timers by their time. */
async function contents(rows: KeyedRows): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const line of await keyedLines(rows, 'o', 0)) {
    const place = [line['state'], line['key'], line['namespace'], ...(line['kind'] === 'timer' ? [line['timestamp']] : [])].join(' ');
    expect(found).not.toHaveProperty([place]);
    found[place] = line['kind'] === 'timer' ? 'timer' : line['value'];
  }
  return found;
}

const after = async (base: readonly BaseRow[], changes: readonly Change[]): Promise<Record<string, unknown>> =>
  contents(await open(base, changes));

const one = { $long: '1' };
const two = { $long: '2' };
const three = { $long: '3' };

describe('values', () => {
  test('the last change counts, over the base and without it', async () => {
    const base = [baseRow(0, 'a', 'n', [long(1)]), baseRow(0, 'b', 'n', [long(1)]), baseRow(0, 'c', 'n', [long(1)])];
    const changes = [
      change(1, 0, 'a', 'n', long(2)),
      change(1, 0, 'a', 'n', long(3)),
      change(0, 0, 'b', 'n'),
      change(1, 0, 'd', 'n', long(2)),
      change(1, 0, 'e', 'n', long(2)),
      change(0, 0, 'e', 'n'),
    ];
    expect(await after(base, changes)).toEqual({ 'value a n': three, 'value c n': one, 'value d n': two });
  });

  test('a value that was cleared can come back', async () => {
    expect(await after([baseRow(0, 'a', 'n', [long(1)])], [change(0, 0, 'a', 'n'), change(1, 0, 'a', 'n', long(2))])).toEqual({
      'value a n': two,
    });
  });
});

describe('lists', () => {
  const base = [baseRow(1, 'a', 'n', [text('x'), byte(0x2c), text('y')]), baseRow(1, 'b', 'n', [text('x')])];

  test('elements follow those of the base', async () => {
    const changes = [
      change(5, 1, 'a', 'n', text('z')),
      change(3, 1, 'a', 'n', count(2), text(''), text('w')),
      change(5, 1, 'c', 'n', text('v')),
    ];
    expect(await after(base, changes)).toEqual({ 'list a n': ['x', 'y', 'z', '', 'w'], 'list b n': ['x'], 'list c n': ['v'] });
  });

  test('a new list takes the place of the old one; an empty one is none', async () => {
    const changes = [change(1, 1, 'a', 'n', count(1), text('new')), change(5, 1, 'a', 'n', text('z')), change(2, 1, 'b', 'n', count(0))];
    expect(await after(base, changes)).toEqual({ 'list a n': ['new', 'z'] });
  });

  test('merged namespaces join their lists in order, those of the base too', async () => {
    const many = [...base, baseRow(1, 'a', 'm', [text('m')])];
    const changes = [
      change(5, 1, 'a', 'k', text('k')),
      change(5, 1, 'a', 'm', text('m2')),
      change(4, 1, 'a', 'n', text('n'), count(3), text('m'), text('nothing'), text('k')),
    ];
    expect(await after(many, changes)).toEqual({ 'list a n': ['x', 'y', 'm', 'm2', 'k'], 'list b n': ['x'] });
  });
});

describe('maps', () => {
  const base = [
    baseRow(2, 'a', 'n', [byte(0), long(1)], text('x')),
    baseRow(2, 'a', 'n', [byte(0), long(1)], text('y')),
    baseRow(2, 'b', 'n', [byte(1)], text('x')),
  ];

  test('entries are put, replaced and removed', async () => {
    const changes = [
      change(6, 2, 'a', 'n', text('z'), long(3)),
      change(6, 2, 'a', 'n', text('y'), long(2)),
      change(7, 2, 'a', 'n', text('x')),
      change(5, 2, 'c', 'n', text('v'), long(2)),
    ];
    expect(await after(base, changes)).toEqual({
      'map a n': {
        $map: [
          ['y', two],
          ['z', three],
        ],
      },
      'map b n': { $map: [['x', null]] },
      'map c n': { $map: [['v', two]] },
    });
  });

  test('whole maps are put in, with nulls; what is cleared is gone', async () => {
    const changes = [
      change(0, 2, 'a', 'n'),
      change(3, 2, 'a', 'n', count(2), text('p'), byte(1), text('q'), byte(0), long(2)),
      change(6, 2, 'b', 'n', text('y'), long(1)),
      change(0, 2, 'b', 'n'),
    ];
    expect(await after(base, changes)).toEqual({
      'map a n': {
        $map: [
          ['p', null],
          ['q', two],
        ],
      },
    });
  });

  test('rows of one key stay together', async () => {
    const rows = await open(base, [change(6, 2, 'a', 'n', text('z'), long(3)), change(6, 2, 'a', 'm', text('z'), long(3))]);
    const seen: string[] = [];
    await rows.scan(keyGroupOf('a'), (row) => {
      seen.push(Buffer.from(row.keyBytes.subarray(row.keyStart, row.keyEnd)).toString('latin1'));
      return undefined;
    });
    const prefixes = seen.map((key) => key.slice(0, 6));
    expect(prefixes).toEqual([...prefixes].sort((p, q) => prefixes.indexOf(p) - prefixes.indexOf(q)));
    expect(seen).toHaveLength(4);
  });
});

describe('timers', () => {
  test('are set and removed one by one and together', async () => {
    const base = [
      { state: 4, keyGroup: keyGroupOf('a'), key: bytesOf(timer('a', 5)), value: new Uint8Array(0) },
      { state: 4, keyGroup: keyGroupOf('a'), key: bytesOf(timer('a', 6)), value: new Uint8Array(0) },
    ];
    const changes = [
      timerChange(5, 4, 'a', count(2), timer('a', 6), timer('a', -7)),
      timerChange(7, 4, 'a', timer('a', 5)),
      timerChange(5, 4, 'a', count(1), timer('a', 8)),
      timerChange(7, 4, 'a', timer('a', 8)),
    ];
    const name = '_timer_state/event_user-timers a ns';
    expect(await after(base, changes)).toEqual({ [`${name} 6`]: 'timer', [`${name} -7`]: 'timer' });
  });
});

describe('merged namespaces of reducing state', () => {
  const merge = change(4, 3, 'a', 't', text('t'), count(2), text('s'), text('r'));

  test('one value alone moves, from the base too', async () => {
    expect(await after([baseRow(3, 'a', 's', [long(1)])], [merge])).toEqual({ 'sum a t': one });
    expect(await after([], [change(2, 3, 'a', 'r', long(2)), merge])).toEqual({ 'sum a t': two });
  });

  test("two values need the job's function: nothing is made up", async () => {
    const rows = await open([baseRow(3, 'a', 's', [long(1)])], [change(2, 3, 'a', 'r', long(2)), merge]);
    expect(Object.keys(await contents(rows))).toEqual(['sum a t']);
    await rows.scan(keyGroupOf('a'), (row) => {
      expect([row.opaque, row.valueEnd - row.valueStart]).toEqual([true, 0]);
      return undefined;
    });
  });

  test('a later value settles it', async () => {
    const changes = [change(2, 3, 'a', 'r', long(2)), merge, change(2, 3, 'a', 't', long(3))];
    expect(await after([baseRow(3, 'a', 's', [long(1)])], changes)).toEqual({ 'sum a t': three });
  });
});

describe('states', () => {
  test('are the same by name, whatever their ids in each part of the log', async () => {
    const parts = [
      memoryDelta([declare(VALUE, 0), declare(LIST, 1), change(1, 0, 'a', 'n', long(1)), change(5, 1, 'a', 'n', text('x'))]),
      memoryDelta([declare(LIST, 0), declare(VALUE, 1), change(5, 0, 'a', 'n', text('y')), change(1, 1, 'a', 'n', long(2))]),
    ];
    const rows = await openChangelogRows(handleOf(parts), [new MemoryRows([])], NO_FILES, OPTIONS);
    expect(await contents(rows)).toEqual({ 'value a n': two, 'list a n': ['x', 'y'] });
    expect(rows.header.states.map(({ name }) => name)).toEqual(STATES.map(({ name }) => name));
  });

  test('that only the log declares follow those of the base', async () => {
    const added = keyValueState('added', 'VALUE', VOID, STRING);
    const key = bytesOf(
      byte(1),
      (writer) => {
        writer.i16(9);
      },
      text('a'),
      byte(0),
      text('v'),
    );
    const changes = [declare(added, 9), { keyGroup: keyGroupOf('a'), change: key }];
    const rows = await openChangelogRows(handleOf([memoryDelta(changes)]), [new MemoryRows([])], NO_FILES, OPTIONS);
    expect(await contents(rows)).toEqual({ 'added a ': 'v' });
    expect(rows.header.states.at(-1)?.name).toBe('added');
  });

  test('whose serializers changed on the way are refused, and hide no others', async () => {
    const other = keyValueState('value', 'VALUE', STRING, STRING);
    const changes = [declare(other, 0), declare(LIST, 1), change(1, 0, 'a', 'n', text('x')), change(5, 1, 'a', 'n', text('x'))];
    const rows = await openChangelogRows(handleOf([memoryDelta(changes)]), [new MemoryRows([])], NO_FILES, OPTIONS);
    expect(String(await thrown(contents(rows)))).toContain('the state value, whose serializers changed');
    const seen: number[] = [];
    await rows.scan(
      keyGroupOf('a'),
      (row) => {
        seen.push(row.state);
        return undefined;
      },
      { states: new Set([1]) },
    );
    expect(seen).toEqual([1]);
  });
});

describe('what is not of the subtask, or not wanted', () => {
  test('changes of other key groups do not count', async () => {
    const changes = [...DECLARATIONS, change(1, 0, 'a', 'n', long(1))];
    const rows = await openChangelogRows(handleOf([memoryDelta(changes)], keyGroupOf('a')), [], NO_FILES, OPTIONS);
    expect(await contents(rows)).toEqual({});
  });

  test('a scan ends when its visitor has seen enough, in the base, in a map and after it', async () => {
    const base = [baseRow(0, 'a', 'n', [long(1)]), baseRow(2, 'a', 'n', [byte(0), long(1)], text('x'))];
    const changes = [change(6, 2, 'a', 'n', text('y'), long(1)), change(1, 0, 'a', 'm', long(1))];
    const rows = await open(base, changes);
    for (let wanted = 1; wanted <= 4; wanted++) {
      let seen = 0;
      expect(await rows.scan(keyGroupOf('a'), () => ++seen < wanted)).toBe(false);
      expect(seen).toBe(wanted);
      seen = 0;
      expect(await rows.scan(keyGroupOf('a'), () => Promise.resolve(++seen < wanted))).toBe(false);
      expect(seen).toBe(wanted);
    }
  });
});

describe('the serializer of keys', () => {
  const VOID_VALUE = keyValueState('count', 'VALUE', VOID, LONG);
  const set = (keyGroup: number, key: Write): Change => ({
    keyGroup,
    change: bytesOf(
      byte(1),
      (writer) => {
        writer.i16(0);
      },
      key,
      byte(0),
      long(7),
    ),
  });
  const openKeys = (changes: readonly Change[]): Promise<KeyedRows> =>
    openChangelogRows(handleOf([memoryDelta([declare(VOID_VALUE, 0), ...changes])]), [], NO_FILES, OPTIONS);

  test('is told by timers, or by the key groups of many keys', async () => {
    const strings = await openKeys(['a', 'b', 'c'].map((key) => set(keyGroupOf(key), text(key))));
    expect(strings.header.key.snapshot).toEqual(STRING);
    const longs = await openKeys([3, 4, 5].map((key) => set(keyGroupOfHash(key, MAX_PARALLELISM), long(key))));
    expect(longs.header.key.snapshot).toEqual(LONG);
    const double = new DataView(new ArrayBuffer(8));
    const doubles = [1.5, -2.25, 1000].map((key) => {
      double.setFloat64(0, key);
      return set(keyGroupOfHash(double.getInt32(0) ^ double.getInt32(4), MAX_PARALLELISM), (writer) => {
        writer.f64(key);
      });
    });
    expect((await openKeys(doubles)).header.key.snapshot).toEqual({ kind: 'double' });
  });

  test('of rows of Flink SQL is found too, in the key groups where Flink has them; they are bytes', async () => {
    const name = '2.3.0-hashmap-sql-canonical';
    const snapshot = await readSnapshot(memoryStorage(snapshotFiles(name)), `/${name}`);
    const changes: Change[] = [];
    for (const { subtasks } of snapshot.operators) {
      for (const keyed of (await Promise.all(subtasks.map((subtask) => subtask.keyedStates()))).flat()) {
        if (keyed.rows.header.key.snapshot.kind !== 'rowData') continue;
        for (const { keyGroup } of keyed.sections) {
          await keyed.rows.scan(keyGroup, ({ state, keyBytes, keyStart }) => {
            if (keyed.states[state]?.kind === 'PRIORITY_QUEUE') return undefined;
            const size = new DataView(keyBytes.buffer, keyBytes.byteOffset).getInt32(keyStart);
            const key = keyBytes.slice(keyStart, keyStart + 4 + size);
            changes.push(
              set(keyGroup, (writer) => {
                writer.raw(key);
              }),
            );
            return undefined;
          });
        }
      }
    }
    expect(changes.length).toBeGreaterThan(50);
    expect((await openKeys(changes)).header.key.snapshot).toEqual({ kind: 'byteArray' });
  });

  test('is not guessed from one key, nor where keys are in other key groups', async () => {
    const one = await thrown(openKeys([set(keyGroupOf('a'), text('a'))]));
    expect(String(one)).toContain('does not say what its keys are');
    const wrong = await thrown(openKeys(['a', 'b', 'c'].map((key) => set((keyGroupOf(key) + 1) % MAX_PARALLELISM, text(key)))));
    expect(String(wrong)).toContain('does not say what its keys are');
  });

  test('is not needed where nothing has one', async () => {
    expect(await contents(await openKeys([]))).toEqual({});
  });

  test('is found in the logs of the other subtasks', async () => {
    const handle = handleOf([memoryDelta([declare(VOID_VALUE, 0), set(keyGroupOf('a'), text('a'))])]);
    const timers = handleOf([memoryDelta([declare(TIMERS, 0)])]);
    const rows = await openChangelogRows(handle, [], NO_FILES, { ...OPTIONS, siblings: [timers] });
    expect(await contents(rows)).toEqual({ 'count a ': { $long: '7' } });
  });
});

describe('wrong changes are refused', () => {
  const cases: [string, Change, string][] = [
    ['an unknown state', change(1, 77, 'a', 'n', long(1)), 'the state with the id 77 is not declared'],
    ['an unknown operation', change(9, 0, 'a', 'n'), 'operation 9 is not one on a value'],
    ['an element for a value', change(5, 0, 'a', 'n', long(1)), 'operation 5 is not one on a value'],
    ['too many list elements', change(3, 1, 'a', 'n', count(2_000_000_000)), 'cannot fit'],
    ['too many map entries', change(3, 2, 'a', 'n', count(2_000_000_000)), 'cannot fit'],
    ['too many timers', timerChange(5, 4, 'a', count(2_000_000_000)), 'cannot fit'],
    ['too many namespaces', change(4, 3, 'a', 'n', text('n'), count(2_000_000_000)), 'cannot fit'],
    ['a key that is cut off', { keyGroup: 1, change: Uint8Array.of(1, 0, 0, 9) }, 'does not fit'],
    ['a namespace merged with itself', change(4, 3, 'a', 'n', text('n'), count(1), text('n')), 'merged with itself'],
    ['a namespace too many', change(7, 2, 'a', 'n', text('x'), text('y')), 'bytes are left over'],
  ];
  test.each(cases)('%s', async (_, wrong, message) => {
    const rows = await open([], [wrong]);
    const error = await thrown(contents(rows));
    expect(error).toMatchObject({ name: 'FormatError' });
    expect(String(error)).toContain(message);
  });

  test('declarations too', async () => {
    const whole = declare(VALUE, 0).change;
    for (let length = 0; length < whole.length; length++) {
      const cut = memoryDelta([{ keyGroup: -1, change: whole.subarray(0, length) }]);
      expect(await thrown(openChangelogRows(handleOf([cut]), [new MemoryRows([])], NO_FILES, OPTIONS))).toMatchObject({
        name: 'FormatError',
      });
    }
  });
});

describe('any log over any base', () => {
  const KEYS = ['a', 'b'];
  const NAMESPACES = ['n', 'm', 'k'];
  const place = { key: fc.constantFrom(...KEYS), namespace: fc.constantFrom(...NAMESPACES) };
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), ...place, value: fc.nat(9) }),
    fc.record({ kind: fc.constantFrom('clearValue' as const, 'clearList' as const, 'clearMap' as const), ...place }),
    fc.record({
      kind: fc.constantFrom('addElement' as const, 'setList' as const),
      ...place,
      values: fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('mergeLists' as const), ...place, sources: fc.uniqueArray(fc.constantFrom(...NAMESPACES)) }),
    fc.record({
      kind: fc.constantFrom('put' as const, 'remove' as const),
      ...place,
      userKey: fc.constantFrom('x', 'y', 'z'),
      value: fc.nat(9),
    }),
    fc.record({ kind: fc.constantFrom('setTimer' as const, 'removeTimer' as const), ...place, value: fc.nat(3) }),
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  interface Model {
    readonly values: Map<string, number>;
    readonly lists: Map<string, string[]>;
    readonly maps: Map<string, Map<string, number>>;
    readonly timers: Set<string>;
  }

  function apply(model: Model, at: Step): void {
    const id = `${at.key} ${at.namespace}`;
    const list = model.lists.get(id) ?? [];
    const map = model.maps.get(id) ?? new Map<string, number>();
    switch (at.kind) {
      case 'set':
        model.values.set(id, at.value);
        break;
      case 'clearValue':
        model.values.delete(id);
        break;
      case 'clearList':
        model.lists.delete(id);
        break;
      case 'clearMap':
        model.maps.delete(id);
        break;
      case 'addElement':
        model.lists.set(id, [...list, ...at.values]);
        break;
      case 'setList':
        model.lists.set(id, at.values);
        break;
      case 'mergeLists':
        for (const source of at.sources.filter((name) => name !== at.namespace)) {
          const from = `${at.key} ${source}`;
          model.lists.set(id, [...(model.lists.get(id) ?? []), ...(model.lists.get(from) ?? [])]);
          model.lists.delete(from);
        }
        break;
      case 'put':
        model.maps.set(id, map.set(at.userKey, at.value));
        break;
      case 'remove':
        map.delete(at.userKey);
        break;
      case 'setTimer':
        model.timers.add(`${at.key} ns ${String(at.value)}`);
        break;
      case 'removeTimer':
        model.timers.delete(`${at.key} ns ${String(at.value)}`);
    }
  }

  function changesOf(at: Step): Change[] {
    const { key, namespace } = at;
    switch (at.kind) {
      case 'set':
        return [change(1, 0, key, namespace, long(at.value))];
      case 'clearValue':
        return [change(0, 0, key, namespace)];
      case 'clearList':
        return [change(0, 1, key, namespace)];
      case 'clearMap':
        return [change(0, 2, key, namespace)];
      case 'addElement':
        return at.values.map((value) => change(5, 1, key, namespace, text(value)));
      case 'setList':
        return [change(1, 1, key, namespace, count(at.values.length), ...at.values.map(text))];
      case 'mergeLists': {
        const sources = at.sources.filter((name) => name !== namespace);
        return [change(4, 1, key, namespace, text(namespace), count(sources.length), ...sources.map(text))];
      }
      case 'put':
        return [change(6, 2, key, namespace, text(at.userKey), long(at.value))];
      case 'remove':
        return [change(7, 2, key, namespace, text(at.userKey))];
      case 'setTimer':
        return [timerChange(5, 4, key, count(1), timer(key, at.value))];
      case 'removeTimer':
        return [timerChange(7, 4, key, timer(key, at.value))];
    }
  }

  const emptyModel = (): Model => ({ values: new Map(), lists: new Map(), maps: new Map(), timers: new Set() });

  function rowsOf({ values, lists, maps, timers }: Model): BaseRow[] {
    const parts = (id: string): [string, string] => id.split(' ') as [string, string];
    const joined = (list: readonly string[]): Write[] => list.flatMap((item, i) => (i === 0 ? [text(item)] : [byte(0x2c), text(item)]));
    return [
      ...[...values].map(([id, value]) => baseRow(0, ...parts(id), [long(value)])),
      ...[...lists].filter(([, list]) => list.length > 0).map(([id, list]) => baseRow(1, ...parts(id), joined(list))),
      ...[...maps].flatMap(([id, map]) => [...map].map(([key, value]) => baseRow(2, ...parts(id), [byte(0), long(value)], text(key)))),
      ...[...timers].map((id) => {
        const [key = '', , timestamp] = id.split(' ');
        return { state: 4, keyGroup: keyGroupOf(key), key: bytesOf(timer(key, Number(timestamp))), value: new Uint8Array(0) };
      }),
    ];
  }

  function contentsOf({ values, lists, maps, timers }: Model): Record<string, unknown> {
    return Object.fromEntries([
      ...[...values].map(([id, value]) => [`value ${id}`, { $long: String(value) }]),
      ...[...lists].filter(([, list]) => list.length > 0).map(([id, list]) => [`list ${id}`, list]),
      ...[...maps]
        .filter(([, map]) => map.size > 0)
        .map(([id, map]) => [`map ${id}`, { $map: [...map].sort().map(([key, value]) => [key, { $long: String(value) }]) }]),
      ...[...timers].map((id) => [`_timer_state/event_user-timers ${id}`, 'timer']),
    ]) as Record<string, unknown>;
  }

  test('leaves what one change after another leaves', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30, size: 'max' }),
        fc.array(step, { maxLength: 60, size: 'max' }),
        async (before, log) => {
          const model = emptyModel();
          for (const at of before) apply(model, at);
          const base = new MemoryRows(rowsOf(model));
          for (const at of log) apply(model, at);
          const delta = memoryDelta([...DECLARATIONS, ...log.flatMap(changesOf)]);
          const rows = await openChangelogRows(handleOf([delta]), [base], NO_FILES, OPTIONS);
          expect(inOneOrder(await contents(rows))).toEqual(inOneOrder(contentsOf(model)));
        },
      ),
    );
  });
});

/** Maps have the order in which their entries are stored, which says nothing. */
function inOneOrder(all: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const ordered = Object.entries(all).map(([name, value]): [string, unknown] => {
    const entries = (value as { $map?: unknown[] } | null)?.$map;
    return [name, entries === undefined ? value : { $map: entries.map((entry) => JSON.stringify(entry)).sort() }];
  });
  return Object.fromEntries(ordered);
}
