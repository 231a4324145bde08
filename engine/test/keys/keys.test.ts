import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashOfBigInteger, hashOfBoolean, hashOfDouble, hashOfInt, hashOfLong, hashOfString } from '../../src/keys/hashCode.ts';
import { defaultMaxParallelism, keyGroupOfHash, keyGroupRangeOf, murmurOfInt, subtaskOfKeyGroup } from '../../src/keys/keyGroup.ts';
import { operatorIdOf } from '../../src/keys/operatorId.ts';

function vectors<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../fixtures/vectors/${name}.json`, import.meta.url), 'utf8')) as T[];
}

const hashers: Record<string, (text: string) => number> = {
  String: hashOfString,
  Integer: (text) => hashOfInt(Number(text)),
  Long: (text) => hashOfLong(Number(text)),
  Boolean: (text) => hashOfBoolean(text === 'true'),
  Double: (text) => hashOfDouble(Number(text)),
  BigInteger: (text) => hashOfBigInteger(BigInt(text)),
};

describe('hash codes and key groups are those of Java and Flink', () => {
  const all = vectors<{
    type: string;
    value: string;
    hashCode: number;
    murmur: number;
    kg128: number;
    kg4096: number;
    kg100: number;
    kg32768: number;
  }>('keygroups');
  const ours = all.filter((v) => v.type in hashers && !(v.type === 'Long' && !Number.isSafeInteger(Number(v.value))));
  test.each(ours)('$type $value', (v) => {
    expect(hashers[v.type]?.(v.value)).toBe(v.hashCode);
  });
  test.each(all)('key groups of $type $value', (v) => {
    expect(murmurOfInt(v.hashCode)).toBe(v.murmur);
    expect([128, 4096, 100, 32768].map((m) => keyGroupOfHash(v.hashCode, m))).toEqual([v.kg128, v.kg4096, v.kg100, v.kg32768]);
  });
  test('a long hashes as the xor of its halves', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bits = BigInt.asUintN(64, BigInt(value));
        expect(hashOfLong(value)).toBe(Number(BigInt.asIntN(32, bits ^ (bits >> 32n))));
      }),
    );
  });
});

describe('key group ranges', () => {
  test.each(vectors<{ maxParallelism: number; parallelism: number; index: number; start: number; end: number }>('ranges'))(
    '$index of $parallelism, max $maxParallelism',
    (v) => {
      expect(keyGroupRangeOf(v.maxParallelism, v.parallelism, v.index)).toEqual({ start: v.start, end: v.end });
    },
  );
  test('every key group belongs to the subtask whose range holds it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.nat(), fc.nat(), (maxParallelism, p, g) => {
        const parallelism = 1 + (p % maxParallelism);
        const group = g % maxParallelism;
        const range = keyGroupRangeOf(maxParallelism, parallelism, subtaskOfKeyGroup(group, maxParallelism, parallelism));
        expect(group).toBeGreaterThanOrEqual(range.start);
        expect(group).toBeLessThanOrEqual(range.end);
      }),
    );
  });
  test.each(vectors<{ parallelism: number; defaultMaxParallelism: number }>('maxparallelism'))(
    'default max parallelism of $parallelism',
    (v) => {
      expect(defaultMaxParallelism(v.parallelism)).toBe(v.defaultMaxParallelism);
    },
  );
});

describe('operator ids', () => {
  test.each(vectors<{ uid: string; operatorIdString: string }>('uids'))('$uid', (v) => {
    expect(operatorIdOf(v.uid)).toBe(v.operatorIdString);
  });
  test.each(vectors<{ uid: string; operatorId: string }>('operator-ids'))('$uid', (v) => {
    expect(operatorIdOf(v.uid)).toBe(v.operatorId);
  });
});
