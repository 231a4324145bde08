import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dumpLines } from 'tidemark/snapshot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { snapshotFiles } from '../../../engine/test/snapshot/snapshotFixtures.ts';
import { parseDecoderFile } from '../../src/snapshots/decoders/decoderFile.ts';
import { openSnapshot } from '../../src/snapshots/openedSnapshot.ts';

const KEYED = '../../snapshot/keyed/fixtures/';
const CLASSES = {
  KryoWild$Order: { fields: { id: 'java.lang.String', amount: 'long', items: 'java.util.List<java.lang.String>' } },
  lab$Unused: { constants: ['A'] },
  'lab.Types_$Weird': { fields: { s: 'java.lang.String', xs: 'int[]', next: 'lab.Types_$Weird' } },
};
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-declared-'));
  writeFileSync(join(root, 'tidemark.decoders.json'), JSON.stringify({ classes: CLASSES }));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Line {
  readonly kind: string;
  readonly state: string;
  readonly key: string;
  readonly value: unknown;
}

async function linesOf(fixture: string, states: readonly string[]): Promise<Line[]> {
  for (const [path, bytes] of snapshotFiles(fixture)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
  const name = fixture.slice(fixture.lastIndexOf('/') + 1);
  const opened = await openSnapshot(join(root, name), { uids: [], folders: [], decoders: { folders: [root], trusted: false } });
  expect(opened.decoderProblems).toEqual([]);
  const lines: Line[] = [];
  for await (const line of dumpLines(opened.snapshot, { state: (state) => states.includes(state) })) lines.push(JSON.parse(line) as Line);
  await opened.storage.close?.();
  return lines.filter(({ kind }) => kind === 'keyed' || kind === 'unreadable');
}

test('a declared class is read in the layout that has no lengths, so that nothing is unreadable', async () => {
  const lines = await linesOf(`${KEYED}kryo-only-checkpoint`, ['order', 'bymap']);
  expect(lines.filter(({ kind }) => kind === 'unreadable')).toEqual([]);
  const orders = lines.filter(({ state }) => state === 'order');
  expect(orders.length).toBe(2000);
  for (const { key, value } of orders) {
    const number = key.slice('customer-'.length);
    const amount = { $long: String(Number(number) * 100) };
    expect(value).toEqual({ $class: 'KryoWild$Order', amount, id: `o${number}`, items: ['a', `b${number}`] });
  }
  const map = lines.find(({ state }) => state === 'bymap')?.value as { $map: [{ id: string; items: unknown[] }, unknown][] };
  expect(map.$map.map(([{ id, items }]) => [id, items]).sort()).toEqual([
    ['mk0', []],
    ['mk1', []],
    ['mk2', []],
  ]);
});

test.each(['1.20.5-hashmap-canonical', '2.3.0-hashmap-canonical', '2.3.0-hashmap-native'])(
  'a declared class is read as its Kryo wrote it, with nulls and objects in objects: %s',
  async (name) => {
    const lines = await linesOf(name, ['v-kryo']);
    expect(lines.length).toBeGreaterThan(40);
    for (const { value } of lines) {
      const { s, xs, next } = value as { s: string; xs: { $array: number[] }; next: unknown };
      const i = Number(s.slice(1));
      expect([s, xs]).toEqual([`w${String(i)}`, { $array: [1, i], class: '[I' }]);
      const inner = { $class: 'lab.Types_$Weird', next: null, s: 'n', xs: { $array: [], class: '[I' } };
      expect(next === null || JSON.stringify(next) === JSON.stringify(inner)).toBe(true);
    }
    expect(new Set(lines.map(({ value }) => (value as { next: unknown }).next === null)).size).toBe(2);
  },
);

test('a declaration that makes no sense is said, and the others are taken', () => {
  const { classes, problems } = parseDecoderFile(
    JSON.stringify({ classes: { A: { fields: { a: 'List<' } }, B: { constants: [1] }, C: {}, D: { fields: { b: 'int[]', a: 'long' } } } }),
  );
  expect(problems).toEqual([
    'class A: field a: a Java type such as "long" or "java.util.List<java.lang.String>" is expected',
    'class B: "constants" must be a list of names',
    'class C: "fields", "constants" or "extends" is expected',
  ]);
  expect(
    classes.map(({ className, declared }) => [className, declared.kind === 'fields' && declared.fields.map(({ name }) => name)]),
  ).toEqual([['D', ['a', 'b']]]);
});
