import { expect, test } from 'vitest';
import { originNames, snapshotTitle } from '../../src/snapshots/snapshotNames.ts';

const at = (text: string): number => new Date(text).getTime();
const title = (name: string, createdAt: string, kind: 'savepoint' | 'checkpoint' = 'savepoint'): string =>
  snapshotTitle({ location: `/p/.tidemark/clicks/${name}`, kind, checkpointId: 7, createdAt: at(createdAt) }, at('2026-12-01T18:00'));

test('a snapshot with a generated name is called by its time, kind and number', () => {
  expect(title('savepoint-0c9d4b-7f3a21aa0b1c', '2026-12-01T12:04:59')).toBe('12:04 savepoint 7');
  expect(title('chk-7', '2026-12-01T09:05', 'checkpoint')).toBe('09:05 checkpoint 7');
});

test('the day is said where it is not today, and the year where it is not this one', () => {
  expect(title('chk-7', '2026-11-30T23:59', 'checkpoint')).toBe('30 Nov 23:59 checkpoint 7');
  expect(title('chk-7', '2025-12-01T12:04', 'checkpoint')).toBe('1 Dec 2025 12:04 checkpoint 7');
});

test('a name that a person chose stays', () => {
  expect(title('before-upgrade', '2026-12-01T12:04')).toBe('before-upgrade');
  expect(title('savepoint-0c9d4b-7f3a21aa0b1c-edited', '2026-12-01T12:04')).toBe('savepoint-0c9d4b-7f3a21aa0b1c-edited');
});

test('pipelines of one name in several projects have their folders behind it, and only they', () => {
  const places = [
    { pipeline: 'clicks', root: '/work/shop', project: '/work/shop' },
    { pipeline: 'clicks', root: '/work/shop', project: '/work/shop/old' },
    { pipeline: 'orders', root: '/work/shop', project: '/work/shop' },
  ];
  expect(places.map(originNames(places))).toEqual(['clicks (shop)', 'clicks (shop/old)', 'orders']);
});

test('workspace folders of one name are told apart by their paths', () => {
  const places = ['/a/shop', '/b/shop'].map((root) => ({ pipeline: 'clicks', root, project: root }));
  expect(places.map(originNames(places))).toEqual(['clicks (/a/shop)', 'clicks (/b/shop)']);
});
