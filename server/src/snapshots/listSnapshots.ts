import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { readSnapshot } from 'tidemark/snapshot';
import type { SnapshotListItem } from '../protocol.ts';
import { fileStorage } from './fileStorage.ts';
import { manifestOf } from './openedSnapshot.ts';
import { originNames, snapshotTitle, type Place } from './snapshotNames.ts';

/** How far below a workspace folder projects are looked for, and where they never are. */
const DEPTH_MAX = 4;
const SKIPPED = new Set(['node_modules', '.git', 'dist', 'out', 'build']);
const KINDS = { savepoints: 'savepoint', checkpoints: 'checkpoint' } as const;

interface Found {
  /** `.tidemark` folders. */
  readonly homes: string[];
  /** Snapshots that are elsewhere, such as those of Flink. */
  readonly others: string[];
}

type Read = Omit<SnapshotListItem, 'title' | 'origin' | 'project'>;

/** All whole snapshots at or below the folders, newest first: those of pipelines, and those that someone put there. */
export async function listSnapshots(folders: readonly string[], now = Date.now()): Promise<SnapshotListItem[]> {
  // One folder may lie in another.
  const byLocation = new Map<string, { readonly read: Read; readonly place: Place }>();
  const add = (read: Read | null, root: string, project: string): void => {
    if (read === null || byLocation.has(read.location)) return;
    byLocation.set(read.location, { read, place: { pipeline: read.pipeline, root, project } });
  };
  for (const folder of folders) {
    const found: Found = { homes: [], others: [] };
    await find(folder, 0, found);
    for (const home of found.homes) for (const read of await snapshotsOf(home)) add(read, folder, dirname(home));
    for (const location of found.others) {
      const kind = /^chk-\d+$/.test(basename(location)) ? 'checkpoint' : 'savepoint';
      const parent = dirname(location);
      add(await listItem(location, relative(dirname(folder), parent).replaceAll('\\', '/'), kind, false), folder, parent);
    }
  }
  const all = [...byLocation.values()];
  const originOf = originNames(all.map(({ place }) => place));
  return all
    .map(({ read, place }) => ({ ...read, title: snapshotTitle(read, now), origin: originOf(place), project: place.project }))
    .sort((a, b) => b.createdAt - a.createdAt || b.checkpointId - a.checkpointId);
}

/** The `.tidemark` folders at or below the folders, each once. */
export async function tidemarkFolders(folders: readonly string[]): Promise<string[]> {
  const found: Found = { homes: [], others: [] };
  for (const folder of folders) await find(folder, 0, found);
  return [...new Set(found.homes)];
}

async function find(folder: string, depth: number, found: Found): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (entries.some((entry) => entry.name === '_metadata' && !entry.isDirectory())) found.others.push(folder);
  for (const entry of entries) {
    if (!entry.isDirectory() || SKIPPED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.name === '.tidemark') found.homes.push(path);
    else if (depth < DEPTH_MAX && !entry.name.startsWith('.')) await find(path, depth + 1, found);
  }
}

async function snapshotsOf(home: string): Promise<Read[]> {
  const items: Read[] = [];
  for (const pipeline of await foldersIn(home)) {
    for (const [kindFolder, kind] of Object.entries(KINDS)) {
      if (!(await foldersIn(join(home, pipeline))).includes(kindFolder)) continue;
      for (const name of await foldersIn(join(home, pipeline, kindFolder))) {
        const item = await listItem(join(home, pipeline, kindFolder, name), pipeline, kind, true);
        if (item !== null) items.push(item);
      }
    }
  }
  return items;
}

/** Links are left out: nobody chose to look at what they lead to. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Null for a folder that is not a whole snapshot: without `_metadata` it does not exist. */
async function listItem(location: string, folder: string, kind: SnapshotListItem['kind'], owned: boolean): Promise<Read | null> {
  const written = await stat(join(location, '_metadata')).catch(() => null);
  if (written === null) return null;
  const manifest = manifestOf(location);
  if (manifest !== null) {
    const { pipeline, checkpointId, createdAt, stateBytes, program } = manifest;
    return { location, pipeline, kind: manifest.kind, checkpointId, createdAt, sizeBytes: stateBytes, program, owned };
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
    owned,
  };
}
