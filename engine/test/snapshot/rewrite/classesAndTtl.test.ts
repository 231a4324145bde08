import { expect, test } from 'vitest';
import { RewriteRefused, type SnapshotEdit } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { readHeaders } from '../../../src/snapshot/snapshotHeaders.ts';
import { serializerText } from '../../../src/snapshot/serializers/serializerText.ts';
import { thrown } from '../changelog/keyedLines.ts';
import { entriesOf, openFixture, rewritten } from './rewriting.ts';

const fixture = (name: string): Promise<Snapshot> => openFixture(`../../snapshot/compatibility/fixtures/${name}`);

/** Declarations of keyed states, by operator and name. */
async function declared(snapshot: Snapshot): Promise<Map<string, string>> {
  const { operators } = await readHeaders(snapshot);
  const states = operators.flatMap(({ metadata, keyed }) =>
    keyed.flatMap(({ header }) => header.states.map((state) => ({ place: `${metadata.uid ?? metadata.operatorId}/${state.name}`, state }))),
  );
  return new Map(
    states.map(({ place, state }) => [
      place,
      [...state.serializers].map(([role, each]) => `${role} ${serializerText(each.snapshot)}`).join(),
    ]),
  );
}

async function refusal(source: Snapshot, edits: readonly SnapshotEdit[]): Promise<string> {
  const error = await thrown(rewritten([source], { edits }));
  expect(error).toBeInstanceOf(RewriteRefused);
  return String(error);
}

test('a renamed class is what the new job declares, and values stay as they are', async () => {
  const source = await fixture('1.20.5-class-old');
  const { snapshot } = await rewritten([source], { edits: [{ edit: 'renameClass', from: 'oldpk.Order', to: 'newpk.Order' }] });
  expect(await declared(snapshot)).toEqual(await declared(await fixture('1.20.5-class-new')));
  const before = await entriesOf(source);
  const after = await entriesOf(snapshot);
  expect([...after].map(([place, lines]) => [place, lines.map((line) => line.replaceAll('newpk.Order', 'oldpk.Order'))])).toEqual([
    ...before,
  ]);
});

test('a class that no state has, and one that values name, are refused', async () => {
  const source = await fixture('1.20.5-class-old');
  expect(await refusal(source, [{ edit: 'renameClass', from: 'oldpk.Nothing', to: 'newpk.Order' }])).toContain(
    'no state has the class oldpk.Nothing',
  );
  const kryo = await fixture('1.20.5-pojo-collections');
  expect(await refusal(kryo, [{ edit: 'renameClass', from: 'java.util.List', to: 'a.List' }])).toContain(
    'Kryo writes the name of java.util.List',
  );
});

const LAST = { operator: 'c537c6dbf1a24c2d915e49cfb917dd6d', state: 'last' } as const;

test('a TTL is added with the time of the last access, and taken away again', async () => {
  const source = await fixture('1.20.5-without-ttl');
  const { snapshot: added } = await rewritten([source], { edits: [{ edit: 'addTtl', ...LAST, lastAccess: 1_700_000_000_000 }] });
  expect(await declared(added)).toEqual(await declared(await fixture('1.20.5-with-ttl')));
  const lines = (await entriesOf(added)).get(`${LAST.operator}/last`) ?? [];
  expect(lines.length).toBe(5);
  for (const line of lines) expect(line).toContain('1700000000000');
  const { snapshot: dropped } = await rewritten([added], { edits: [{ edit: 'dropTtl', ...LAST }] });
  expect(await declared(dropped)).toEqual(await declared(source));
  expect(await entriesOf(dropped)).toEqual(await entriesOf(source));
});

test('of lists and maps each element has a time of its own', async () => {
  const source = await openFixture('2.3.0-hashmap-canonical');
  const places = [
    { operator: 'everything', state: 'list' },
    { operator: 'everything', state: 'map' },
  ] as const;
  const edits = places.map((place) => ({ edit: 'addTtl', ...place, lastAccess: 5 }) as const);
  const { snapshot: added } = await rewritten([source], { edits });
  const found = await declared(added);
  expect(found.get('everything/list')).toContain('{"kind":"list","element":{"kind":"ttl"');
  expect(found.get('everything/map')).toMatch(/"kind":"map","key":\{[^}]*\},"value":\{"kind":"ttl"/);
  const { snapshot: dropped } = await rewritten([added], { edits: places.map((place) => ({ edit: 'dropTtl', ...place }) as const) });
  expect(await entriesOf(dropped)).toEqual(await entriesOf(source));
});

test('what has a TTL gets no other, and what has none loses none', async () => {
  expect(await refusal(await fixture('1.20.5-with-ttl'), [{ edit: 'addTtl', ...LAST, lastAccess: 1 }])).toContain('it has a TTL already');
  expect(await refusal(await fixture('1.20.5-without-ttl'), [{ edit: 'dropTtl', ...LAST }])).toContain('it has no TTL');
});
