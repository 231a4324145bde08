import { realpathSync } from 'node:fs';
import { DiagnosticSeverity, DiagnosticTag } from 'vscode-languageserver';
import type { Diagnostic } from 'vscode-languageserver';
import type { PipelineEdit } from '../../protocol.ts';
import { nearestPipeline, type PipelineDocument } from '../pipelineDocument.ts';
import type { OperatorSyntax, Span } from '../pipelineSyntax.ts';
import type { PlanProblem } from '../planFacts.ts';
import { toRange, wordAt } from '../toProtocol.ts';
import { savepointFindings } from './savepointFindings.ts';

/** Each is a section of docs/diagnostics.md. */
export type DiagnosticCode =
  | 'duplicate-uid'
  | 'uid-not-literal'
  | 'no-sink'
  | 'no-pipeline'
  | 'duplicate-state'
  | 'changed-record'
  | 'missing-package'
  | 'plan-error'
  | 'plan-warning'
  | 'savepoint-incompatible'
  | 'savepoint-left-behind'
  | 'savepoint-differs';

export const SOURCE = 'tidemark';

export interface Finding {
  readonly code: DiagnosticCode;
  readonly severity: DiagnosticSeverity;
  readonly span: Span;
  readonly message: string;
  /** Places in this text, or other documents; those without one are left out. */
  readonly related?: readonly (
    { readonly span: Span; readonly message: string } | { readonly uri: string | null; readonly message: string }
  )[];
  /** A change of the text that is offered for it. */
  readonly edit?: PipelineEdit | undefined;
  readonly unused?: boolean;
  /** The builder did not refuse, its code failed. */
  readonly threw?: boolean;
}

/** Ours alone, and nothing where TypeScript has its own to say: not in a text that does not parse, not on top of its errors. */
export function provideDiagnostics(module: PipelineDocument): Diagnostic[] {
  const { syntax } = module;
  if (syntax.hasSyntaxErrors) return [];
  const own = [
    ...duplicateUids(module),
    ...uidsThatAreNoLiterals(module),
    ...deadEnds(module),
    ...duplicateStates(module),
    ...changedRecords(module),
    ...noPipeline(module),
  ];
  const missing = missingPackage(module);
  const built = missing.length > 0 ? [] : [...planFindings(module, own), ...savepointFindings(module)];
  const all = [...own, ...missing, ...built];
  return withoutWhatTypeScriptTells(module, all).map((each) => toDiagnostic(module, each));
}

/** In a statement with an error of TypeScript's, what we make of it may be wrong; and what user code threw comes of its errors. */
function withoutWhatTypeScriptTells({ syntax, semantics, path, document }: PipelineDocument, all: readonly Finding[]): readonly Finding[] {
  const errors = all.length === 0 || path === null ? [] : semantics.errors(path, document.getText());
  if (errors.length === 0) return all;
  const statements = errors.map(({ start }) => syntax.statementAt(start));
  const isTold = ({ code, span, threw }: Finding): boolean => {
    if (code === 'missing-package') return false;
    const own = syntax.statementAt(span.start);
    return threw === true || statements.some(({ start, end }) => start === own.start && end === own.end);
  };
  return all.filter((finding) => !isTold(finding));
}

function duplicateUids({ syntax }: PipelineDocument): Finding[] {
  const first = new Map<string, OperatorSyntax>();
  return syntax.operators.flatMap((operator): Finding[] => {
    if (operator.uid === null) return [];
    // What is outside of any pipeline may belong to several.
    const key = `${String(operator.pipeline?.start ?? -1)} ${operator.uid}`;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, operator);
      return [];
    }
    const message = `The uid "${operator.uid}" is used twice. Savepoints find state by uid: give each operator its own.`;
    const related = [{ span: earlier.uidSpan, message: `"${operator.uid}" is used here first` }];
    return [{ code: 'duplicate-uid', severity: DiagnosticSeverity.Error, span: operator.uidSpan, message, related }];
  });
}

function uidsThatAreNoLiterals({ syntax }: PipelineDocument): Finding[] {
  return syntax.operators
    .filter((operator) => operator.uid === null && operator.mayBeUid)
    .map((operator) => ({
      code: 'uid-not-literal',
      severity: DiagnosticSeverity.Warning,
      span: operator.uidSpan,
      message: `The uid of "${operator.method}" is not a string literal. A uid that changes between runs loses the operator's state at the next restore.`,
    }));
}

/** Only the last operators of a dead branch are told: what comes before them dies of the same. */
function deadEnds({ syntax }: PipelineDocument): Finding[] {
  const fed = new Set(syntax.operators.flatMap((operator) => operator.inputs));
  return syntax.operators
    .filter((operator) => operator.method !== 'sink' && !operator.escapes && !fed.has(operator))
    .map((operator) => ({
      code: 'no-sink',
      severity: DiagnosticSeverity.Warning,
      span: operator.uidSpan,
      message: `The stream of ${operator.uid === null ? `this ${operator.method}` : `"${operator.uid}"`} reaches no sink, so its records are seen nowhere. End it with .sink(...), or remove it.`,
      unused: true,
    }));
}

function duplicateStates({ syntax }: PipelineDocument): Finding[] {
  return syntax.operators.flatMap((operator) =>
    operator.states.flatMap((state, index): Finding[] => {
      const earlier = operator.states.slice(0, index).find(({ name }) => name === state.name);
      // Twice in one object literal is TypeScript's to tell.
      if (earlier === undefined || earlier.section === state.section) return [];
      const message = `The state "${state.name}" is declared in ${earlier.section} and in ${state.section} of one operator. States of an operator need names of their own.`;
      const related = [{ span: earlier.nameSpan, message: `"${state.name}" is declared here first` }];
      return [{ code: 'duplicate-state', severity: DiagnosticSeverity.Error, span: state.nameSpan, message, related }];
    }),
  );
}

function changedRecords({ syntax }: PipelineDocument): Finding[] {
  return syntax.changes.map(({ span, what, root }) => ({
    code: 'changed-record',
    severity: DiagnosticSeverity.Warning,
    span,
    message:
      what === 'record'
        ? `This changes the record "${root}", which other operators and state have too: they see the change, or a snapshot has it. Make a new one, such as { ...${root}, field: value }, or set copyRecords: true in the pipeline's options.`
        : `This changes a value of state in place, which a snapshot that is being written has too. Make a new value, and store it.`,
  }));
}

function noPipeline({ syntax, document }: PipelineDocument): Finding[] {
  if (syntax.hasDefaultExport) return [];
  const [pipeline] = syntax.pipelines;
  const span = pipeline?.nameSpan ?? { start: 0, end: document.offsetAt({ line: 0, character: Number.MAX_SAFE_INTEGER }) };
  const message = `This module exports no pipeline. Write "export default pipeline('name', (p) => { ... })".`;
  return [{ code: 'no-pipeline', severity: DiagnosticSeverity.Error, span, message }];
}

function missingPackage({ syntax, packageInstalled, path }: PipelineDocument): Finding[] {
  if (packageInstalled || path === null) return [];
  const message = 'The package "tidemark" is not installed here. Add it with the quick fix; it comes with the extension.';
  return syntax.imports.slice(0, 1).map((span) => ({ code: 'missing-package', severity: DiagnosticSeverity.Information, span, message }));
}

/** What the builder said when it was run. Syntax errors and what the syntax has already told are left out. */
function planFindings(module: PipelineDocument, own: readonly Finding[]): Finding[] {
  const { plan, path, syntax } = module;
  if (plan === null || path === null) return [];
  const told = (problem: PlanProblem): boolean =>
    problem.code === 'syntax' ||
    problem.code === 'missing' ||
    problem.code === 'noSink' ||
    (problem.code === 'noDefaultExport' && own.some(({ code }) => code === 'no-pipeline')) ||
    (problem.uid !== null && own.some(({ code, message }) => code === 'duplicate-uid' && message.includes(`"${problem.uid ?? ''}"`)));
  return plan.problems
    .filter((problem) => !told(problem))
    .map((problem): Finding => {
      const operator = syntax.operators.find(({ uid }) => uid !== null && uid === problem.uid);
      const here = problem.position !== null && samePath(problem.position.file, path) ? problem.position : null;
      const span = operator?.uidSpan ?? (here === null ? nearestPipeline(module) : wordAt(module.document, here.line, here.column));
      const isError = problem.severity === 'error';
      return {
        code: isError ? 'plan-error' : 'plan-warning',
        severity: isError ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
        span,
        message: problem.message,
        threw: problem.code === 'threw',
      };
    });
}

function toDiagnostic({ document }: PipelineDocument, finding: Finding): Diagnostic {
  return {
    range: toRange(document, finding.span),
    severity: finding.severity,
    code: finding.code,
    source: SOURCE,
    message: finding.message,
    ...(finding.edit === undefined ? {} : { data: finding.edit }),
    ...(finding.unused === true ? { tags: [DiagnosticTag.Unnecessary] } : {}),
    ...(finding.related === undefined
      ? {}
      : {
          relatedInformation: finding.related.flatMap((each) => {
            const { message } = each;
            if ('span' in each) return [{ location: { uri: document.uri, range: toRange(document, each.span) }, message }];
            return each.uri === null ? [] : [{ location: { uri: each.uri, range: toRange(document, { start: 0, end: 0 }) }, message }];
          }),
        }),
  };
}

function samePath(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
