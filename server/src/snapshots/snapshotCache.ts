import { stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CheckedSnapshot } from 'tidemark/restore';
import type { SnapshotConfiguration } from '../protocol.ts';
import { openSnapshot, type OpenedSnapshot } from './openedSnapshot.ts';
import { SnapshotTree } from './snapshotTree.ts';
import { SharedWork } from './storage/cancellation.ts';
import type { SealKeys } from './storage/sealedFile.ts';

const OPENED_MAX = 8;
const SECRET_KEY = 'AGE-SECRET-KEY-';

interface CachedSnapshot {
  readonly opened: OpenedSnapshot;
  readonly tree: SnapshotTree;
  /** Its headers are read with the first check, and stay. */
  readonly checked: CheckedSnapshot;
}

interface Entry {
  /** When its `_metadata` was written: a location may get another snapshot. */
  readonly version: string;
  readonly opening: SharedWork<CachedSnapshot>;
  users: number;
  /** No longer in the cache: the last user closes it. */
  forgotten: boolean;
}

/** Snapshots that stay open from one request to the next, the latest few of them. None is closed while somebody reads it. */
export class SnapshotCache {
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #configuration: SnapshotConfiguration = { folders: [], uids: [], pathMap: [], trusted: false };
  #keys: SealKeys = { passphrases: [], identities: [] };

  /** From now on snapshots are opened with it. */
  configure(configuration: SnapshotConfiguration): void {
    this.#configuration = configuration;
    for (const location of [...this.#entries.keys()]) this.#forget(location);
  }

  /** A passphrase or a secret key: from now on it is tried with sealed archives. */
  unlock(secret: string): void {
    const { passphrases, identities } = this.#keys;
    this.#keys = secret.startsWith(SECRET_KEY)
      ? { passphrases, identities: [...identities, secret.trim()] }
      : { passphrases: [...passphrases, secret], identities };
  }

  /** Opens the snapshot for as long as `work` reads it. @throws with the reason where it cannot be read, and as `work` does */
  async use<T>(location: string, work: (snapshot: CachedSnapshot) => Promise<T> | T): Promise<T> {
    const entry = this.#entryOf(location, await versionOf(location));
    entry.users++;
    try {
      return await work(await entry.opening.wait(entry.opening.result));
    } finally {
      entry.users--;
      await closeUnused(entry);
    }
  }

  /** Requests that come together share one opening: an archive is not unpacked twice. */
  #entryOf(location: string, version: string): Entry {
    const known = this.#entries.get(location);
    if (known?.version === version && !known.opening.isCancelled) {
      // The one that was used last is forgotten last.
      this.#entries.delete(location);
      this.#entries.set(location, known);
      return known;
    }
    this.#forget(location);
    const entry: Entry = { version, opening: new SharedWork(() => this.#open(location)), users: 0, forgotten: false };
    entry.opening.result.catch(() => {
      if (this.#entries.get(location) === entry) this.#entries.delete(location);
    });
    this.#entries.set(location, entry);
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > OPENED_MAX && oldest !== undefined) this.#forget(oldest);
    return entry;
  }

  async #open(location: string): Promise<CachedSnapshot> {
    const opened = await openSnapshot(location, { ...this.#configurationOf(location), decoders: this.#configuration, keys: this.#keys });
    return { opened, tree: new SnapshotTree(opened), checked: new CheckedSnapshot(opened.snapshot, opened.manifest) };
  }

  /** The innermost folder with settings of its own decides. */
  #configurationOf(location: string): SnapshotConfiguration {
    const below = (this.#configuration.byFolder ?? []).filter(({ folder }) => location === folder || location.startsWith(folder + sep));
    const [own] = below.sort((a, b) => b.folder.length - a.folder.length);
    return own === undefined ? this.#configuration : { ...this.#configuration, uids: own.uids, pathMap: own.pathMap };
  }

  #forget(location: string): void {
    const entry = this.#entries.get(location);
    if (entry === undefined) return;
    this.#entries.delete(location);
    entry.forgotten = true;
    void closeUnused(entry);
  }
}

/** What cannot be closed is not a failure of who read it. */
async function closeUnused({ forgotten, users, opening }: Entry): Promise<void> {
  if (!forgotten || users > 0) return;
  const closing = opening.result.then(({ opened }) => opened.storage.close?.());
  await closing.catch(() => undefined);
}

/** Empty where the location is not the snapshot's own folder: such a one is opened again each time its content may have changed. */
async function versionOf(location: string): Promise<string> {
  const written = await stat(join(location, '_metadata'))
    .catch(() => stat(location))
    .catch(() => null);
  // At an address; what is there is written once.
  if (written === null) return '';
  return `${String(written.mtimeMs)} ${String(written.size)}`;
}
