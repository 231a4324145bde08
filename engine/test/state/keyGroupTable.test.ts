import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyContext } from '../../src/state/keyContext.ts';
import { KeyGroupTable } from '../../src/state/keyGroupTable.ts';

test('keys come and go, also those that collide; all that are there are found, and no other', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 60 }), isRemoval: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 1, max: 60 }), (steps, hashes) => {
      const table = new KeyGroupTable();
      const model = new Map<number, KeyContext>();
      for (const { key, isRemoval } of steps) {
        const there = model.get(key);
        if (isRemoval && there !== undefined) {
          table.remove(there);
          model.delete(key);
        } else if (!isRemoval && there === undefined) {
          const context = new KeyContext(key, key % hashes, 0);
          table.insert(context);
          model.set(key, context);
        }
        for (let k = 0; k <= 60; k++) expect(table.findPrimitive(k, k % hashes)).toBe(model.get(k) ?? null);
      }
      expect(new Set(table.contexts())).toEqual(new Set(model.values()));
      expect(table.size).toBe(model.size);
    }),
  );
});
