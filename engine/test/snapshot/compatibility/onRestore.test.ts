import { expect, test } from 'vitest';
import { SnapshotComparison } from '../../../src/snapshot/diff/snapshotComparison.ts';
import { diagnose } from '../../../src/snapshot/doctor/diagnose.ts';
import { readHeaders } from '../../../src/snapshot/snapshotHeaders.ts';
import { NOTHING } from '../doctor/nothing.ts';
import { openFixture } from '../rewrite/rewriting.ts';

/** Savepoints of two versions of a job each. What Flink did with the first in the second's place was seen. */
const opened = (name: string) => openFixture(`../../snapshot/compatibility/fixtures/${name}`);

const CHANGES: readonly (readonly [string, string, string, readonly string[], readonly string[]])[] = [
  [
    '1.20.5-sql-varchar20',
    '1.20.5-sql-varchar40',
    'data-state-with-append',
    ['value: list<ROW<INTEGER, BIGINT NOT NULL, VARCHAR(20)>> -> list<ROW<INTEGER, BIGINT NOT NULL, VARCHAR(40)>>'],
    ['Flink refuses it: value: column 2: VARCHAR(20) cannot become VARCHAR(40)'],
  ],
  [
    '1.20.5-sql-nullable',
    '1.20.5-sql-not-null',
    'data-state-with-append',
    [
      'user key: ROW<BIGINT> -> ROW<BIGINT NOT NULL>',
      'value: list<ROW<BIGINT, INTEGER, STRING>> -> list<ROW<BIGINT NOT NULL, INTEGER, STRING>>',
    ],
    ['Flink refuses it: key: BIGINT cannot become BIGINT NOT NULL; value: column 0: BIGINT cannot become BIGINT NOT NULL'],
  ],
  [
    '1.20.5-sql-one-aggregate',
    '1.20.5-sql-two-aggregates',
    'accState',
    ['value: ROW<BIGINT> -> ROW<BIGINT, BIGINT>'],
    ['Flink refuses it: a row of 1 column cannot become one of 2 columns'],
  ],
  [
    '1.20.5-without-ttl',
    '1.20.5-with-ttl',
    'last',
    ['TTL: without TTL -> with TTL'],
    [
      'Flink 1.20 refuses it: a time to live (TTL) is new, which Flink 1.20 takes for another serializer',
      'Flink 2.3 migrates it (a time to live (TTL) is new)',
    ],
  ],
  [
    '1.20.5-class-old',
    '1.20.5-class-new',
    'order',
    ['value: oldpk.Order<id: string, total: long> -> newpk.Order<id: string, total: long>'],
    ['Flink refuses it: class oldpk.Order was written, and newpk.Order is declared: Flink takes no other class'],
  ],
];

test.each(CHANGES)('%s in the job of %s: diff names the change and what Flink does', async (before, after, state, schema, onRestore) => {
  const comparison = await SnapshotComparison.open(await opened(before), await opened(after));
  const found = comparison.operators.flatMap(({ states }) => states).find(({ name }) => name === state);
  expect(found?.schema.map(({ part, before: old, after: now }) => `${part}: ${String(old)} -> ${String(now)}`)).toEqual(schema);
  expect(found?.onRestore).toEqual(onRestore);
});

test.each(CHANGES)('%s in the job of %s: the doctor says the same', async (before, after, state, _, onRestore) => {
  const [headers, other] = [await readHeaders(await opened(before)), await readHeaders(await opened(after))];
  const found = diagnose({ ...NOTHING, headers, other }).filter((each) => each.code === 'differsFromOther');
  expect(found.map((each) => [each.state, each.severity])).toEqual([[state, 'error']]);
  for (const sentence of onRestore) expect(found[0]?.message).toContain(sentence);
});

test.each([
  ['1.20.5-without-ttl', '1.20.5-with-ttl', '--add-ttl c537c6dbf1a24c2d915e49cfb917dd6d/last=now'],
  ['1.20.5-with-ttl', '1.20.5-without-ttl', '--drop-ttl c537c6dbf1a24c2d915e49cfb917dd6d/last'],
  ['1.20.5-class-old', '1.20.5-class-new', '--rename-class oldpk.Order=newpk.Order'],
])('%s in the job of %s: the doctor says which edit helps', async (before, after, option) => {
  const [headers, other] = [await readHeaders(await opened(before)), await readHeaders(await opened(after))];
  const found = diagnose({ ...NOTHING, headers, other }).filter((each) => each.code === 'differsFromOther');
  expect(found[0]?.remedy?.split('\n')).toContain(`tidemark edit SNAPSHOT --out OUT ${option}`);
});

test('collections that Kryo of Flink 1 wrote are refused by Flink 2', async () => {
  const comparison = await SnapshotComparison.open(await opened('1.20.5-pojo-collections'), await opened('2.3.0-pojo-collections'));
  const found = comparison.operators.flatMap(({ states }) => states).find(({ name }) => name === 'cart');
  expect(found?.onRestore).toEqual([expect.stringMatching(/^Flink 2\.3 refuses it: items: Kryo of Flink 1 wrote java\.util\.List/)]);
});

test('a state whose type has not changed has no verdict', async () => {
  const comparison = await SnapshotComparison.open(await opened('1.20.5-class-old'), await opened('1.20.5-class-old'));
  expect(
    comparison.operators.flatMap(({ states }) => states).filter(({ schema, onRestore }) => schema.length + onRestore.length > 0),
  ).toEqual([]);
});
