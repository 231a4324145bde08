import { expect, test } from 'vitest';
import type { Form } from '../../../src/snapshot/forms/form.ts';
import { FormRedaction, type Change } from '../../../src/snapshot/redact/formRedaction.ts';
import { parseRedactionRules } from '../../../src/snapshot/redact/redactionRules.ts';

const leaf = (type: 'string' | 'opaque'): Form => ({ kind: 'leaf', type, name: null, tag: null, writesNull: true });

/** A list of names, as a record that contains itself; the classes of its notes are not known. */
const node: Form = {
  kind: 'record',
  name: 'acme.Node',
  listTag: null,
  fields: [
    { name: 'name', form: () => leaf('string'), notNull: null },
    { name: 'note', form: () => leaf('opaque'), notNull: null },
    { name: 'next', form: () => node, notNull: null },
  ],
};

function changeOf(rules: readonly object[]): Change {
  const parsed = parseRedactionRules(JSON.stringify({ default: 'keep', rules }));
  const refused = (problem: string): never => {
    throw new Error(problem);
  };
  const place = { rules: parsed.rules, place: 'nodes', salted: (bytes: Uint8Array) => bytes, refused, used: new Set<number>(), counts: [] };
  return new FormRedaction(parsed, place).compile(node, ['value'], 'null');
}

const note = { field: 'value.**.note', action: 'keep' };

test('a type that contains itself is left alone where every rule keeps: its values may be ones that cannot be read', () => {
  expect(changeOf([{ field: 'value.note', action: 'keep' }, note]).touches).toBe(false);
});

test('and is looked into where one of them changes something, at any depth', () => {
  expect(changeOf([{ field: 'value.note', action: 'keep' }, note, { field: 'value.next.next.name', action: 'mask' }]).touches).toBe(true);
});
