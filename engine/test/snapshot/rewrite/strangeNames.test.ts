import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileExpression } from '../../../src/snapshot/analysis/expression.ts';
import { partOf } from '../../../src/snapshot/analysis/scalar.ts';
import { StateTable } from '../../../src/snapshot/analysis/table.ts';
import { SnapshotComparison } from '../../../src/snapshot/diff/snapshotComparison.ts';
import { prepareRedaction } from '../../../src/snapshot/redact/redaction.ts';
import { parseRedactionRules } from '../../../src/snapshot/redact/redactionRules.ts';
import type { SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { dumpText, type DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { parseDump } from '../../../src/snapshot/values/parseDump.ts';
import '../../propertySeed.ts';
import { entriesOf, rewritten } from './rewriting.ts';
import { typedSnapshot } from './typedSnapshot.ts';

/** Names that plain objects of JavaScript have, or treat in a way of their own. */
const NAMES = ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__', 'length', 'name'];

const pojo = (names: readonly string[]): SerializerSnapshot => ({
  kind: 'pojo',
  className: 'com.acme.Order',
  fields: names.map((name) => ({ name, declaredIn: { className: 'com.acme.Order', field: name }, serializer: { kind: 'string' } })),
  registered: [],
  unregistered: [],
});
const avro = (names: readonly string[]): SerializerSnapshot => ({
  kind: 'avro',
  runtimeClass: 'org.apache.avro.generic.GenericRecord',
  schema: JSON.stringify({ type: 'record', name: 'Order', fields: names.map((name) => ({ name, type: 'string' })) }),
});
const avroMap: SerializerSnapshot = {
  kind: 'avro',
  runtimeClass: 'org.apache.avro.generic.GenericRecord',
  schema: JSON.stringify({ type: 'record', name: 'Bag', fields: [{ name: 'm', type: { type: 'map', values: 'string' } }] }),
};

const object = (names: readonly string[], text: string): Readonly<Record<string, DumpValue>> =>
  Object.fromEntries(names.map((name) => [name, `${text} ${name}`]));

async function snapshotOf(names: readonly string[], text = 'value of'): Promise<Snapshot> {
  return typedSnapshot({
    pojo: { serializer: pojo(names), values: { a: { $class: 'com.acme.Order', ...object(names, text) } } },
    avro: { serializer: avro(names), values: { a: { $avro: object(names, text) } } },
    map: { serializer: avroMap, values: { a: { $avro: { m: object(names, text) } } } },
  });
}

/** As the dump of a snapshot has it: JSON, read by JSON's own rules. */
async function valueIn(snapshot: Snapshot, state: string): Promise<DumpValue> {
  const [line = '{}'] = [...(await entriesOf(snapshot))].find(([place]) => place.endsWith(`/${state}`))?.[1] ?? [];
  return partOf(parseDump(line), 'value');
}

const someNames = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 });
const path = (name: string): string => `value.${name}`;
const edit = { operator: 'typed', key: 'a' } as const;

describe('fields and keys of maps may have any name', () => {
  test('the dump shows them', async () => {
    await fc.assert(
      fc.asyncProperty(someNames, async (names) => {
        const snapshot = await snapshotOf(names);
        const fields = dumpText(object(names, 'value of'));
        expect(dumpText(await valueIn(snapshot, 'avro'))).toBe(`{"$avro":${fields}}`);
        expect(dumpText(await valueIn(snapshot, 'pojo'))).toBe(`{"$class":"com.acme.Order",${fields.slice(1)}`);
        expect(dumpText(await valueIn(snapshot, 'map'))).toBe(`{"$avro":{"m":${fields}}}`);
      }),
      { numRuns: 40 },
    );
  });

  test('tables and expressions see them, and nothing that JavaScript adds', async () => {
    const state = (name: string): boolean => name === 'avro';
    const table = await StateTable.open((await snapshotOf(NAMES)).operators, { state });
    const names = table.columns.map(({ name }) => name);
    for (const name of NAMES) expect(names).toContain(path(name));
    await table.rows((values) => {
      for (const name of NAMES) expect(values[names.indexOf(path(name))]).toBe(`value of ${name}`);
      return undefined;
    });
    const other = await valueIn(await snapshotOf(['id']), 'map');
    for (const name of NAMES.filter((each) => each !== 'length')) {
      const found = partOf(partOf(other, 'm'), name);
      expect(found, name).toBeNull();
      expect(compileExpression(`value.${name} == "x"`).paths[0]?.steps).toEqual([name]);
    }
  });

  test('a comparison sees what has changed in them', async () => {
    for (const name of NAMES) {
      const [before, after] = [await snapshotOf(['id', name]), await snapshotOf(['id', name], 'another of')];
      const places: string[] = [];
      const comparison = await SnapshotComparison.open(before, after);
      await comparison.run({
        onEntry: ({ changes }) => {
          places.push(...changes.map((change) => change.path));
          return undefined;
        },
      });
      expect(places.filter((place) => place.includes(name))).toHaveLength(3);
    }
  });

  test('they are set, renamed, dropped and redacted', async () => {
    for (const name of NAMES) {
      const source = await snapshotOf(['id', name]);
      const given = { $avro: object(['id', name], 'set') };
      const set = await rewritten([source], { edits: [{ ...edit, edit: 'set', state: 'avro', value: given }] });
      expect(dumpText(await valueIn(set.snapshot, 'avro'))).toBe(dumpText(given));
      const renamed = await rewritten([source], {
        edits: [
          { edit: 'renameField', operator: 'typed', state: 'pojo', field: name, to: 'other' },
          { edit: 'renameField', operator: 'typed', state: 'avro', field: 'id', to: name === '__proto__' ? 'toString' : '__proto__' },
        ],
      });
      expect(partOf(await valueIn(renamed.snapshot, 'pojo'), 'other')).toBe(`value of ${name}`);
      expect(partOf(await valueIn(renamed.snapshot, 'avro'), name === '__proto__' ? 'toString' : '__proto__')).toBe('value of id');
      expect(partOf(await valueIn(renamed.snapshot, 'avro'), name)).toBe(`value of ${name}`);
      const rules = parseRedactionRules(JSON.stringify({ rules: [{ field: path(name), action: 'mask' }] }));
      const redacting = await prepareRedaction(source, rules, { salted: () => new Uint8Array(32) });
      const redacted = await rewritten([source], { edits: redacting.edits }, { redacting });
      for (const state of ['pojo', 'avro']) {
        expect(partOf(await valueIn(redacted.snapshot, state), name)).not.toBe(`value of ${name}`);
        expect(partOf(await valueIn(redacted.snapshot, state), 'id')).toBe('value of id');
      }
      expect(dumpText(await valueIn(redacted.snapshot, 'map'))).toBe(dumpText(await valueIn(source, 'map')));
    }
  });
});
