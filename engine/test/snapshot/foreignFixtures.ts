import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { dumpLines } from '../../src/snapshot/dump.ts';
import { readSnapshot, type Snapshot } from '../../src/snapshot/snapshot.ts';
import type { SnapshotStorage } from '../../src/snapshot/storage/snapshotStorage.ts';
import { memoryStorage, untar } from './snapshotFixtures.ts';

export interface Line {
  readonly kind: string;
  readonly state?: string;
  readonly key?: unknown;
  readonly namespace?: unknown;
  readonly value?: unknown;
}

/** Snapshots of other software that runs on Flink, and of SQL types that only some versions have. */
export function openForeign(name: string): Promise<Snapshot> {
  const { storage, path } = readForeign(name);
  return readSnapshot(storage, path);
}

export function readForeign(name: string): { readonly storage: SnapshotStorage; readonly path: string } {
  const archive = readFileSync(new URL(`../fixtures/readers/${name}.tar.gz`, import.meta.url));
  return { storage: memoryStorage(untar(new Uint8Array(gunzipSync(archive)))), path: `/${name}` };
}

export async function dumpForeign(name: string): Promise<Line[]> {
  return linesOf(await openForeign(name));
}

export async function linesOf(snapshot: Snapshot): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of dumpLines(snapshot)) lines.push(JSON.parse(line) as Line);
  return lines;
}
