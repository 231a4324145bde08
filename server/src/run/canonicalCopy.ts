/**
 * A run restores canonical savepoints in a local folder. What is otherwise (the forms of Flink's state backends, checkpoints, archives, S3) is
 * first rewritten beside the pipeline's own snapshots, with everything that is in it.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot, SnapshotHeaders } from 'tidemark/snapshot';
import { isOwnFolder, markOwnFolder, removeOwnFolder } from '../ownFolder.ts';
import { isAlive } from './processIdentity.ts';

/** Between two words about how far it is. */
const SAID_EVERY_MS = 5000;
/** Copies of a pipeline that stay: those that were restored from last. */
const COPIES_KEPT = 3;

/**
 * The folder to restore from: the snapshot's own where a run restores it as it is, else that of a copy in `copies`, made unless it is there
 * from an earlier run. @throws with the reason where it cannot be read or rewritten
 */
export async function canonicalCopy(
  location: string,
  copies: string,
  allowNonRestoredState: boolean,
  say: (text: string) => void,
): Promise<string> {
  const { openSnapshot, readHeaders, writeSnapshot } = await import('../snapshots/rewrite/rewriteApart.ts');
  const opened = await openSnapshot(location);
  try {
    const { snapshot, storage } = opened;
    if (isLocalFolder(location) && !hasInFlight(snapshot) && isCanonical(await readHeaders(snapshot))) return snapshot.folder;
    if (!allowNonRestoredState && hasInFlight(snapshot)) {
      throw new Error(
        'it is an unaligned checkpoint, whose records in flight no run takes over. Take a savepoint, or allow non-restored state to leave them out',
      );
    }
    const file = `${snapshot.folder}/_metadata`;
    const metadata = await storage.slice(file, 0, await storage.size(file));
    const copy = join(copies, createHash('sha256').update(location).update(metadata).digest('hex').slice(0, 16));
    removeAbandoned(copies);
    if (existsSync(join(copy, '_metadata'))) {
      say(`The canonical copy ${copy} of ${location} is there from an earlier run.`);
      touch(copy);
      return copy;
    }
    say(`${location} is copied in the canonical form, which a run restores: ${copy}`);
    const own = `${copy}.${String(process.pid)}`;
    mkdirSync(copies, { recursive: true, mode: 0o700 });
    let said = performance.now();
    const onProgress = (read: number, total: number): void => {
      if (performance.now() - said < SAID_EVERY_MS || total === 0) return;
      said = performance.now();
      say(`${String(Math.floor((100 * read) / total))} % of it is copied.`);
    };
    await writeSnapshot([opened], { dropInFlight: true }, own, { onProgress });
    markOwnFolder(own);
    try {
      renameSync(own, copy);
    } catch (error) {
      // Another run was faster.
      if (!existsSync(join(copy, '_metadata'))) throw error;
      removeOwnFolder(own, copies);
    }
    removeOld(copies);
    return copy;
  } finally {
    await opened.storage.close?.();
  }
}

function isLocalFolder(location: string): boolean {
  const stat = statSync(location, { throwIfNoEntry: false });
  return stat?.isDirectory() === true || /[/\\]_metadata$/.test(location);
}

function hasInFlight({ metadata }: Snapshot): boolean {
  return metadata.operators.some(({ subtasks }) =>
    subtasks.some(({ inputChannels, resultSubpartitions }) => inputChannels.length + resultSubpartitions.length > 0),
  );
}

/** All keyed state is in the canonical form, and no stream is a part of a file of others. Damage is for the restore to say. */
function isCanonical({ operators }: SnapshotHeaders): boolean {
  return operators.every(
    ({ keyed, metadata }) =>
      keyed.every(({ layout }) => layout === 'canonical') &&
      metadata.subtasks.every(
        ({ managedKeyedState, managedOperatorState, rawOperatorState }) =>
          (managedKeyedState === null || (managedKeyedState.kind === 'keyGroups' && managedKeyedState.stream?.kind !== 'segment')) &&
          managedOperatorState?.stream?.kind !== 'segment' &&
          rawOperatorState?.stream?.kind !== 'segment',
      ),
  );
}

/** What processes were writing that have ended. */
function removeAbandoned(copies: string): void {
  if (!existsSync(copies)) return;
  for (const name of readdirSync(copies)) {
    const [, pid] = /\.(\d+)(?:\.unfinished)?$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid)) && isOwnFolder(join(copies, name))) removeOwnFolder(join(copies, name), copies);
  }
}

/** The time of a copy's folder says when it was last restored from. */
function touch(copy: string): void {
  const now = new Date();
  utimesSync(copy, now, now);
}

function removeOld(copies: string): void {
  const byUse = readdirSync(copies)
    .map((name) => join(copies, name))
    .filter((copy) => existsSync(join(copy, '_metadata')) && isOwnFolder(copy))
    .map((copy) => ({ copy, usedAt: statSync(copy).mtimeMs }))
    .sort((a, b) => b.usedAt - a.usedAt);
  for (const { copy } of byUse.slice(COPIES_KEPT)) removeOwnFolder(copy, copies);
}
