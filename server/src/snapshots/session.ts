import { setMaxListeners } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dumpLines } from 'tidemark/snapshot';
import { LSPErrorCodes, ProgressType, ResponseError, type CancellationToken, type MessageConnection } from 'vscode-languageserver/node';
import { checkProgram } from '../cli/check.ts';
import type { ReadProgress, SnapshotConfiguration, SnapshotRequests, StatisticsProgress } from '../protocol.ts';
import { entryPage, exportQuery } from './entryPage.ts';
import { exportToFile } from './export/exportSnapshot.ts';
import { listSnapshots } from './listSnapshots.ts';
import { openSnapshot, operatorOf, summaryOf, type OpenedSnapshot } from './openedSnapshot.ts';
import { factsOf } from './operatorFacts.ts';
import { overviewOf, verdictOf } from './overview.ts';
import { SnapshotTree } from './snapshotTree.ts';
import { statisticsOf } from './statistics.ts';

const OPENED_MAX = 8;
const PAGE_MAX = 10_000;
const OPERATORS_MAX = 64;
/** Between two reports of a request. */
const REPORT_MS = 150;
const PROGRESS = new ProgressType<ReadProgress | StatisticsProgress>();

/** What a long request is given beside its parameters: it stops when the signal says so, and tells how far it is. */
interface RequestContext {
  readonly signal: AbortSignal;
  readonly report: (progress: ReadProgress | StatisticsProgress) => void;
}

type Handlers = {
  [M in keyof SnapshotRequests]: (params: SnapshotRequests[M]['params'], context: RequestContext) => Promise<SnapshotRequests[M]['result']>;
};

interface CachedSnapshot {
  /** When its `_metadata` was written: a location may get another snapshot. */
  readonly version: string;
  readonly opened: OpenedSnapshot;
  readonly tree: SnapshotTree;
}

/** Answers the requests of one connection. Snapshots stay open, the latest few of them. */
export class SnapshotSession {
  readonly #cache = new Map<string, CachedSnapshot>();
  readonly #opening = new Map<string, Promise<CachedSnapshot>>();
  #configuration: SnapshotConfiguration = { folders: [], uids: [], pathMap: [], trusted: false };

  readonly handlers: Handlers = {
    'snapshot/configure': (configuration) => {
      this.#configuration = configuration;
      for (const location of [...this.#cache.keys()]) this.#forget(location);
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
    'snapshot/overview': async ({ location }) => overviewOf((await this.#open(location)).opened),
    'snapshot/verify': async ({ location }, { signal }) => verdictOf((await this.#open(location)).opened, signal),
    'snapshot/operators': async ({ location, operators }) => {
      const { opened } = await this.#open(location);
      return { operators: await Promise.all(operators.slice(0, OPERATORS_MAX).map((id) => factsOf(operatorOf(opened, id)))) };
    },
    'snapshot/statistics': async ({ location, operator }, context) => {
      const { opened } = await this.#open(location);
      const { createdAt } = await overviewOf(opened);
      return statisticsOf(opened, operator, createdAt ?? Date.now(), context);
    },
    'snapshot/entries': async ({ location, operator, state, group, query, cursor, limit, valueLimit }, context) => {
      const { opened } = await this.#open(location);
      return entryPage(operatorOf(opened, operator), { operator, state, group, query }, { cursor, limit, valueLimit }, context);
    },
    'snapshot/export': async ({ location, selection, format, target }, { signal, report }) => {
      const { opened } = await this.#open(location);
      const operators = selection === null ? null : [operatorOf(opened, selection.operator)];
      const query = selection === null ? {} : exportQuery(selection);
      return exportToFile(
        { snapshot: opened.snapshot, operators, query, format, limit: Infinity, guardFormulas: true, signal, onProgress: report },
        target,
      );
    },
  };

  async #open(location: string): Promise<CachedSnapshot> {
    const version = await versionOf(location);
    const known = this.#cache.get(location);
    if (known?.version === version) {
      // The one that was used last is forgotten last.
      this.#cache.delete(location);
      this.#cache.set(location, known);
      return known;
    }
    // Requests that come together share one opening: an archive is not unpacked twice.
    const key = `${version} ${location}`;
    let opening = this.#opening.get(key);
    if (opening === undefined) {
      opening = this.#openAnew(location, version).finally(() => this.#opening.delete(key));
      this.#opening.set(key, opening);
    }
    return opening;
  }

  async #openAnew(location: string, version: string): Promise<CachedSnapshot> {
    const opened = await openSnapshot(location, { ...this.#configuration, decoders: this.#configuration });
    const cached = { version, opened, tree: new SnapshotTree(opened) };
    this.#forget(location);
    this.#cache.set(location, cached);
    const oldest = this.#cache.keys().next().value;
    if (this.#cache.size > OPENED_MAX && oldest !== undefined) this.#forget(oldest);
    return cached;
  }

  #forget(location: string): void {
    void this.#cache.get(location)?.opened.storage.close?.();
    this.#cache.delete(location);
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
  const written = await stat(join(location, '_metadata'))
    .catch(() => stat(location))
    .catch(() => null);
  // At an address; what is there is written once.
  if (written === null) return '';
  return `${String(written.mtimeMs)} ${String(written.size)}`;
}

/** Serves the session's requests on a connection until it closes. */
export function serveSnapshots(connection: MessageConnection): void {
  const { handlers } = new SnapshotSession();
  for (const [method, handler] of Object.entries(handlers)) {
    // A client that has no token to give may have sent null in its place: the connection's own comes last.
    connection.onRequest(method, (params: unknown, ...rest: unknown[]) =>
      (handler as (params: unknown, context: RequestContext) => Promise<unknown>)(
        params,
        contextOf(connection, params, rest.at(-1) as CancellationToken),
      ),
    );
  }
  connection.listen();
}

function contextOf(connection: MessageConnection, params: unknown, token: CancellationToken): RequestContext {
  const progress = typeof params === 'object' && params !== null && 'progress' in params ? params.progress : null;
  const controller = new AbortController();
  // A request waits for its end in many places at once.
  setMaxListeners(0, controller.signal);
  const cancel = (): void => controller.abort(new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled'));
  // A request that was cancelled before it began has a token that fires no event.
  if (token.isCancellationRequested) cancel();
  else token.onCancellationRequested(cancel);
  let reported = 0;
  return {
    signal: controller.signal,
    report(value) {
      const now = performance.now();
      // Counts must not get lost; how far it is may.
      const hasCounts = 'states' in value && value.states.length > 0;
      if (typeof progress !== 'string' || (now - reported < REPORT_MS && !hasCounts)) return;
      reported = now;
      void connection.sendProgress(PROGRESS, progress, value);
    },
  };
}
