import { beforeAll, describe, expect, test } from 'vitest';
import { openSnapshot, SnapshotDamage, verifySnapshot } from '../../src/restore/index.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { everything, filled, rules, source } from './pipelines.ts';
import { planOf, restored } from './scenario.ts';

const METADATA = '_metadata';
const MANIFEST = 'tidemark.json';

let files: MemoryFiles;
let path: string;
let other: string;
/** Of the snapshot at `path`: files of keyed state, largest first. */
let keyed: string[];

beforeAll(() => {
  files = new MemoryFiles();
  const scenario = filled(
    Array.from({ length: 200 }, (_, n) => n * 7),
    2,
  );
  path = scenario.take(files).path;
  scenario.send('everything', 5);
  other = scenario.take(files, { checkpointId: 2 }).path;
  keyed = files
    .list(path)
    .filter((name) => name.endsWith('-keyed'))
    .sort((a, b) => files.size(`${path}/${b}`) - files.size(`${path}/${a}`));
});

function cut(size: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => bytes.slice(0, size < 0 ? bytes.length + size : size);
}

function flip(at: number, bit: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
    return bytes;
  };
}

function text(change: (text: string) => string): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => new TextEncoder().encode(change(new TextDecoder().decode(bytes)));
}

/** What is done, to which file, which file the error must name, and what the reason must say. */
type Case = readonly [what: string, damage: (files: MemoryFiles) => void, file: () => string, reason: RegExp];

const CASES: readonly Case[] = [
  [
    '_metadata is missing',
    (f) => {
      f.remove(`${path}/${METADATA}`);
    },
    () => METADATA,
    /missing/,
  ],
  [
    '_metadata is empty',
    (f) => {
      f.edit(`${path}/${METADATA}`, cut(0));
    },
    () => METADATA,
    /has 0 bytes instead of \d+/,
  ],
  [
    '_metadata lacks its last byte',
    (f) => {
      f.edit(`${path}/${METADATA}`, cut(-1));
    },
    () => METADATA,
    /bytes instead of/,
  ],
  [
    '_metadata has a byte more',
    (f) => {
      f.edit(`${path}/${METADATA}`, (b) => Uint8Array.from([...b, 0]));
    },
    () => METADATA,
    /bytes instead of/,
  ],
  [
    'the magic number is flipped',
    (f) => {
      f.edit(`${path}/${METADATA}`, flip(0, 7));
    },
    () => METADATA,
    /checksum/,
  ],
  [
    'the version is flipped',
    (f) => {
      f.edit(`${path}/${METADATA}`, flip(7, 1));
    },
    () => METADATA,
    /checksum/,
  ],
  [
    'a bit in the middle of _metadata is flipped',
    (f) => {
      f.edit(`${path}/${METADATA}`, flip(500, 3));
    },
    () => METADATA,
    /checksum/,
  ],
  [
    'the last bit of _metadata is flipped',
    (f) => {
      f.edit(`${path}/${METADATA}`, flip(-1, 0));
    },
    () => METADATA,
    /checksum/,
  ],
  [
    '_metadata is that of another snapshot',
    (f) => {
      f.content.set(`${path}/${METADATA}`, f.read(`${other}/${METADATA}`, 0, 1e9));
    },
    () => METADATA,
    /bytes instead of|checksum/,
  ],
  [
    '_metadata is text',
    (f) => {
      f.edit(
        `${path}/${METADATA}`,
        text(() => 'hello'),
      );
    },
    () => METADATA,
    /bytes instead of/,
  ],
  [
    'a state file is missing',
    (f) => {
      f.remove(`${path}/${String(keyed[0])}`);
    },
    () => String(keyed[0]),
    /missing/,
  ],
  [
    'a state file is empty',
    (f) => {
      f.edit(`${path}/${String(keyed[0])}`, cut(0));
    },
    () => String(keyed[0]),
    /has 0 bytes/,
  ],
  [
    'a state file is cut in half',
    (f) => {
      f.edit(`${path}/${String(keyed[0])}`, (b) => b.slice(0, b.length / 2));
    },
    () => String(keyed[0]),
    /cut or replaced/,
  ],
  [
    'a state file lacks its last byte',
    (f) => {
      f.edit(`${path}/${String(keyed[1])}`, cut(-1));
    },
    () => String(keyed[1]),
    /cut or replaced/,
  ],
  [
    'the first bit of a state file is flipped',
    (f) => {
      f.edit(`${path}/${String(keyed[0])}`, flip(0, 0));
    },
    () => String(keyed[0]),
    /checksum/,
  ],
  [
    'a bit of a value is flipped',
    (f) => {
      f.edit(`${path}/${String(keyed[0])}`, flip(3000, 5));
    },
    () => String(keyed[0]),
    /checksum/,
  ],
  [
    'the last bit of a state file is flipped',
    (f) => {
      f.edit(`${path}/${String(keyed[1])}`, flip(-1, 0));
    },
    () => String(keyed[1]),
    /checksum/,
  ],
  [
    'two state files are swapped',
    (f) => {
      const [a, b] = [f.read(`${path}/${String(keyed[0])}`, 0, 1e9), f.read(`${path}/${String(keyed[1])}`, 0, 1e9)];
      f.content.set(`${path}/${String(keyed[0])}`, b);
      f.content.set(`${path}/${String(keyed[1])}`, a);
    },
    () => '-keyed',
    /bytes instead of|checksum/,
  ],
  [
    'a state file is that of another snapshot',
    (f) => {
      f.content.set(`${path}/${String(keyed[0])}`, f.read(`${other}/${String(keyed[0])}`, 0, 1e9));
    },
    () => String(keyed[0]),
    /bytes instead of|checksum/,
  ],
  [
    'tidemark.json is cut',
    (f) => {
      f.edit(`${path}/${MANIFEST}`, cut(-20));
    },
    () => MANIFEST,
    /not JSON/,
  ],
  [
    'tidemark.json is empty',
    (f) => {
      f.edit(`${path}/${MANIFEST}`, cut(0));
    },
    () => MANIFEST,
    /not JSON/,
  ],
  [
    'tidemark.json is a list',
    (f) => {
      f.edit(
        `${path}/${MANIFEST}`,
        text(() => '[]'),
      );
    },
    () => MANIFEST,
    /not a JSON object/,
  ],
  [
    'tidemark.json is of a later form',
    (f) => {
      f.edit(
        `${path}/${MANIFEST}`,
        text((json) => json.replace('"format": 1', '"format": 9')),
      );
    },
    () => MANIFEST,
    /form 9/,
  ],
  [
    'tidemark.json forgets a file',
    (f) => {
      f.edit(
        `${path}/${MANIFEST}`,
        text((json) => JSON.stringify({ ...(JSON.parse(json) as object), files: [] })),
      );
    },
    () => MANIFEST,
    /checksum/,
  ],
  [
    'a checksum in tidemark.json is changed',
    (f) => {
      f.edit(
        `${path}/${MANIFEST}`,
        text((json) => json.replace(/"sha256": "./, '"sha256": "x')),
      );
    },
    () => MANIFEST,
    /checksum/,
  ],
  [
    'tidemark.json is that of another snapshot',
    (f) => {
      f.content.set(`${path}/${MANIFEST}`, f.read(`${other}/${MANIFEST}`, 0, 1e9));
    },
    () => '',
    /bytes instead of|checksum/,
  ],
];

describe('a damaged snapshot is refused with the file and the reason', () => {
  const plan = planOf({ source, everything, rules }, { parallelism: 3 });

  test('and an undamaged one is not', async () => {
    expect(await verifySnapshot(files, path)).toEqual([]);
    expect(keyed.length).toBeGreaterThan(1);
    restored(files, path, plan);
  });

  test.each(CASES)('%s', async (_, damage, file, reason) => {
    const before = new Map(files.content);
    try {
      damage(files);
      const damaged = new Map(files.content);
      let error: unknown = null;
      try {
        restored(files, path, plan);
      } catch (caught) {
        error = caught;
      }
      if (!(error instanceof SnapshotDamage)) throw new Error(`not refused: ${String(error)}`);
      expect(error.file).toContain(file());
      expect(error.reason).toMatch(reason);
      expect(error.message).toContain(path);
      const found = await verifySnapshot(files, path, { most: 1 });
      expect(found?.map((each) => each.file)).toEqual([error.file]);
      // Nothing has been harmed, and nothing repaired in silence.
      expect([...files.content].every(([name, bytes]) => damaged.get(name) === bytes) && damaged.size === files.content.size).toBe(true);
    } finally {
      files.content.clear();
      for (const [name, bytes] of before) files.content.set(name, bytes);
    }
  });

  test('without tidemark.json what the format itself shows is refused: here a file that is too short', async () => {
    const copy = new MemoryFiles();
    for (const [name, bytes] of files.content) copy.content.set(name, bytes);
    copy.remove(`${path}/${MANIFEST}`);
    expect(await verifySnapshot(copy, path)).toBeNull();
    restored(copy, path, plan);
    copy.edit(`${path}/${String(keyed[0])}`, cut(-5));
    expect(() => restored(copy, path, plan)).toThrow(/cut or replaced/);
  });

  test('a reference out of the folder is refused', () => {
    const copy = new MemoryFiles();
    for (const [name, bytes] of files.content) copy.content.set(name, bytes);
    copy.remove(`${path}/${MANIFEST}`);
    const name = String(keyed[0]);
    copy.edit(`${path}/${METADATA}`, (bytes) => {
      const at = Buffer.from(bytes).indexOf(name);
      bytes.set(new TextEncoder().encode('../../x/'), at);
      return bytes;
    });
    expect(() => restored(copy, path, plan)).toThrow(/not inside its folder/);
  });

  test('flipped bits without checksums never crash or hang the reader', () => {
    const copy = new MemoryFiles();
    for (let seed = 1; seed <= 300; seed++) {
      for (const [name, bytes] of files.content) if (name.startsWith(`${path}/`) && !name.endsWith(MANIFEST)) copy.content.set(name, bytes);
      const names = [...copy.content.keys()];
      const name = String(names[seed % names.length]);
      const at = (seed * 7919) % copy.size(name);
      copy.edit(name, flip(at, seed % 8));
      try {
        restored(copy, path, plan);
        openSnapshot(copy, path);
      } catch (error) {
        expect(['SnapshotDamage', 'RestoreRefused']).toContain((error as Error).name);
      }
    }
  });
});
