import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { SavepointCheck } from './savepointChecks.ts';
import type { SemanticFacts } from './semanticFacts.ts';
import { readPipeline } from './pipelineSyntax.ts';
import type { OperatorSyntax, PipelineSyntax, Span } from './pipelineSyntax.ts';
import type { PlanFacts, PlanOperatorFacts } from './planFacts.ts';

/** Everything that is known of an open `*.pipeline.ts`, at the version that the editor shows. What features work on. */
export interface PipelineDocument {
  readonly document: TextDocument;
  /** Null for a document that is not a file. */
  readonly path: string | null;
  readonly syntax: PipelineSyntax;
  /** Of this very text; null while it is not known. */
  readonly plan: PlanFacts | null;
  /** The newest plan, perhaps of an older text: good enough to describe operators by uid. */
  readonly lastPlan: PlanFacts | null;
  /** How it fits the savepoint that it is bound to, perhaps of an older text; null where that is not known. */
  readonly savepointCheck: SavepointCheck | null;
  readonly trusted: boolean;
  readonly packageInstalled: boolean;
  readonly semantics: SemanticFacts;
}

export function readSyntax(document: TextDocument): PipelineSyntax {
  return readPipeline(ts.createSourceFile(document.uri, document.getText(), ts.ScriptTarget.Latest, true, ts.ScriptKind.TS));
}

export function pathOf(uri: string): string | null {
  try {
    return fileURLToPath(uri);
  } catch {
    return null;
  }
}

/** Whether Node would find the package from there. */
export function isPackageInstalled(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', 'tidemark', 'package.json'))) return true;
    if (folder === dirname(folder)) return false;
  }
}

export function isIn(span: Span, offset: number): boolean {
  return span.start <= offset && offset <= span.end;
}

export function planOperator(module: PipelineDocument, operator: OperatorSyntax): PlanOperatorFacts | null {
  return module.lastPlan?.operators.find(({ uid }) => uid === operator.uid) ?? null;
}

/** Where something is shown that has no place of its own. */
export function nearestPipeline({ syntax }: PipelineDocument): Span {
  const pipeline = syntax.pipelines.find(({ isDefault }) => isDefault) ?? syntax.pipelines[0];
  return pipeline?.nameSpan ?? { start: 0, end: 0 };
}
