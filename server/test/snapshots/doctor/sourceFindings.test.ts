import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sourceFindings } from '../../../src/snapshots/doctor/sourceFindings.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-sources-'));
  writeFileSync(join(folder, 'orders.csv'), 'x'.repeat(100));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function found(path: string, position: number): Promise<string[]> {
  const plan = { operators: [{ uid: 'orders', operatorId: 'a1', spec: { kind: 'source' } }] };
  const views = [{ kind: 'fileSplit', fields: { path, position: { $long: String(position) } } }];
  const headers = { operators: [{ metadata: { operatorId: 'a1' }, operatorStates: [{ views }] }] };
  const [planned, stored] = [plan, headers] as unknown as [Parameters<typeof sourceFindings>[0], Parameters<typeof sourceFindings>[1]];
  return (await sourceFindings(planned, stored, folder)).map(({ message }) => message);
}

test('a file that goes on from where reading stopped is not a finding', async () => {
  expect(await found('orders.csv', 100)).toEqual([]);
});

test('a file that ends before where reading would go on was cut or replaced', async () => {
  expect(await found('orders.csv', 101)).toEqual(['has read orders.csv up to byte 101, and the file has 100 now: it was cut or replaced.']);
});

test('a file that is gone', async () => {
  expect(await found('gone.csv', 7)).toEqual(['goes on reading gone.csv, which is not there.']);
});
