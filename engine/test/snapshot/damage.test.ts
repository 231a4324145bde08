import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/snapshot/bytes/formatError.ts';
import { dumpLines } from '../../src/snapshot/dump.ts';
import { readSnapshot } from '../../src/snapshot/snapshot.ts';
import { memoryStorage, snapshotFiles } from './snapshotFixtures.ts';

const FULL = process.env['TIDEMARK_FULL'] === '1';

/** Reads everything there is. Any way to end is fine but a crash, which is any error other than those for damage. */
async function readAll(files: ReadonlyMap<string, Uint8Array>, name: string): Promise<'read' | FormatError | Error> {
  const storage = memoryStorage(files);
  try {
    const snapshot = await readSnapshot(storage, `/${name}`);
    for await (const line of dumpLines(snapshot)) if (line.length === 0) throw new TypeError('an empty line');
    return 'read';
  } catch (error) {
    if (error instanceof FormatError) return error;
    // What the storage refuses: a file that is missing, cut off, or outside.
    if (error instanceof RangeError && error.message.includes('are not inside')) return error;
    if (error instanceof Error && error.constructor === Error) return error;
    throw error;
  }
}

/** A small generator of chance with a seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const NAMES = [
  '2.3.0-hashmap-sql-canonical',
  ...(FULL
    ? ['2.3.0-hashmap-canonical', '2.3.0-hashmap-snappy-canonical', '2.3.0-hashmap-native', '1.20.5-hashmap-canonical']
    : ['2.3.0-hashmap-snappy-canonical']),
];

describe.each(NAMES)('%s', (name) => {
  const original = snapshotFiles(name);
  const paths = [...original.keys()].sort();
  const metadata = paths.find((path) => path.endsWith('/_metadata')) ?? '';

  test('cut off anywhere, it is refused', { timeout: 3_600_000 }, async () => {
    const bytes = original.get(metadata) ?? new Uint8Array();
    const step = FULL ? 1 : Math.max(1, Math.floor(bytes.length / 200));
    for (let length = 0; length < bytes.length - 800; length += step) {
      const result = await readAll(new Map([...original, [metadata, bytes.subarray(0, length)]]), name);
      if (!(result instanceof FormatError)) throw new Error(`cut to ${String(length)} bytes it was read as ${String(result)}`);
      expect(result.offset).toBeLessThanOrEqual(length);
    }
    for (const path of paths.filter((other) => other !== metadata).slice(0, FULL ? undefined : 3)) {
      const whole = original.get(path) ?? new Uint8Array();
      const result = await readAll(new Map([...original, [path, whole.subarray(0, whole.length - 1)]]), name);
      expect(String(result)).toContain('the file is cut off');
    }
  });

  test('with bits turned, it is read or refused, never worse', { timeout: 3_600_000 }, async () => {
    const random = chance(20_260_101);
    let refused = 0;
    const rounds = FULL ? 300 : 40;
    for (let round = 0; round < rounds; round++) {
      const path = paths[Math.floor(random() * paths.length)] ?? metadata;
      const bytes = original.get(path)?.slice() ?? new Uint8Array();
      for (let flips = 1 + Math.floor(random() * 3); flips > 0; flips--) {
        const at = Math.floor(random() * bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      }
      const result = await readAll(new Map([...original, [path, bytes]]), name);
      if (result !== 'read') refused++;
    }
    expect(refused).toBeGreaterThan(rounds / 10);
  });
});

describe('what was damaged', () => {
  test('is said with its place', async () => {
    const name = '2.3.0-hashmap-sql-canonical';
    const files = snapshotFiles(name);
    const metadata = [...files.keys()].find((path) => path.endsWith('/_metadata')) ?? '';
    const bytes = files.get(metadata) ?? new Uint8Array();
    const result = await readAll(new Map([...files, [metadata, bytes.subarray(0, 60)]]), name);
    expect(result).toBeInstanceOf(FormatError);
    expect((result as FormatError).path[0]).toBe('_metadata');
    expect(String(result)).toMatch(/at byte \d+ in _metadata/);
  });
});
