/**
 * A throw-away process, `dist/planProcess.cjs`: it builds a pipeline, which runs the user's code. Then it compares the plan with what its
 * parent has read of a snapshot, or rewrites snapshots with the types of the plan: a plan is full of functions, and cannot leave its process.
 * Modules that decide about a rewriting run here, too.
 */
import { dirname } from 'node:path';
import * as tidemark from 'tidemark';
import * as connectors from 'tidemark/connectors';
import { loadPlan, PipelineLoadError, registerEngineModules } from 'tidemark/host';
import type { Plan } from 'tidemark/plan';
import {
  compareWithPlan,
  PlanMigration,
  type Comparison,
  type FlinkTarget,
  type KnownSnapshot,
  type RestoreFinding,
} from 'tidemark/restore';
import * as testing from 'tidemark/testing';
import type { RewriteCode, RewriteResult } from '../../protocol.ts';
import { sourceFindings } from '../doctor/sourceFindings.ts';
import { keyHashOf, settleOf } from '../rewrite/userModules.ts';
import type { ScanSource } from '../scan/scanWorker.ts';

export interface PlanSource {
  /** Absolute path of the module. */
  readonly program: string;
  /** Its text as it is in an editor; null is that of the file. */
  readonly text: string | null;
  /** Null leaves it to the pipeline. */
  readonly parallelism: number | null;
}

/** What the parent says: all of it first, and then only what has been counted meanwhile. */
export type ToPlanProcess =
  | { readonly kind: 'plan'; readonly source: PlanSource }
  | { readonly kind: 'compare'; readonly known: KnownSnapshot; readonly options: CompareOptions }
  | { readonly kind: 'counts'; readonly counts: KnownSnapshot['counts'] }
  /** Answered when the pipeline is built. */
  | { readonly kind: 'build' }
  | {
      readonly kind: 'write';
      readonly sources: readonly ScanSource[];
      readonly plan: unknown;
      readonly modules: Omit<RewriteCode, 'migrateTo'>;
      readonly target: string;
    }
  | { readonly kind: 'cancel' };

export interface CompareOptions {
  readonly allowNonRestoredState: boolean;
  readonly flink: FlinkTarget | null;
}

export type FromPlanProcess =
  | { readonly kind: 'compared'; readonly comparison: Comparison; readonly sources: readonly RestoreFinding[] }
  | { readonly kind: 'built' }
  | { readonly kind: 'progress'; readonly bytesRead: number; readonly bytesTotal: number }
  | { readonly kind: 'written'; readonly result: RewriteResult }
  /** The pipeline cannot be loaded. */
  | { readonly kind: 'unloaded'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

let plan: Promise<Plan> | null = null;
let folder = '';
let known: KnownSnapshot | null = null;
let options: CompareOptions = { allowNonRestoredState: false, flink: null };
const cancelling = new AbortController();
// What was being written for a parent that is no more is nobody's.
process.once('disconnect', () => cancelling.abort());

const say = (message: FromPlanProcess): void => void process.send?.(message);

process.on('message', (message: ToPlanProcess) => {
  void answer(message).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    say({ kind: error instanceof PipelineLoadError ? 'unloaded' : 'failed', reason });
  });
});

async function answer(message: ToPlanProcess): Promise<void> {
  switch (message.kind) {
    case 'plan': {
      const { program, text, parallelism } = message.source;
      registerEngineModules({ tidemark, 'tidemark/connectors': connectors, 'tidemark/testing': testing });
      folder = dirname(program);
      plan = loadPlan(program, { parallelism, parameters: {}, text: text ?? undefined }).then((loaded) => loaded.plan);
      // What is wrong with it is said with the answer.
      await plan.catch(() => undefined);
      return;
    }
    case 'compare':
      ({ known, options } = message);
      return compare();
    case 'counts':
      if (known !== null) known = { ...known, counts: message.counts };
      return compare();
    case 'build':
      await plan;
      say({ kind: 'built' });
      return;
    case 'write':
      say({ kind: 'written', result: await write(message) });
      return;
    case 'cancel':
      cancelling.abort(new Error('The rewriting was cancelled.'));
  }
}

async function compare(): Promise<void> {
  if (plan === null || known === null) return;
  const built = await plan;
  const comparison = compareWithPlan(built, known, options);
  const sources = await sourceFindings(built, known.headers, folder);
  say({ kind: 'compared', comparison, sources });
}

async function write({ sources, plan: edits, modules, target }: Extract<ToPlanProcess, { kind: 'write' }>): Promise<RewriteResult> {
  const migrating = plan === null ? null : new PlanMigration(await plan, Date.now());
  const keyHash = modules.keyHash === null ? null : await keyHashOf(modules.keyHash);
  const settle = modules.onConflict === null ? null : await settleOf(modules.onConflict);
  const { rewriteAt } = await import('../rewrite/rewriteApart.ts');
  const onProgress = (bytesRead: number, bytesTotal: number): void => say({ kind: 'progress', bytesRead, bytesTotal });
  return rewriteAt(sources, edits, target, { migrating, keyHash, settle, signal: cancelling.signal, onProgress });
}
