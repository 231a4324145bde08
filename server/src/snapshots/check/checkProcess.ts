/**
 * The throw-away process of one check, `dist/checkProcess.cjs`: it builds the pipeline, which runs the user's code, and compares it with
 * what its parent has read of a snapshot.
 */
import { dirname } from 'node:path';
import * as tidemark from 'tidemark';
import * as connectors from 'tidemark/connectors';
import { loadPlan, PipelineLoadError, registerEngineModules } from 'tidemark/host';
import type { Plan } from 'tidemark/plan';
import { compareWithPlan, type Comparison, type FlinkTarget, type KnownSnapshot, type RestoreFinding } from 'tidemark/restore';
import * as testing from 'tidemark/testing';
import { sourceFindings } from '../doctor/sourceFindings.ts';

export interface PlanSource {
  /** Absolute path of the module. */
  readonly program: string;
  /** Its text as it stands in an editor; null is that of the file. */
  readonly text: string | null;
  /** Null leaves it to the pipeline. */
  readonly parallelism: number | null;
}

/** What the parent says: all of it first, and then only what has been counted meanwhile. */
export type ToCheckProcess =
  | { readonly kind: 'plan'; readonly source: PlanSource }
  | { readonly kind: 'compare'; readonly known: KnownSnapshot; readonly options: CompareOptions }
  | { readonly kind: 'counts'; readonly counts: KnownSnapshot['counts'] };

export interface CompareOptions {
  readonly allowNonRestoredState: boolean;
  readonly flink: FlinkTarget | null;
}

export type FromCheckProcess =
  | { readonly kind: 'compared'; readonly comparison: Comparison; readonly sources: readonly RestoreFinding[] }
  /** The pipeline cannot be loaded. */
  | { readonly kind: 'unloaded'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

let plan: Promise<Plan> | null = null;
let folder = '';
let known: KnownSnapshot | null = null;
let options: CompareOptions = { allowNonRestoredState: false, flink: null };

process.on('message', (message: ToCheckProcess) => {
  void answer(message).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    process.send?.({ kind: error instanceof PipelineLoadError ? 'unloaded' : 'failed', reason } satisfies FromCheckProcess);
  });
});

async function answer(message: ToCheckProcess): Promise<void> {
  if (message.kind === 'plan') {
    const { program, text, parallelism } = message.source;
    registerEngineModules({ tidemark, 'tidemark/connectors': connectors, 'tidemark/testing': testing });
    folder = dirname(program);
    plan = loadPlan(program, { parallelism, parameters: {}, text: text ?? undefined }).then((loaded) => loaded.plan);
    // What is wrong with it is said with the comparison.
    await plan.catch(() => undefined);
    return;
  }
  if (message.kind === 'compare') ({ known, options } = message);
  else if (known !== null) known = { ...known, counts: message.counts };
  if (plan === null || known === null) return;
  const built = await plan;
  const comparison = compareWithPlan(built, known, options);
  const sources = await sourceFindings(built, known.headers, folder);
  process.send?.({ kind: 'compared', comparison, sources } satisfies FromCheckProcess);
}
