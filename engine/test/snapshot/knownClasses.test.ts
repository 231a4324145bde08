import { expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { prepareRedaction } from '../../src/snapshot/redact/redaction.ts';
import { parseRedactionRules } from '../../src/snapshot/redact/redactionRules.ts';
import type { KryoSnapshot, PojoSnapshot, SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import type { DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import { ClassCollector, NOTHING_KNOWN, type KnownClasses } from '../../src/snapshot/values/knownClasses.ts';
import { kryoValueReader } from '../../src/snapshot/values/kryoValue.ts';
import { valueWriter } from '../../src/snapshot/values/valueWriter.ts';
import { linesOf } from './foreignFixtures.ts';
import { rewritten } from './rewrite/rewriting.ts';
import { typedSnapshot } from './rewrite/typedSnapshot.ts';

function pojo(className: string, fields: Readonly<Record<string, SerializerSnapshot>>): PojoSnapshot {
  return {
    kind: 'pojo',
    className,
    fields: Object.entries(fields).map(([name, serializer]) => ({ name, declaredIn: { className, field: name }, serializer })),
    registered: [],
    unregistered: [],
  };
}

const LONG: SerializerSnapshot = { kind: 'long' };
const STRING: SerializerSnapshot = { kind: 'string' };
const SHAPE = pojo('com.acme.Shape', { id: LONG });
const CIRCLE = pojo('com.acme.Circle', { id: LONG, name: STRING });
const ID = { $long: '7' };
const A_CIRCLE: DumpValue = { $class: 'com.acme.Circle', id: ID, name: 'o' };

/** As the serializer of `SHAPE` writes an object of a subclass that it has not met before it wrote its snapshot. */
function asShape(subclass: PojoSnapshot, value: DumpValue): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(4);
  writer.utf(subclass.className);
  valueWriter(subclass)(writer, value);
  return writer.toBytes();
}

async function shapeIn(snapshot: Promise<Snapshot>): Promise<unknown> {
  return (await linesOf(await snapshot)).find(({ state }) => state === 'shape')?.value;
}

const shape = { serializer: SHAPE, values: { a: asShape(CIRCLE, A_CIRCLE) } };

test('a subclass of a POJO is read with the serializer that another state has for it', async () => {
  expect(await shapeIn(typedSnapshot({ shape, circle: { serializer: CIRCLE, values: {} } }))).toEqual(A_CIRCLE);
});

test('or another operator, wherever it is in its types', async () => {
  const inside: SerializerSnapshot = {
    kind: 'list',
    element: { ...SHAPE, unregistered: [{ className: 'com.acme.Circle', classKnown: true, serializer: CIRCLE }] },
  };
  expect(await shapeIn(typedSnapshot({ shape }, { other: { inside: { serializer: inside, values: {} } } }))).toEqual(A_CIRCLE);
});

test('one that nothing describes, or that is described in two ways, is bytes', async () => {
  const bytes = { $bytes: expect.stringMatching(/^04/) as string };
  expect(await shapeIn(typedSnapshot({ shape }))).toEqual(bytes);
  const older = { serializer: pojo('com.acme.Circle', { id: LONG }), values: {} };
  expect(await shapeIn(typedSnapshot({ shape, circle: { serializer: CIRCLE, values: {} } }, { other: { older } }))).toEqual(bytes);
});

test('one that holds itself is read to a depth that is bounded', async () => {
  const node = pojo('com.acme.Node', { next: SHAPE });
  let value = new Uint8Array(Buffer.from('00', 'hex'));
  const name = new ByteWriter();
  name.u8(4);
  name.utf('com.acme.Node');
  for (let i = 0; i < 5000; i++) value = new Uint8Array(Buffer.concat([name.view(), Buffer.from('0200', 'hex'), value]));
  const snapshot = typedSnapshot({ shape: { serializer: SHAPE, values: { a: value } }, node: { serializer: node, values: {} } });
  expect(await shapeIn(snapshot)).toEqual({ $bytes: expect.stringMatching(/^04/) as string });
});

test('an enum that Kryo wrote has the constants that another serializer of the snapshot has', () => {
  const collector = new ClassCollector();
  collector.add([{ kind: 'list', element: { kind: 'enum', className: 'com.acme.Color', constants: ['RED', 'BLUE'] } }]);
  const kryo: KryoSnapshot = { kind: 'kryo', className: 'com.acme.Color', registrations: [], content: new Uint8Array(0) };
  const classByName = [1, 0, ...Buffer.from('com.acme.Colo'), 'r'.charCodeAt(0) | 0x80];
  const read = (known: KnownClasses): DumpValue =>
    kryoValueReader(kryo, 2, new Map(), known.declared)(new ByteReader(Uint8Array.from([...classByName, 2])));
  expect(read(collector.known(new Map()))).toEqual({ $enum: 'BLUE' });
  expect(() => read(NOTHING_KNOWN)).toThrow();
});

test('a line of such a subclass that is set as it is shown keeps its bytes; another value is refused', async () => {
  const source = await typedSnapshot({ shape, circle: { serializer: CIRCLE, values: {} } });
  const set = (value: DumpValue) =>
    rewritten([source], { edits: [{ edit: 'set', operator: 'typed', state: 'shape', key: 'a', namespace: null, value }] });
  const { snapshot } = await set(A_CIRCLE);
  expect(await shapeIn(Promise.resolve(snapshot))).toEqual(A_CIRCLE);
  await expect(set({ $class: 'com.acme.Circle', id: ID, name: 'x' })).rejects.toThrow('com.acme.Circle is not a class that the serializer');
});

/** Three maps of Flink, with nothing in them. */
const NO_REGISTRATIONS = new Uint8Array(Buffer.from('000004f2c69a3d7000000000'.repeat(3), 'hex'));

test('values beside one that another state describes are redacted', async () => {
  const color: SerializerSnapshot = { kind: 'kryo', className: 'com.acme.Color', registrations: [], content: NO_REGISTRATIONS };
  const car = pojo('com.acme.Car', { color, owner: STRING });
  const blue = Uint8Array.from([2, 0, 1, 0, ...Buffer.from('com.acme.Colo'), 'r'.charCodeAt(0) | 0x80, 2]);
  const owned = (owner: string): Uint8Array => {
    const writer = new ByteWriter();
    writer.raw(blue);
    writer.u8(0);
    valueWriter(STRING)(writer, owner);
    return writer.toBytes();
  };
  const source = await typedSnapshot(
    { car: { serializer: car, values: { a: owned('Ada') } } },
    { other: { color: { serializer: { kind: 'enum', className: 'com.acme.Color', constants: ['RED', 'BLUE'] }, values: {} } } },
  );
  const rules = parseRedactionRules(
    JSON.stringify({
      default: 'keep',
      rules: [
        { state: 'car', field: 'value.owner', action: 'replace', with: 'nobody' },
        { type: 'opaque', action: 'keep' },
      ],
    }),
  );
  const redaction = await prepareRedaction(source, rules, { salted: (bytes) => bytes });
  const { snapshot } = await rewritten([source], { edits: redaction.edits }, { redacting: redaction });
  const shown = (await linesOf(snapshot)).find(({ state }) => state === 'car')?.value;
  expect(shown).toMatchObject({ color: { $enum: 'BLUE' }, owner: 'nobody' });
});
