import { expect, test } from 'vitest';
import { diagnose } from '../../../src/snapshot/doctor/diagnose.ts';
import { readHeaders } from '../../../src/snapshot/snapshotHeaders.ts';
import { RewriteRefused } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import { thrown } from '../changelog/keyedLines.ts';
import { NOTHING } from '../doctor/nothing.ts';
import { openFixture, rewritten } from './rewriting.ts';

/** Of real Flink 1.20.5: `all` is a windowAll, to which Flink gives max parallelism 1 whatever the job says. */
const source = await openFixture('../../snapshot/rewrite/fixtures/1.20.5-not-parallel');
const ALL = '12cdad59f4fac8467c108ce8acc3b950';
const RED = '23aa4df41c9010c6db153beb689f613e';

async function scaled(edit: 'maxParallelism' | 'parallelism', value: number, operator?: string): Promise<[number[], readonly string[]]> {
  const { report } = await rewritten([source], { edits: [{ edit, value, ...(operator === undefined ? {} : { operator }) }] });
  const of = (id: string): number => report.operators.find(({ operatorId }) => operatorId === id)?.[edit] ?? -1;
  return [[of(ALL), of(RED)], report.notes];
}

test('a max parallelism for all leaves out operators that Flink never runs in parallel, and says so', async () => {
  const [values, notes] = await scaled('maxParallelism', 256);
  expect(values).toEqual([1, 256]);
  expect(notes).toEqual([expect.stringMatching(/^12cdad59\S* stays at max parallelism 1/)]);
});

test('so does a parallelism for all', async () => {
  expect((await scaled('parallelism', 4))[0]).toEqual([1, 4]);
});

test('an operator that is named is changed', async () => {
  expect(await scaled('maxParallelism', 16, ALL)).toEqual([[16, 128], []]);
});

test('where nothing would change, it is refused', async () => {
  const dropped = [RED, 'f362c87ffabe89c8a91fa7d0a523ba6c', '719700179e681491ace836959fad0846'];
  const edits = [
    ...dropped.map((operator) => ({ edit: 'dropOperator', operator }) as const),
    { edit: 'maxParallelism', value: 8 } as const,
  ];
  const refusal = await thrown(rewritten([source], { edits }));
  expect(refusal).toBeInstanceOf(RewriteRefused);
  expect(String(refusal)).toContain('every operator has max parallelism 1');
});

test('the doctor proposes no other max parallelism for it', async () => {
  const found = diagnose({ ...NOTHING, headers: await readHeaders(source) });
  expect(found.filter(({ code }) => code === 'maxParallelism')).toEqual([]);
});
