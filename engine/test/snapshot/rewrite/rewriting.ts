import { dumpLines } from '../../../src/snapshot/dump.ts';
import { rewriteSnapshot, type RewriteOptions } from '../../../src/snapshot/rewrite/rewriteSnapshot.ts';
import type { RewritePlan } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import type { RewriteReport } from '../../../src/snapshot/rewrite/rewriteReport.ts';
import type { SnapshotOutput } from '../../../src/snapshot/rewrite/snapshotOutput.ts';
import { readSnapshot, type Snapshot } from '../../../src/snapshot/snapshot.ts';
import { memoryStorage, snapshotFiles } from '../snapshotFixtures.ts';

export type Files = Map<string, Uint8Array>;

/** Keeps what is written below `/target`. */
export class MemoryOutput implements SnapshotOutput {
  readonly files: Files = new Map();

  create(name: string): { write(bytes: Uint8Array): void; finish(): void } {
    const pieces: Uint8Array[] = [];
    return {
      write: (bytes) => {
        pieces.push(bytes.slice());
      },
      finish: () => {
        this.files.set(`target/${name}`, new Uint8Array(Buffer.concat(pieces)));
      },
    };
  }

  complete(metadata: Uint8Array): Promise<void> {
    this.files.set('target/_metadata', metadata);
    return Promise.resolve();
  }
}

/** Where the fixture's snapshot is in its archive. */
export function openFixture(name: string): Promise<Snapshot> {
  return openFiles(snapshotFiles(name));
}

export function openFiles(files: ReadonlyMap<string, Uint8Array>): Promise<Snapshot> {
  const metadata = [...files.keys()].find((path) => path.endsWith('_metadata')) ?? '';
  return readSnapshot(memoryStorage(files), `/${metadata}`);
}

export async function rewritten(
  sources: readonly Snapshot[],
  plan: RewritePlan = {},
  options: RewriteOptions = {},
): Promise<{ snapshot: Snapshot; report: RewriteReport; files: Files }> {
  const output = new MemoryOutput();
  const report = await rewriteSnapshot(sources, plan, output, options);
  return { snapshot: await openFiles(output.files), report, files: output.files };
}

interface Line {
  readonly kind: string;
  readonly operator: string;
  readonly state: string;
  readonly [name: string]: unknown;
}

/** Entries by operator and state, sorted; without where they are, unless that is asked for. */
export async function entriesOf(snapshot: Snapshot, places: readonly string[] = []): Promise<Map<string, string[]>> {
  const entries = new Map<string, string[]>();
  for await (const text of dumpLines(snapshot)) {
    const line = JSON.parse(text) as Line;
    if (line.kind === 'snapshot' || line.kind === 'operator') continue;
    const { operator, state, ...rest } = line;
    const kept = Object.entries(rest).filter(([name]) => places.includes(name) || !PLACES.includes(name));
    const place = `${operator}/${state}`;
    entries.set(place, [...(entries.get(place) ?? []), JSON.stringify(Object.fromEntries(kept))]);
  }
  for (const lines of entries.values()) lines.sort();
  return entries;
}

const PLACES = ['subtask', 'keyGroup', 'index'];
