/** A file's sink under several histories of one pipeline: savepoints are restored after others have written the same file. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { files } from '../../src/connectors/index.ts';
import { t } from '../../src/index.ts';
import type { OpenSink, SinkWriter } from '../../src/operators/connector.ts';
import type { Type } from '../../src/types/type.ts';
import { memoryHost, type TestHost } from './memoryHost.ts';

const PATH = 'out/rows.jsonl';
const sink = files.write({ path: PATH });

function open(host: TestHost, pending: readonly Uint8Array[] | null, subtask = 0, parallelism = 1): SinkWriter {
  return (sink.open as OpenSink)(host, { uid: 'out', subtask, parallelism }, t.string as unknown as Type<unknown>, pending);
}

/** Another process over the same files. */
function nextRun(host: TestHost, overwrite = false): TestHost {
  return { ...host, outputs: { overwrite, made: new Set() } };
}

const lines = (rows: readonly string[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

interface Snapshot {
  readonly state: readonly Uint8Array[];
  /** What had been written in the history up to it. */
  readonly rows: readonly string[];
}

/** One history at a time; rows never repeat, so that bytes of another history show. */
class Histories {
  host = memoryHost();
  writer = open(this.host, null);
  rows: string[] = [];
  savepoints: Snapshot[] = [];
  checkpoint: Snapshot | null = null;
  #id = 0;
  #row = 0;

  write(count: number): void {
    for (let i = 0; i < count; i++) {
      const row = `row ${String(this.#row++)}`;
      this.rows.push(row);
      this.writer.write(row, 0);
    }
  }

  snapshot(kind: 'checkpoint' | 'savepoint', commits: boolean): void {
    const state = this.writer.prepareCommit(++this.#id, kind);
    const snapshot = { state, rows: [...this.rows] };
    if (kind === 'savepoint') this.savepoints.push(snapshot);
    else this.checkpoint = snapshot;
    if (commits) this.writer.commit(this.#id);
  }

  /** True when it was restored; false when it was refused, and nothing was changed. */
  restore(snapshot: Snapshot): boolean {
    this.writer.close();
    const before = new Map(this.host.files.files);
    this.host = nextRun(this.host);
    try {
      this.writer = open(this.host, snapshot.state);
    } catch {
      expect(this.host.files.files).toEqual(before);
      return false;
    }
    expect(this.host.files.files).toEqual(before);
    this.rows = [...snapshot.rows];
    return true;
  }
}

type Action =
  | { readonly do: 'write'; readonly count: number }
  | { readonly do: 'checkpoint'; readonly told: boolean }
  | { readonly do: 'savepoint' }
  | { readonly do: 'crash' }
  | { readonly do: 'restore'; readonly savepoint: number };

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('write' as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ do: fc.constant('checkpoint' as const), told: fc.boolean() }),
    fc.record({ do: fc.constant('savepoint' as const) }),
    fc.record({ do: fc.constant('crash' as const) }),
    fc.record({ do: fc.constant('restore' as const), savepoint: fc.nat(3) }),
  ),
  { maxLength: 40 },
);

describe('files.write across histories', () => {
  it('restores a savepoint exactly, or refuses before it writes', () => {
    let restored = 0;
    fc.assert(
      fc.property(actions, (all) => {
        const run = new Histories();
        for (const action of all) {
          if (action.do === 'write') run.write(action.count);
          else if (action.do === 'checkpoint') run.snapshot('checkpoint', action.told);
          else if (action.do === 'savepoint') run.snapshot('savepoint', false);
          else {
            const snapshot = action.do === 'crash' ? run.checkpoint : run.savepoints[action.savepoint];
            if (snapshot === null || snapshot === undefined) continue;
            // A history that was refused ends; the one before it cannot go on either.
            if (!run.restore(snapshot)) return;
            restored++;
          }
        }
        run.writer.finish();
        expect(run.host.files.text(PATH)).toBe(lines(run.rows));
      }),
      { numRuns: 500 },
    );
    expect(restored).toBeGreaterThan(100);
  });

  it('restores a savepoint whose rows the same run wrote again otherwise after a failure', () => {
    const run = new Histories();
    run.write(3);
    run.snapshot('checkpoint', true);
    const checkpoint = run.checkpoint!;
    run.write(2);
    run.snapshot('savepoint', false);
    // Fails, goes on from the checkpoint, and writes rows of the same length as those of the savepoint.
    expect(run.restore(checkpoint)).toBe(true);
    run.write(2);
    run.snapshot('checkpoint', true);
    expect(run.restore(run.savepoints[0]!)).toBe(true);
    run.writer.finish();
    expect(run.host.files.text(PATH)).toBe(lines(['row 0', 'row 1', 'row 2', 'row 3', 'row 4']));
  });

  it('refuses a file whose first bytes are of another history, although its length fits', () => {
    const run = new Histories();
    run.write(3);
    run.snapshot('checkpoint', true);
    run.snapshot('checkpoint', true);
    const text = run.host.files.text(PATH);
    run.host.files.put(PATH, text.replace('row 1', 'row 9'));
    expect(() => open(nextRun(run.host), run.checkpoint!.state)).toThrow(
      /out\/rows\.jsonl cannot become what it was when the snapshot was taken: its first 24 bytes are not those of the snapshot.*Nothing was written/s,
    );
  });

  it('asks before a fresh run empties results of an earlier one', () => {
    const run = new Histories();
    run.write(1);
    run.writer.finish();
    expect(() => open(nextRun(run.host), null)).toThrow(/has 8 bytes of an earlier run.*--from latest.*--overwrite/s);
    const fresh = open(nextRun(run.host, true), null);
    fresh.finish();
    expect(run.host.files.text(PATH)).toBe('');
  });

  it('removes parts of its own earlier runs at a higher parallelism, and no file that only has such a name', () => {
    const host = memoryHost();
    host.files.put('out/rows-2001.jsonl', 'mine\n');
    host.files.put('out/rows-1.jsonl', 'mine, too\n');
    open(host, null).finish();
    expect(host.files.text('out/rows-2001.jsonl')).toBe('mine\n');
    expect(host.files.text('out/rows-1.jsonl')).toBe('mine, too\n');
    host.files.remove('out/rows-1.jsonl');

    const wide = nextRun(host, true);
    const writers = [0, 1, 2].map((subtask) => open(wide, null, subtask, 3));
    for (const writer of writers) writer.write('wide', 0);
    for (const writer of writers) writer.finish();
    expect(host.files.text('out/rows-2.jsonl')).toBe('"wide"\n');
    expect(() => open(nextRun(host), null, 0, 2)).toThrow(/earlier run/);
    expect(() => open(nextRun(host), null, 1, 2)).toThrow(/out\/rows-1\.jsonl has 7 bytes of an earlier run/);
    const narrow = nextRun(host, true);
    open(narrow, null).finish();
    expect([...host.files.files.keys()].filter((name) => !name.includes('.parts')).sort()).toEqual([
      'out/rows-2001.jsonl',
      'out/rows.jsonl',
    ]);
  });

  it('restores snapshots of versions without checksums', () => {
    const host = memoryHost();
    host.files.put(PATH, '"a"\n"b"\n');
    // index 0, 4 bytes committed, one transaction of 4 bytes whose hidden file is gone.
    const state = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 2, 120, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1]);
    const writer = open(host, [state]);
    writer.write('c', 0);
    writer.finish();
    expect(host.files.text(PATH)).toBe('"a"\n"b"\n"c"\n');
  });
});
