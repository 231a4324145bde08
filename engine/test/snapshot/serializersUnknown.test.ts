import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { keyedHeader, readKeyedHeader, writeKeyedHeader, type KeyedHeader } from '../../src/snapshot/keyed/keyedStream.ts';
import { readOperatorHeader } from '../../src/snapshot/operator/operatorStream.ts';
import { describeSerializer } from '../../src/snapshot/serializers/describeSerializer.ts';
import type { PojoSnapshot, SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import {
  broadcastState,
  elementSerializer,
  keyValueState,
  operatorListState,
  timerState,
  userKeySerializer,
  userValueSerializer,
  writeStateMetaInfo,
  type StateMetaInfo,
} from '../../src/snapshot/stateMetaInfo.ts';
import { valueReader } from '../../src/snapshot/values/valueReader.ts';
import '../propertySeed.ts';

const STRING: SerializerSnapshot = { kind: 'string' };
const LONG: SerializerSnapshot = { kind: 'long' };
const VOID: SerializerSnapshot = { kind: 'voidNamespace' };

function acme(content: number[] | Uint8Array, className = 'com.acme.ThingSerializer$ThingSerializerSnapshot'): SerializerSnapshot {
  return { kind: 'unknown', className, version: 7, content: Uint8Array.from(content) };
}

function pojo(field: SerializerSnapshot): PojoSnapshot {
  const declaredIn = { className: 'com.acme.Pojo', field: 'x' };
  return {
    kind: 'pojo',
    className: 'com.acme.Pojo',
    fields: [
      { name: 'a', declaredIn, serializer: LONG },
      { name: 'x', declaredIn, serializer: field },
      { name: 'z', declaredIn, serializer: STRING },
    ],
    registered: [],
    unregistered: [],
  };
}

function bytesOf(header: KeyedHeader): Uint8Array {
  const writer = new ByteWriter();
  writeKeyedHeader(writer, header);
  return writer.toBytes();
}

/** Key, namespace, value ... of every state, without the bytes that were kept. */
function serializersOf(header: KeyedHeader): SerializerSnapshot[] {
  return [header.key.snapshot, ...header.states.flatMap((state) => [...state.serializers.values()].map((stored) => stored.snapshot))];
}

/** A header in which `unknown` is at one of its places. */
function headerWith(unknown: SerializerSnapshot, place: number): KeyedHeader {
  let at = 0;
  const here = (known: SerializerSnapshot): SerializerSnapshot => (at++ === place ? unknown : known);
  const key = here(STRING);
  return keyedHeader(key, [
    keyValueState('count', 'VALUE', here(VOID), here(LONG)),
    keyValueState('seen', 'MAP', here(VOID), { kind: 'map', key: here(STRING), value: here(LONG) }),
    timerState('_timer_state/event_user-timers', here(STRING), here(VOID)),
    keyValueState('pair', 'VALUE', here(VOID), { kind: 'tuple', fields: [here(STRING), here(LONG), here(STRING)] }),
    keyValueState('object', 'LIST', here(VOID), { kind: 'list', element: pojo(here({ kind: 'list', element: here(LONG) })) }),
    keyValueState('last', 'REDUCING', here(VOID), here({ kind: 'row', fields: [LONG], withRowKind: true })),
  ]);
}

const PLACES = Array.from({ length: 17 }, (_, place) => place);

const CONTENTS = {
  nothing: [],
  zeros: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  'a class name': [0, 4, ...Buffer.from('java')],
  'a composite of its own': [...nested()],
};

function nested(): Uint8Array {
  const header = bytesOf(keyedHeader(STRING, []));
  return header.subarray(9, -2);
}

describe.each(Object.entries(CONTENTS))('an unknown serializer that wrote %s', (_what, content) => {
  test.each(PLACES)('at place %i it spoils nothing else', (place) => {
    const header = headerWith(acme(content), place);
    const bytes = bytesOf(header);
    const reader = new ByteReader(bytes);
    const read = readKeyedHeader(reader);
    expect(reader.remaining).toBe(0);
    expect(serializersOf(read)).toEqual(serializersOf(header));
    expect(bytesOf(read)).toEqual(bytes);
  });
});

test('any number of unknown serializers, whatever they wrote', () => {
  const content = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(fc.array(fc.option(content), { minLength: 1, maxLength: 8 }), fc.option(content), (values, key) => {
      const header = keyedHeader(
        key === null ? STRING : acme(key),
        values.map((value, i) => keyValueState(`state ${String(i)}`, 'VALUE', VOID, value === null ? LONG : acme(value))),
      );
      const bytes = bytesOf(header);
      const read = readKeyedHeader(new ByteReader(bytes));
      expect(serializersOf(read)).toEqual(serializersOf(header));
      expect(bytesOf(read)).toEqual(bytes);
    }),
  );
});

test('a thousand states with an unknown serializer', () => {
  const states = Array.from({ length: 1000 }, (_, i) => keyValueState(`state ${String(i)}`, 'VALUE', VOID, acme([0, 0, 0, 1, i & 0xff])));
  const header = keyedHeader(STRING, states);
  expect(serializersOf(readKeyedHeader(new ByteReader(bytesOf(header))))).toEqual(serializersOf(header));
});

test('a known class in an unknown version is kept as it is', () => {
  const future: SerializerSnapshot = {
    kind: 'unknown',
    className: 'org.apache.flink.formats.avro.typeutils.AvroSerializerSnapshot',
    version: 99,
    content: Uint8Array.of(1, 2, 3),
  };
  const header = headerWith(future, 2);
  expect(serializersOf(readKeyedHeader(new ByteReader(bytesOf(header))))).toEqual(serializersOf(header));
  expect(describeSerializer(future)).toBe('AvroSerializer (unknown)');
});

test('its values say whose they are', () => {
  expect(describeSerializer({ kind: 'list', element: acme([]) })).toBe('list<ThingSerializer (unknown)>');
  expect(() => valueReader(acme([]))(new ByteReader(Uint8Array.of(1)))).toThrow(
    "values of com.acme.ThingSerializer$ThingSerializerSnapshot cannot be read without the job's classes",
  );
});

test("a header of Flink's own tests, whose serializer is in those tests only", () => {
  const text = readFileSync(new URL('../fixtures/vectors/header-with-unknown-serializer.hex', import.meta.url), 'utf8');
  const bytes = Uint8Array.from(Buffer.from(text.replaceAll('\n', ''), 'hex'));
  const header = readKeyedHeader(new ByteReader(bytes));
  expect(header.key.snapshot).toEqual({ kind: 'tuple', fields: [LONG] });
  expect(
    header.states.map((state) => [state.name, ...[...state.serializers.values()].map((stored) => describeSerializer(stored.snapshot))]),
  ).toEqual([['testState', 'TestSerializer (unknown)', 'void']]);
  expect(bytesOf(header)).toEqual(bytes);
});

describe('where its end cannot be found', () => {
  test('the class is named', () => {
    const bytes = bytesOf(headerWith(acme([1, 2, 3]), 2));
    const cut = bytes.subarray(0, -1);
    expect(() => readKeyedHeader(new ByteReader(cut))).toThrow(
      /the serializer snapshot com\.acme\.ThingSerializer\$ThingSerializerSnapshot is not known, and nothing in the file says where it ends; no place was found/,
    );
  });

  test('the search has an end of its own', () => {
    // Each of these bytes can be the beginning of another role with another unknown serializer.
    const roles = new ByteWriter();
    for (let i = 0; i < 3000; i++) {
      roles.utf('VALUE_SERIALIZER');
      roles.i32(2);
      roles.utf('com.acme.A');
      roles.i32(1);
    }
    const bytes = bytesOf(keyedHeader(STRING, [keyValueState('state', 'VALUE', acme([]), acme(roles.toBytes()))]));
    expect(() => readKeyedHeader(new ByteReader(bytes.subarray(0, -1)))).toThrow(/too many places look as if it ended there/);
  });
});

describe('asynchronous state', () => {
  const state = (type: string, value: SerializerSnapshot): StateMetaInfo => ({
    name: 'async',
    kind: 'KEY_VALUE_V2',
    options: new Map([['KEYED_STATE_TYPE', type]]),
    serializers: new Map([
      ['USER_KEY_SERIALIZER', { snapshot: STRING, bytes: null }],
      ['VALUE_SERIALIZER', { snapshot: value, bytes: null }],
    ]),
  });

  test('has the serializers of elements and values themselves', () => {
    const list: SerializerSnapshot = { kind: 'list', element: LONG };
    expect(elementSerializer(state('LIST', list))).toEqual(list);
    expect(userKeySerializer(state('MAP', LONG))).toEqual(STRING);
    expect(userValueSerializer(state('MAP', list))).toEqual(list);
    expect(elementSerializer(keyValueState('s', 'LIST', VOID, list))).toEqual(LONG);
    const map = keyValueState('s', 'MAP', VOID, { kind: 'map', key: LONG, value: list });
    expect(userKeySerializer(map)).toEqual(LONG);
    expect(userValueSerializer(map)).toEqual(list);
  });

  test('with an unknown serializer', () => {
    const header = keyedHeader(STRING, [state('MAP', acme([1, 2, 3])), state('LIST', LONG)]);
    expect(serializersOf(readKeyedHeader(new ByteReader(bytesOf(header))))).toEqual(serializersOf(header));
  });
});

describe('operator state', () => {
  const lists = [operatorListState('buffer', 'SPLIT_DISTRIBUTE', acme([9, 9])), operatorListState('offsets', 'UNION', LONG)];
  const broadcasts = [broadcastState('rules', STRING, acme([0, 0]))];

  function operatorHeader(compressed: boolean, withBroadcasts: boolean): ByteWriter {
    const writer = new ByteWriter();
    writer.i32(6);
    writer.bool(compressed);
    for (const states of [lists, withBroadcasts ? broadcasts : []]) {
      writer.i16(states.length);
      for (const state of states) writeStateMetaInfo(writer, state);
    }
    if (compressed) writer.raw(Uint8Array.of(0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59));
    return writer;
  }

  test.each([
    [false, true],
    [true, true],
    [false, false],
    [true, false],
  ])('compressed: %s, with broadcast state: %s', (compressed, withBroadcasts) => {
    const writer = operatorHeader(compressed, withBroadcasts);
    const end = writer.length;
    writer.raw(new Uint8Array(100));
    const header = readOperatorHeader(new ByteReader(writer.toBytes()), end);
    const names = [...header.lists, ...header.broadcasts].map((state) => state.name);
    expect(names).toEqual(withBroadcasts ? ['buffer', 'offsets', 'rules'] : ['buffer', 'offsets']);
    expect([...(header.lists[0]?.serializers.values() ?? [])].map((stored) => stored.snapshot)).toEqual([acme([9, 9])]);
  });
});
