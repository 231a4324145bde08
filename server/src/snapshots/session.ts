import { setMaxListeners } from 'node:events';
import { dumpLines, parsePlan } from 'tidemark/snapshot';
import { LSPErrorCodes, ProgressType, ResponseError, type CancellationToken, type MessageConnection } from 'vscode-languageserver/node';
import type {
  ComparedPair,
  ComparisonProgress,
  ReadProgress,
  RewriteResult,
  SealedError,
  SnapshotRequests,
  StatisticsProgress,
} from '../protocol.ts';
import { withPlaces } from './remedyPlaces.ts';
import { forgetInterrupted, interruptedRuns } from '../run/interruptedRuns.ts';
import { checkApart } from './check/checkApart.ts';
import { comparedPage, comparisonOverview, runComparison, type OpenedPair } from './comparison.ts';
import { doctorReport } from './doctor/doctorReport.ts';
import { entryPage, stateQuery } from './entryPage.ts';
import { exportToFile } from './export/exportSnapshot.ts';
import { listSnapshots } from './listSnapshots.ts';
import { operatorOf, summaryOf, type OpenedSnapshot } from './openedSnapshot.ts';
import { factsOf } from './operatorFacts.ts';
import { overviewOf, verdictOf } from './overview.ts';
import { packSnapshot } from './pack.ts';
import { checkRules, redactionResult, rulesOf, SALT_MIN } from './redact/redactSnapshot.ts';
import { checkEditPlan, fieldsNamed, readEditPlan, targetBeside, unreadableSource } from './rewrite/editPlan.ts';
import { keysMistake } from './rewrite/expressionMistake.ts';
import { Previews } from './rewrite/previews.ts';
import { writeApart } from './rewrite/writeApart.ts';
import { namedByNode } from './rewrite/namedByNode.ts';
import { rewriteResult } from './rewrite/writeSnapshot.ts';
import { SnapshotCache } from './snapshotCache.ts';
import { statisticsOf } from './statistics.ts';
import { cancelledWith } from './storage/cancellation.ts';
import { SealedFileError } from './storage/sealedFile.ts';
import { WorkspaceTrust } from './workspaceTrust.ts';

const PAGE_MAX = 10_000;
const OPERATORS_MAX = 64;
/** Between two reports of a request. */
const REPORT_MS = 150;
type Progress = ReadProgress | StatisticsProgress | ComparisonProgress;
const PROGRESS = new ProgressType<Progress>();

/** What a long request is given beside its parameters: it stops when the signal says so, and tells how far it is. */
interface RequestContext {
  readonly signal: AbortSignal;
  readonly report: (progress: Progress) => void;
}

type Handlers = {
  [M in keyof SnapshotRequests]: (params: SnapshotRequests[M]['params'], context: RequestContext) => Promise<SnapshotRequests[M]['result']>;
};

/** Answers the requests of one connection. Snapshots stay open, the latest few of them. */
export class SnapshotSession {
  readonly #snapshots = new SnapshotCache();
  readonly #previews = new Previews();
  readonly #trust = new WorkspaceTrust();

  readonly handlers: Handlers = {
    'snapshot/configure': (configuration) => {
      this.#snapshots.configure(this.#trust.configure(configuration));
      return Promise.resolve(null);
    },
    'snapshot/unlock': ({ secret }) => {
      this.#snapshots.unlock(secret);
      return Promise.resolve(null);
    },
    'snapshot/open': ({ location }) => this.#snapshots.use(location, ({ opened }) => summaryOf(opened)),
    'snapshot/children': ({ location, node, offset, limit }, { signal }) =>
      this.#snapshots.use(location, ({ tree }) => tree.children(node, Math.max(0, offset), Math.min(Math.max(0, limit), PAGE_MAX), signal)),
    'snapshot/list': async ({ folders }) => ({ snapshots: await listSnapshots(folders) }),
    'runs/interrupted': async ({ folders }, { signal }) => ({ runs: await interruptedRuns(folders, signal) }),
    'runs/forget': (run) => {
      forgetInterrupted(run);
      return Promise.resolve(null);
    },
    'snapshot/dump': ({ location, limit }) => this.#snapshots.use(location, ({ opened }) => firstLines(opened, limit)),
    'snapshot/check': async ({ location, program, text, allowNonRestoredState, flink }, { signal }) => {
      this.#trust.forCode('pipelines are built');
      return this.#snapshots.use(location, async ({ checked }) => {
        const report = await checkApart(checked, { program, text, parallelism: null }, { allowNonRestoredState, flink, signal });
        return { ...report, findings: withPlaces(report.findings, { snapshot: location, pipeline: program, cwd: null }) };
      });
    },
    'snapshot/doctor': async ({ location, scan, kafka = null }, context) => {
      if (kafka !== null) this.#trust.forCode('Kafka clusters are asked');
      return this.#snapshots.use(location, async ({ opened }) => {
        const report = await doctorReport(opened, { scan, kafka }, context);
        return { ...report, findings: withPlaces(report.findings, { snapshot: location, cwd: null }) };
      });
    },
    'snapshot/overview': ({ location }) => this.#snapshots.use(location, ({ opened }) => overviewOf(opened)),
    'snapshot/verify': ({ location }, { signal }) => this.#snapshots.use(location, ({ opened }) => verdictOf(opened, signal)),
    'snapshot/operators': ({ location, operators }) =>
      this.#snapshots.use(location, async ({ opened }) => ({
        operators: await Promise.all(operators.slice(0, OPERATORS_MAX).map((id) => factsOf(operatorOf(opened, id)))),
      })),
    'snapshot/statistics': ({ location, operator }, context) =>
      this.#snapshots.use(location, async ({ opened }) => {
        const { createdAt } = await overviewOf(opened);
        return statisticsOf(opened, operator, createdAt ?? Date.now(), context);
      }),
    'snapshot/entries': ({ location, operator, state, group, query, cursor, limit, valueLimit }, context) =>
      this.#snapshots.use(location, ({ opened }) =>
        entryPage(operatorOf(opened, operator), { operator, state, group, query }, { cursor, limit, valueLimit }, context),
      ),
    'snapshot/export': ({ location, selection, format, target }, { signal, report }) =>
      this.#snapshots.use(location, ({ opened }) => {
        const operators = selection === null ? null : [operatorOf(opened, selection.operator)];
        const query = selection === null ? {} : stateQuery(selection);
        return exportToFile(
          { snapshot: opened.snapshot, operators, query, format, limit: Infinity, guardFormulas: true, signal, onProgress: report },
          target,
        );
      }),
    'snapshot/pack': ({ location, seal, target }, { signal, report }) =>
      this.#snapshots.use(location, ({ opened }) =>
        packSnapshot(opened, target, seal, { signal, onProgress: (bytesRead, bytesTotal) => report({ bytesRead, bytesTotal }) }),
      ),
    'compare/open': (pair) => this.#usePair(pair, (opened) => comparisonOverview(opened, pair)),
    'compare/run': (pair, context) => this.#usePair(pair, (opened) => runComparison(opened, pair, context)),
    'compare/entries': (request, { signal }) => this.#usePair(request, (opened) => comparedPage(opened, request, signal)),
    'rewrite/check': ({ text, folder }) => {
      const read = readEditPlan(text, folder);
      const named = read.target === null ? read.sources : [...read.sources, read.target];
      return this.#useNamed(read.sources, named, (opened) => checkEditPlan(read, opened)).catch((error: unknown) =>
        unreadableSource(read, error),
      );
    },
    'rewrite/keys': ({ where }) => Promise.resolve({ problem: keysMistake(where) }),
    'rewrite/fields': ({ sources, operator, state }) =>
      this.#useNamed(sources, sources, async (opened) => ({ fields: await fieldsNamed(opened, operator, state) })),
    'rewrite/named': ({ location, node }) => this.#snapshots.use(location, ({ opened }) => namedByNode(opened, node)),
    'rewrite/write': (writing, context) => this.#write(writing, context),
    'rewrite/preview': async (writing, context) => {
      await this.#trust.forLocation(writing.target);
      return this.#previews.write(writing.target, (place) => this.#write({ ...writing, target: place }, context));
    },
    'rewrite/keep': ({ target }) => Promise.resolve({ kept: this.#previews.keep(target) }),
    'rewrite/discard': ({ target }) => {
      this.#previews.discard(target);
      return Promise.resolve(null);
    },
    'redact/rules': ({ location }) => this.#snapshots.use(location, async ({ opened }) => ({ text: await rulesOf(opened) })),
    'redact/check': ({ location, rules, home }) =>
      this.#snapshots.use(location, async ({ opened }) => ({
        ...(await checkRules(opened, rules)),
        saltMin: SALT_MIN,
        target: targetBeside(location, home, 'redacted'),
      })),
    'redact/write': ({ location, rules, salt, target }, { signal, report }) =>
      this.#snapshots.use(location, ({ opened }) => {
        const onProgress = (bytesRead: number, bytesTotal: number): void => report({ bytesRead, bytesTotal });
        return redactionResult(opened, target, { rules, salt, signal, onProgress });
      }),
  };

  /** The session ends: nothing that was only looked at stays. */
  close(): void {
    this.#previews.discardAll();
  }

  async #write(
    { sources, plan, code, target }: SnapshotRequests['rewrite/write']['params'],
    { signal, report }: RequestContext,
  ): Promise<RewriteResult> {
    const onProgress = (bytesRead: number, bytesTotal: number): void => report({ bytesRead, bytesTotal });
    if (Object.values(code).some((each) => each !== null)) this.#trust.forCode('its pipelines are built and its modules run');
    return this.#useNamed(sources, [...sources, target], (opened) =>
      Object.values(code).every((each) => each === null)
        ? rewriteResult(opened, parsePlan(plan), target, { signal, onProgress })
        : writeApart(opened, { code, plan, target }, { signal, onProgress }),
    );
  }

  /** Of a document of the workspace, which names these locations. */
  async #useNamed<T>(
    sources: readonly string[],
    named: readonly string[],
    work: (opened: readonly OpenedSnapshot[]) => Promise<T>,
  ): Promise<T> {
    for (const location of named) await this.#trust.forLocation(location);
    return this.#useAll(sources, work);
  }

  #useAll<T>(locations: readonly string[], work: (opened: readonly OpenedSnapshot[]) => Promise<T>): Promise<T> {
    const open = (at: number, opened: readonly OpenedSnapshot[]): Promise<T> => {
      const location = locations[at];
      return location === undefined ? work(opened) : this.#snapshots.use(location, (next) => open(at + 1, [...opened, next.opened]));
    };
    return open(0, []);
  }

  #usePair<T>({ before, after }: ComparedPair, work: (opened: OpenedPair) => Promise<T>): Promise<T> {
    return this.#snapshots.use(before, (one) => this.#snapshots.use(after, (two) => work({ before: one.opened, after: two.opened })));
  }
}

async function firstLines({ snapshot }: OpenedSnapshot, limit: number): Promise<{ text: string; truncated: boolean }> {
  const lines: string[] = [];
  for await (const line of dumpLines(snapshot)) {
    if (lines.length >= limit) return { text: `${lines.join('\n')}\n`, truncated: true };
    lines.push(line);
  }
  return { text: `${lines.join('\n')}\n`, truncated: false };
}

/** Serves the session's requests on a connection until it closes. */
export function serveSnapshots(connection: MessageConnection): SnapshotSession {
  const session = new SnapshotSession();
  for (const [method, handler] of Object.entries(session.handlers)) {
    // A client that has no token to give may have sent null in its place: the connection's own comes last.
    connection.onRequest(method, (params: unknown, ...rest: unknown[]) =>
      answer(
        handler as (params: unknown, context: RequestContext) => Promise<unknown>,
        params,
        contextOf(connection, params, rest.at(-1) as CancellationToken),
      ).catch((error: unknown) => {
        if (!(error instanceof SealedFileError)) throw error;
        throw new ResponseError<SealedError>(LSPErrorCodes.RequestFailed, error.message, { sealed: error.sealed });
      }),
    );
  }
  connection.listen();
  return session;
}

/** What it reads ends when the request is cancelled. */
function answer<T>(
  handler: (params: unknown, context: RequestContext) => Promise<T>,
  params: unknown,
  context: RequestContext,
): Promise<T> {
  return cancelledWith(context.signal, () => handler(params, context));
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
  let ended = false;
  return {
    signal: controller.signal,
    report(value) {
      const now = performance.now();
      // Counts must not get lost, nor that it is at its end; how far it is may.
      const hasCounts =
        ('states' in value && value.states.length > 0) || ('operators' in value && value.operators.some(({ isFinal }) => isFinal));
      const isAtEnd = 'bytesRead' in value && value.bytesRead >= value.bytesTotal && !ended;
      if (typeof progress !== 'string' || (now - reported < REPORT_MS && !hasCounts && !isAtEnd)) return;
      ended ||= isAtEnd;
      reported = now;
      void connection.sendProgress(PROGRESS, progress, value);
    },
  };
}
