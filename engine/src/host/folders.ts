import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { MANIFEST_FILE } from '../restore/snapshotFiles.ts';
import { nodeFileAccess } from './fileAccess.ts';

const MANIFEST_MAX = 64 << 20;

/** Where a pipeline's files are. Everything that Tidemark writes by itself is below `<project>/.tidemark`. */
export interface PipelineFolders {
  /** The folder of the nearest package.json, else the pipeline's own. */
  readonly project: string;
  readonly savepoints: string;
  readonly checkpoints: string;
}

export function projectFolderOf(program: string): string {
  const own = dirname(resolve(program));
  for (let folder = own; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) return own;
  }
}

export function pipelineFolders(program: string, pipeline: string): PipelineFolders {
  const project = projectFolderOf(program);
  const home = join(project, '.tidemark', folderName(pipeline));
  return { project, savepoints: join(home, 'savepoints'), checkpoints: join(home, 'checkpoints') };
}

/** A pipeline's name as a folder: other characters than these may mean something to a file system. `cache` is taken. */
export function folderName(pipeline: string): string {
  const plain = pipeline.replaceAll(/[^\p{L}\p{N}._-]/gu, '_').replace(/^\.+/, '_');
  return plain === '' || plain === 'cache' ? `_${plain}` : plain;
}

/**
 * The pipeline's own finished snapshots, savepoints and checkpoints alike, newest first. What was made of a snapshot by hand, by edits or a merge, is
 * restored only where it is named.
 */
export function* ownSnapshots(folders: PipelineFolders): Generator<string> {
  const snapshots = [folders.savepoints, folders.checkpoints].flatMap((root) =>
    (existsSync(root) ? readdirSync(root) : []).flatMap((name) => {
      const metadata = join(root, name, '_metadata');
      return existsSync(metadata) ? [{ path: join(root, name), time: statSync(metadata).mtimeMs }] : [];
    }),
  );
  // Manifests grow with the plan: they are read one by one, from the newest on.
  for (const { path } of snapshots.sort((a, b) => b.time - a.time)) if (!isRewritten(path)) yield path;
}

/** The newest of them; null when there is none. */
export function latestSnapshot(folders: PipelineFolders): string | null {
  const [newest = null] = ownSnapshots(folders);
  return newest;
}

function isRewritten(snapshot: string): boolean {
  try {
    const manifest = JSON.parse(Buffer.from(nodeFileAccess(snapshot).read(MANIFEST_FILE, 0, MANIFEST_MAX)).toString('utf8')) as {
      readonly trigger?: unknown;
    };
    return manifest.trigger === 'rewritten';
  } catch {
    // Without a manifest, or with one that is damaged, which the restore says.
    return false;
  }
}

/** Base name of what is cached for a program: two programs of one name in one project differ by their paths. */
export function cacheName(program: string): string {
  const path = createHash('sha256').update(resolve(program)).digest('hex').slice(0, 8);
  return `${basename(program).replace(/\.ts$/, '')}-${path}`;
}
