import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../../src/snapshot/bytes/byteReader.ts';
import { valueChanges } from '../../../src/snapshot/diff/valueChanges.ts';
import { identityText } from '../../../src/snapshot/diff/valueContent.ts';
import { bytesOfHex, type DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { kryoValueReader } from '../../../src/snapshot/values/kryoValue.ts';

const A = '03018261';
const B = '03018262';
const RULES = { tolerance: 0, ignores: null, ignoresLastAccess: false, loose: false, unordered: null };

/** A list of Kryo whose only element is an object of the class with the elements, as Flink 2 writes it. */
function within(className: string, elements: string): DumpValue {
  const registrations = ['java.util.ArrayList', className];
  const snapshot = { kind: 'kryo', className: 'java.util.ArrayList', registrations, content: new Uint8Array() } as const;
  return kryoValueReader(snapshot, 2, new Map())(new ByteReader(bytesOfHex(`5701025801${elements}`) ?? new Uint8Array()));
}

describe('what Kryo has written', () => {
  test.each([
    'java.util.HashSet',
    'java.util.LinkedHashSet',
    'java.util.concurrent.CopyOnWriteArraySet',
    'java.util.ImmutableCollections$SetN',
    'java.util.ImmutableCollections$Set12',
    'java.util.Collections$UnmodifiableSet',
  ])('a %s within a list has no order', (className) => {
    const before = within(className, `03${A}${B}`);
    const after = within(className, `03${B}${A}`);
    expect(before).toEqual([{ $list: ['a', 'b'], class: className }]);
    expect(valueChanges(before, after, RULES)).toEqual([]);
    expect(identityText(before, null, false)).toBe(identityText(after, null, false));
    expect(valueChanges(before, within(className, `02${B}`), RULES)).toEqual([{ path: 'value[0]["a"]', before: 'a', after: undefined }]);
  });

  test('a set is not a list, and one kind of list no other', () => {
    const list = within('java.util.LinkedList', `03${A}${B}`);
    expect(valueChanges(within('java.util.HashSet', `03${A}${B}`), list, RULES)).toHaveLength(1);
    expect(valueChanges(within('java.util.ArrayDeque', `03${A}${B}`), list, RULES)).toHaveLength(1);
    expect(valueChanges(within('java.util.HashSet', `03${A}${B}`), list, { ...RULES, loose: true })).toEqual([]);
  });

  test('a list within a list has one', () => {
    const before = within('java.util.LinkedList', `03${A}${B}`);
    const after = within('java.util.LinkedList', `03${B}${A}`);
    expect(valueChanges(before, after, RULES)).toHaveLength(2);
    expect(identityText(before, null, false)).not.toBe(identityText(after, null, false));
  });
});
