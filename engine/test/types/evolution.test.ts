import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import * as t from '../../src/types/t.ts';
import type { Type } from '../../src/types/type.ts';

/** What `after` makes of a value that `before` wrote. */
function evolve(before: unknown, value: unknown, after: unknown): unknown {
  const [from, to] = [before as Type<unknown>, after as Type<unknown>];
  const writer = new ByteWriter();
  from.write(writer, value);
  const resolution = to.resolve(from.serializer);
  if (resolution.kind === 'incompatible') return resolution.reason;
  const reader = new ByteReader(writer.toBytes());
  const read = resolution.read(reader);
  expect(reader.remaining).toBe(0);
  // It leaves in the new form.
  const again = new ByteWriter();
  to.write(again, read);
  return resolution.kind === 'asIs' ? { asIs: read } : { read, changes: resolution.changes };
}

const Flight = t.record('Flight', { origin: t.string, delay: t.int });
const value = { origin: 'SFO', delay: 5 };

describe('records evolve by name', () => {
  test.each<[string, unknown, unknown, unknown]>([
    ['unchanged', Flight, t.record('Flight', { origin: t.string, delay: t.int }), { asIs: value }],
    [
      'a field added in the middle, with its default',
      Flight,
      t.record('Flight', { origin: t.string, gate: t.field(t.string, { default: 'none' }), delay: t.int }),
      { read: { origin: 'SFO', gate: 'none', delay: 5 }, changes: ['Flight: field "gate" is new, gets its default "none"'] },
    ],
    [
      'a field removed',
      Flight,
      t.record('Flight', { delay: t.int }),
      { read: { delay: 5 }, changes: ['Flight: field "origin" is gone, its values are dropped'] },
    ],
    [
      'reordered',
      Flight,
      t.record('Flight', { delay: t.int, origin: t.string }),
      { read: value, changes: ['Flight: the fields have another order'] },
    ],
    [
      'renamed',
      Flight,
      t.record('Flight', { from: t.field(t.string, { default: '', aliases: ['origin'] }), delay: t.int }),
      { read: { from: 'SFO', delay: 5 }, changes: ['Flight: field "origin" is now called "from"'] },
    ],
    [
      'promoted to long',
      Flight,
      t.record('Flight', { origin: t.string, delay: t.long }),
      { read: value, changes: ['Flight.delay: int becomes long'] },
    ],
    [
      'promoted to double',
      Flight,
      t.record('Flight', { origin: t.string, delay: t.double }),
      { read: value, changes: ['Flight.delay: int becomes double'] },
    ],
    [
      'made nullable',
      Flight,
      t.record('Flight', { origin: t.nullable(t.string), delay: t.int }),
      { read: value, changes: ['Flight.origin: string may now be null'] },
    ],
    [
      'the record renamed',
      Flight,
      t.record('Trip', { origin: t.string, delay: t.int }, { aliases: ['Flight'] }),
      { read: value, changes: ['Trip: record Flight is now called Trip'] },
    ],
    [
      'a field added without default',
      Flight,
      t.record('Flight', { origin: t.string, delay: t.int, gate: t.string }),
      expect.stringMatching(/^Flight: field "gate" is new and has no default; .*t\.field/),
    ],
    [
      'a field of another type',
      Flight,
      t.record('Flight', { origin: t.timestamp, delay: t.int }),
      'Flight.origin: string cannot become timestamp',
    ],
    ['narrowed', t.record('Flight', { origin: t.string, delay: t.long }), Flight, 'Flight.delay: long cannot become int'],
    [
      'no longer nullable',
      t.record('Flight', { origin: t.nullable(t.string), delay: t.int }),
      Flight,
      'Flight.origin: was nullable<string>, and string has no place for null',
    ],
    [
      'another record',
      t.record('Leg', { origin: t.string, delay: t.int }),
      Flight,
      expect.stringMatching(/^Flight: record Leg cannot become record Flight; .*aliases: \["Leg"\]/),
    ],
  ])('%s', (_name, before, after, expected) => {
    expect(evolve(before, value, after)).toEqual(expected);
  });

  test('two fields of one type that change places keep their values', () => {
    const before = t.record('P', { x: t.int, y: t.int });
    expect(evolve(before, { x: 1, y: 2 }, t.record('P', { y: t.int, x: t.int }))).toMatchObject({ read: { x: 1, y: 2 } });
  });

  test('at any depth, and every place is named', () => {
    const before = t.tuple(t.string, t.list(t.map(t.string, t.nullable(t.record('Leg', { at: t.int, old: t.list(t.string) })))));
    const after = t.tuple(
      t.string,
      t.list(t.map(t.string, t.nullable(t.record('Leg', { at: t.long, seats: t.field(t.list(t.int), { default: [1] }) })))),
    );
    const legs = (leg: unknown): unknown => [
      'k',
      [
        new Map([
          ['a', leg],
          ['b', null],
        ]),
      ],
    ];
    expect(evolve(before, legs({ at: 7, old: ['x', 'y'] }), after)).toEqual({
      read: legs({ at: 7, seats: [1] }),
      changes: [
        'tuple<string, list<map<string, nullable<Leg>>>>[1][][value].at: int becomes long',
        'tuple<string, list<map<string, nullable<Leg>>>>[1][][value]: field "old" is gone, its values are dropped',
        'tuple<string, list<map<string, nullable<Leg>>>>[1][][value]: field "seats" is new, gets its default an array of 1',
      ],
    });
    const Wrong = t.record('Flight', { legs: t.list(t.record('Leg', { at: t.timestamp })) });
    const Old = t.record('Flight', { legs: t.list(t.record('Leg', { at: t.string })) });
    expect(evolve(Old, { legs: [] }, Wrong)).toBe('Flight.legs[].at: string cannot become timestamp');
  });

  test('recursive records', () => {
    const Before = t.record('Tree', {
      v: t.int,
      get children() {
        return t.list(Before);
      },
    });
    const After = t.record('Tree', {
      label: t.field(t.string, { default: '-' }),
      v: t.long,
      get children() {
        return t.list(After);
      },
    });
    const tree = {
      v: 1,
      children: [
        { v: 2, children: [] },
        { v: 3, children: [{ v: 4, children: [] }] },
      ],
    };
    const labelled = (node: typeof tree | { v: number; children: unknown[] }): unknown => ({
      label: '-',
      v: node.v,
      children: (node.children as (typeof tree)[]).map(labelled),
    });
    expect(evolve(Before, tree, After)).toMatchObject({ read: labelled(tree) });
  });

  test('a new default is not shared', () => {
    const After = t.record('Flight', { origin: t.string, delay: t.int, tags: t.field(t.list(t.string), { default: [] }) });
    const tagsOf = (): unknown => (evolve(Flight, value, After) as { read: { tags: unknown } }).read.tags;
    const resolution = After.resolve(Flight.serializer);
    if (resolution.kind !== 'migrated') throw new Error('migration expected');
    const writer = new ByteWriter();
    Flight.write(writer, value);
    const [a, b] = [resolution.read(new ByteReader(writer.toBytes())), resolution.read(new ByteReader(writer.toBytes()))];
    a.tags.push('x');
    expect(b.tags).toEqual([]);
    expect(tagsOf()).toEqual([]);
  });

  test('enums: symbols may come and move, not go', () => {
    const before = t.record('E', { e: t.enum('Kind', ['a', 'b']) });
    expect(evolve(before, { e: 'b' }, t.record('E', { e: t.enum('Kind', ['c', 'b', 'a']) }))).toMatchObject({ read: { e: 'b' } });
    expect(evolve(before, { e: 'b' }, t.record('E', { e: t.enum('Kind', ['a']) }))).toBe('E.e: enum Kind no longer has "b"');
  });

  test('what a Flink job may have written: other unions, floats, fixed', () => {
    const schema = JSON.stringify({
      type: 'record',
      name: 'F',
      namespace: 'com.acme',
      fields: [
        { name: 'n', type: ['string', 'null'] },
        { name: 'gone', type: ['null', { type: 'map', values: { type: 'array', items: 'bytes' } }] },
        { name: 'f', type: 'float' },
        { name: 'x', type: { type: 'fixed', name: 'Two', size: 2 } },
      ],
    });
    const F = t.record('F', { f: t.double, n: t.nullable(t.string), x: t.bytes });
    const resolution = F.resolve({ kind: 'avro', runtimeClass: 'org.apache.avro.generic.GenericRecord', schema });
    const writer = new ByteWriter();
    writer.i32(0);
    writer.utf8('hi');
    writer.i32(1);
    writer.vlq(1);
    writer.utf8('k');
    writer.vlq(2);
    writer.bytes32(new Uint8Array(3));
    writer.bytes32(new Uint8Array(0));
    writer.vlq(0);
    writer.vlq(0);
    writer.f32(1.5);
    writer.raw(new Uint8Array([1, 2]));
    if (resolution.kind !== 'migrated') throw new Error(JSON.stringify(resolution));
    expect(resolution.read(new ByteReader(writer.toBytes()))).toEqual({ f: 1.5, n: 'hi', x: new Uint8Array([1, 2]) });
  });
});

test.each<[string, unknown, unknown, unknown, unknown]>([
  ['int to long', t.int, 5, t.long, { read: 5, changes: ['long: int becomes long'] }],
  ['long and timestamp are one', t.long, 5, t.timestamp, { asIs: 5 }],
  ['string to int', t.string, 'x', t.int, 'int: string cannot become int'],
  ['string to nullable', t.string, 'x', t.nullable(t.string), { read: 'x', changes: ['nullable<string>: string may now be null'] }],
  ['a tuple grows', t.tuple(t.int), [1], t.tuple(t.int, t.int), 'tuple<int, int>: 1 fields were written, tuple<int, int> has 2'],
  ['record to string', Flight, value, t.string, 'string: record Flight cannot become string'],
])('beside records: %s', (_name, before, given, after, expected) => {
  expect(evolve(before, given, after)).toEqual(expected);
});
