import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dumpLines } from 'tidemark/snapshot';
import type { MessageConnection } from 'vscode-languageserver/node';
import { checkProgram } from '../cli/check.ts';
import type { SnapshotConfiguration, SnapshotRequests } from '../protocol.ts';
import { listSnapshots } from './listSnapshots.ts';
import { openSnapshot, summaryOf, type OpenedSnapshot } from './openedSnapshot.ts';
import { SnapshotTree } from './snapshotTree.ts';

const OPENED_MAX = 8;
const PAGE_MAX = 10_000;

type Handlers = { [M in keyof SnapshotRequests]: (params: SnapshotRequests[M]['params']) => Promise<SnapshotRequests[M]['result']> };

interface CachedSnapshot {
  /** When its `_metadata` was written: a location may get another snapshot. */
  readonly version: string;
  readonly opened: OpenedSnapshot;
  readonly tree: SnapshotTree;
}

/** Answers the requests of one connection. Snapshots stay open, the latest few of them. */
export class SnapshotSession {
  readonly #cache = new Map<string, CachedSnapshot>();
  #configuration: SnapshotConfiguration = { folders: [], uids: [], pathMap: [], trusted: false };

  readonly handlers: Handlers = {
    'snapshot/configure': (configuration) => {
      this.#configuration = configuration;
      this.#cache.clear();
      return Promise.resolve(null);
    },
    'snapshot/open': async ({ location }) => summaryOf((await this.#open(location)).opened),
    'snapshot/children': async ({ location, node, offset, limit }) => {
      const { tree } = await this.#open(location);
      return tree.children(node, Math.max(0, offset), Math.min(Math.max(0, limit), PAGE_MAX));
    },
    'snapshot/list': async ({ folders }) => ({ snapshots: await listSnapshots(folders) }),
    'snapshot/dump': async ({ location, limit }) => this.#dump(location, limit),
    'snapshot/check': async ({ location, program }) => checkProgram({ program, location, parallelism: null, allowNonRestoredState: false }),
    'snapshot/overview': () => Promise.reject(new Error('not served yet')),
    'snapshot/verify': () => Promise.reject(new Error('not served yet')),
    'snapshot/operators': () => Promise.reject(new Error('not served yet')),
    'snapshot/statistics': () => Promise.reject(new Error('not served yet')),
    'snapshot/entries': () => Promise.reject(new Error('not served yet')),
    'snapshot/export': () => Promise.reject(new Error('not served yet')),
  };

  async #open(location: string): Promise<CachedSnapshot> {
    const version = await versionOf(location);
    const known = this.#cache.get(location);
    if (known?.version === version) return known;
    const opened = await openSnapshot(location, this.#configuration);
    const cached = { version, opened, tree: new SnapshotTree(opened) };
    this.#cache.delete(location);
    this.#cache.set(location, cached);
    const oldest = this.#cache.keys().next().value;
    if (this.#cache.size > OPENED_MAX && oldest !== undefined) this.#cache.delete(oldest);
    return cached;
  }

  async #dump(location: string, limit: number): Promise<{ text: string; truncated: boolean }> {
    const { opened } = await this.#open(location);
    const lines: string[] = [];
    for await (const line of dumpLines(opened.snapshot)) {
      if (lines.length >= limit) return { text: `${lines.join('\n')}\n`, truncated: true };
      lines.push(line);
    }
    return { text: `${lines.join('\n')}\n`, truncated: false };
  }
}

/** Empty where the location is not the snapshot's own folder: such a one is opened anew each time its content may have changed. */
async function versionOf(location: string): Promise<string> {
  const written = await stat(join(location, '_metadata')).catch(() => stat(location));
  return `${String(written.mtimeMs)} ${String(written.size)}`;
}

/** Serves the session's requests on a connection until it closes. */
export function serveSnapshots(connection: MessageConnection): void {
  const { handlers } = new SnapshotSession();
  for (const [method, handler] of Object.entries(handlers)) connection.onRequest(method, handler as (params: unknown) => Promise<unknown>);
  connection.listen();
}
