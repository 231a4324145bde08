import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readSnapshot } from 'tidemark/snapshot';
import type { SnapshotListItem } from '../protocol.ts';
import { fileStorage } from './fileStorage.ts';
import { manifestOf } from './openedSnapshot.ts';

/** How far below a workspace folder projects are looked for, and where they never are. */
const DEPTH_MAX = 4;
const SKIPPED = new Set(['node_modules', '.git', 'dist', 'out', 'build']);
const KINDS = { savepoints: 'savepoint', checkpoints: 'checkpoint' } as const;

/** All whole snapshots in the `.tidemark` folders at or below the folders, newest first. */
export async function listSnapshots(folders: readonly string[]): Promise<SnapshotListItem[]> {
  const items: SnapshotListItem[] = [];
  for (const folder of folders) {
    for (const home of await homes(folder, 0)) items.push(...(await snapshotsOf(home)));
  }
  return items.sort((a, b) => b.createdAt - a.createdAt || b.checkpointId - a.checkpointId);
}

async function homes(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory() || SKIPPED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.name === '.tidemark') found.push(path);
    else if (depth < DEPTH_MAX && !entry.name.startsWith('.')) found.push(...(await homes(path, depth + 1)));
  }
  return found;
}

async function snapshotsOf(home: string): Promise<SnapshotListItem[]> {
  const items: SnapshotListItem[] = [];
  for (const pipeline of await fileStorage.list(home)) {
    for (const [kindFolder, kind] of Object.entries(KINDS)) {
      for (const name of await fileStorage.list(join(home, pipeline, kindFolder))) {
        const item = await listItem(join(home, pipeline, kindFolder, name), pipeline, kind);
        if (item !== null) items.push(item);
      }
    }
  }
  return items;
}

/** Null for a folder that is no whole snapshot: without `_metadata` it does not exist. */
async function listItem(location: string, folder: string, kind: SnapshotListItem['kind']): Promise<SnapshotListItem | null> {
  const written = await stat(join(location, '_metadata')).catch(() => null);
  if (written === null) return null;
  const manifest = manifestOf(location);
  if (manifest !== null) {
    const { pipeline, checkpointId, createdAt, stateBytes, program } = manifest;
    return { location, pipeline, kind: manifest.kind, checkpointId, createdAt, sizeBytes: stateBytes, program };
  }
  const snapshot = await readSnapshot(fileStorage, location).catch(() => null);
  // A damaged snapshot is listed all the same: opening it says what is wrong with it.
  const checkpointId = snapshot?.metadata.checkpointId ?? (Number(/\d+$/.exec(basename(location))?.[0] ?? 0) || 0);
  return {
    location,
    pipeline: folder,
    kind,
    checkpointId,
    createdAt: written.mtimeMs,
    sizeBytes: snapshot?.stateSize ?? written.size,
    program: null,
  };
}
