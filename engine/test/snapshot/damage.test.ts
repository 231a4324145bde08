import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { FormatError } from '../../src/snapshot/bytes/formatError.ts';
import { chance, Subject, type Block, type Comparison } from './damaged.ts';
import { snapshotNames } from './snapshotFixtures.ts';

const FULL = process.env['TIDEMARK_FULL'] === '1';
/** Bytes changed in all, one at a time. */
const MUTATIONS = 20_000;
const SMALL = 64 * 1024;
const LONG = { timeout: 3_600_000 };

interface Kind {
  /** What has checksums: frames of Snappy, or the tables and the manifest of RocksDB. */
  readonly checksums: 'none' | 'frames' | 'tables';
  readonly layout: 'canonical' | 'heap' | 'files';
  /** Bytes changed in `npm test`. */
  readonly sample: number;
}

const KINDS: Readonly<Record<string, Kind>> = {
  '2.3.0-hashmap-sql-canonical': { checksums: 'none', layout: 'canonical', sample: 200 },
  '1.20.5-hashmap-canonical': { checksums: 'none', layout: 'canonical', sample: 0 },
  '2.3.0-hashmap-canonical': { checksums: 'none', layout: 'canonical', sample: 150 },
  '2.3.0-rocksdb-canonical': { checksums: 'none', layout: 'canonical', sample: 0 },
  '2.3.0-hashmap-native': { checksums: 'none', layout: 'heap', sample: 60 },
  '2.3.0-hashmap-checkpoint-full': { checksums: 'none', layout: 'heap', sample: 0 },
  '2.3.0-hashmap-checkpoint-unaligned': { checksums: 'none', layout: 'heap', sample: 20 },
  '2.3.0-hashmap-snappy-canonical': { checksums: 'frames', layout: 'canonical', sample: 200 },
  '2.3.0-rocksdb-native': { checksums: 'tables', layout: 'files', sample: 60 },
  '1.20.5-rocksdb-native': { checksums: 'tables', layout: 'files', sample: 0 },
  '2.3.0-rocksdb-sql-native': { checksums: 'tables', layout: 'files', sample: 100 },
  '2.3.0-rocksdb-heaptimers-native': { checksums: 'tables', layout: 'files', sample: 0 },
  '2.3.0-rocksdb-checkpoint-incremental': { checksums: 'tables', layout: 'files', sample: 0 },
  '2.3.0-rocksdb-checkpoint-filemerging': { checksums: 'tables', layout: 'files', sample: 30 },
  '2.3.0-rocksdb-checkpoint-changelog': { checksums: 'none', layout: 'files', sample: 40 },
  '2.3.0-forst-native': { checksums: 'tables', layout: 'files', sample: 0 },
};

/** Files whose streams have been cut, by layout and checksum. */
const wasCut = new Set<string>();

/** Lines that are there and were not before. */
function news(before: readonly string[], after: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of before) counts.set(line, (counts.get(line) ?? 0) + 1);
  return after.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
}

function isElsewhere(keyGroup: number): (line: string) => boolean {
  return (line) => (JSON.parse(line) as { keyGroup?: number }).keyGroup !== keyGroup;
}

function refusals(comparisons: readonly Comparison[]): Error[] {
  return comparisons.flatMap(({ after }) => (after.error === null ? [] : [after.error]));
}

describe.each(Object.keys(KINDS).filter((name) => FULL || (KINDS[name]?.sample ?? 0) > 0))('%s', (name) => {
  const kind = KINDS[name] as Kind;
  let subject: Subject;

  beforeAll(async () => {
    subject = await Subject.of(name);
  });

  test('metadata that are cut off are refused, with the place', LONG, async () => {
    const path = subject.metadataPath;
    const bytes = subject.bytes(path);
    const random = chance(11);
    const end = bytes.length - (subject.metadata.properties?.length ?? 0);
    const lengths = FULL && end <= SMALL ? Array.from({ length: end }, (_, length) => length) : places(random, end, FULL ? 2000 : 60);
    for (const length of lengths) {
      const [error] = refusals(await subject.read({ path, bytes: bytes.subarray(0, length) }));
      if (!(error instanceof FormatError)) throw new Error(`cut to ${String(length)} bytes it was read: ${String(error)}`);
      expect(error.offset).toBeLessThanOrEqual(length);
      expect(error.path[0]).toBe('_metadata');
    }
  });

  test('a file that is cut off is refused by its size', LONG, async () => {
    const random = chance(12);
    for (const path of subject.paths.slice(1)) {
      const { length: size } = subject.bytes(path);
      for (const length of FULL ? await cuts(path, random) : places(random, size, 1))
        expect(await subject.openCutStreams(path, length), `${path} cut to ${String(length)} bytes`).toBe(0);
      for (const length of places(random, size, 1)) {
        const comparisons = await subject.read({ path, bytes: subject.bytes(path).subarray(0, length) });
        // A file that several streams share may have an end that none of them needs.
        if (comparisons.every(({ before, after }) => after.error === null && isDeepStrictEqual(before, after.lines))) continue;
        expect(refusals(comparisons).map(String).join(), `${path} cut to ${String(length)} bytes`).toContain('the file is cut off');
      }
    }
  });

  test('streams that end early are refused, whatever the sizes say', LONG, async () => {
    const random = chance(13);
    for (const path of subject.paths.slice(1)) {
      const bytes = subject.bytes(path);
      // Subtasks of one operator write the same header: what it says when it is cut off has been seen then.
      const content = `${kind.layout} ${createHash('sha256').update(bytes).digest('hex')}`;
      if (wasCut.has(content)) continue;
      wasCut.add(content);
      const lengths = FULL ? await cuts(path, random) : places(random, bytes.length, 1);
      // A table is opened before anything of it is read: that is enough for all but a few.
      const isTable = subject.isInRocksDb(path);
      if (isTable) expect(await subject.readCutTables(path, lengths), path).toBe(0);
      for (const length of isTable ? places(random, bytes.length, 2) : lengths) {
        const comparisons = await subject.read({ path, bytes: bytes.subarray(0, length), sizesAgree: true });
        if (refusals(comparisons).length === 0 && !comparisons.some(({ after }) => after.lines.some(saysUnreadable)))
          expect(
            comparisons.flatMap(({ before, after }) => news(after.lines, before)).filter((line) => !isRaw(line)),
            `${path} cut to ${String(length)} bytes`,
          ).toEqual([]);
      }
    }
  });

  /** Lengths to cut a file to: every one of a small file, else where something begins or ends, and 200 others. */
  async function cuts(path: string, random: () => number): Promise<number[]> {
    const { length } = subject.bytes(path);
    if (length <= SMALL) return Array.from({ length }, (_, at) => at);
    return [...(await subject.boundaries(path)), ...places(random, length, 200)];
  }

  test('a changed byte is refused, or changes nothing but what it is in', LONG, async () => {
    const random = chance(20_260_101);
    const sizes = subject.paths.map((path) => subject.bytes(path).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const rounds = FULL ? MUTATIONS / Object.keys(KINDS).length : kind.sample;
    for (let round = 0; round < rounds; round++) {
      let at = Math.floor(random() * total);
      let file = 0;
      while (at >= (sizes[file] ?? Infinity)) at -= sizes[file++] ?? 0;
      const path = subject.paths[file] ?? '';
      const bytes = subject.bytes(path).slice();
      const old = bytes[at] ?? 0;
      bytes[at] = otherByte(old, random);
      const place = `${path}, byte ${String(at)}, ${String(old)} -> ${String(bytes[at])}`;
      const comparisons = await subject.read({ path, bytes });
      if (file === 0) continue;
      for (const error of refusals(comparisons)) if (error instanceof FormatError) expect(error.path.length, place).toBeGreaterThan(0);
      const isNeeded = (await blocksOf(path)).some(({ start, end }) => start <= at && at < end);
      if (isNeeded) expectRefused(comparisons, path, place);
      expectOnlyThere(comparisons, path, at, place);
    }
  });

  const blocks = new Map<string, readonly Block[]>();
  async function blocksOf(path: string): Promise<readonly Block[]> {
    const found = blocks.get(path) ?? (await subject.neededBlocks(path));
    blocks.set(path, found);
    return found;
  }

  /** With file, offset and structure. */
  function expectRefused(comparisons: readonly Comparison[], path: string, place: string): void {
    for (const { after } of comparisons) {
      expect(after.error, place).toBeInstanceOf(FormatError);
      expect((after.error as FormatError).path.join(), place).toContain(path);
      expect((after.error as FormatError).path.length, place).toBeGreaterThan(1);
    }
  }

  /** What a byte in a file of state may change. */
  function expectOnlyThere(comparisons: readonly Comparison[], path: string, at: number, place: string): void {
    if (kind.checksums === 'tables' && subject.isInRocksDb(path)) {
      for (const { before, after } of comparisons) {
        expect(news(before, after.lines), place).toEqual([]);
        if (after.error === null) expect(after.lines.length, place).toBe(before.length);
      }
    }
    const where = subject.keyGroupAt(path, at);
    if (where === null) return;
    for (const { before, after } of comparisons) {
      const changed = news(before, after.lines);
      expect(changed.filter(isElsewhere(where.keyGroup)), place).toEqual([]);
      if (after.error === null) expect(news(after.lines, before).filter(isElsewhere(where.keyGroup)), place).toEqual([]);
      if (kind.checksums === 'frames') {
        expect(changed, place).toEqual([]);
        // Where data repeats itself, Snappy can copy it from several places: the content and its checksum are the same then.
        if (after.error === null) expect(after.lines, place).toEqual(before);
        else expect(after.error, place).toBeInstanceOf(FormatError);
        if (after.error !== null) expect(String(after.error), place).toContain(path);
      }
      // A key that is another one takes an entry of a map out of it: before, itself, after.
      if (kind.layout === 'canonical') expect(changed.length, place).toBeLessThanOrEqual(3);
      if (kind.layout === 'heap') {
        const shown = changed.filter((line) => !saysUnreadable(line));
        // With another number in front of them, all rows of a state are another state's, and the key group is refused when that one comes again.
        const ofOtherState = after.error === null ? shown : news(before.map(withoutState), shown.map(withoutState));
        expect(ofOtherState.length, place).toBeLessThanOrEqual(1);
      }
    }
  }
});

/** Mostly one bit of it is turned. */
function otherByte(old: number, random: () => number): number {
  const others = [
    old ^ (1 << Math.floor(random() * 8)),
    old ^ (1 << Math.floor(random() * 8)),
    0,
    0xff,
    (old + 1) & 0xff,
    (old - 1) & 0xff,
  ];
  const other = others[Math.floor(random() * others.length)] ?? 0;
  return other === old ? old ^ 1 : other;
}

/** Raw state is bytes without a form: nothing says how many there should be. */
function isRaw(line: string): boolean {
  return line.startsWith('{"kind":"raw"');
}

function withoutState(line: string): string {
  return JSON.stringify({ ...(JSON.parse(line) as object), state: null });
}

function saysUnreadable(line: string): boolean {
  return line.startsWith('{"kind":"unreadable"');
}

function places(random: () => number, below: number, count: number): number[] {
  return Array.from({ length: count }, () => Math.floor(random() * below));
}

describe('fixtures', () => {
  test('are all damaged', () => {
    expect(snapshotNames().filter((name) => !(name in KINDS))).toEqual([]);
  });
});
