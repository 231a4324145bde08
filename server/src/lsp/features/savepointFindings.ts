import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DiagnosticSeverity } from 'vscode-languageserver';
import type { CheckFinding } from '../../protocol.ts';
import { nearestPipeline, type PipelineDocument } from '../pipelineDocument.ts';
import type { OperatorSyntax, Span } from '../pipelineSyntax.ts';
import type { Finding } from './diagnostics.ts';

/** What becomes of state is not a mistake in the code: only what cannot be restored is an error. */
const LOST: readonly string[] = ['leftBehind', 'unknownOperator'];

/** Where the pipeline does not fit the savepoint that it is bound to. */
export function savepointFindings(module: PipelineDocument): Finding[] {
  const check = module.savepointCheck;
  if (check === null) return [];
  return check.findings.filter(({ severity }) => severity !== 'info').map((finding) => toFinding(module, finding, check.savepoint));
}

function toFinding(module: PipelineDocument, finding: CheckFinding, savepoint: string): Finding {
  const { code, severity, state, operator, message, remedy, schemas, edit } = finding;
  const name = basename(savepoint);
  const isLost = LOST.includes(code);
  const { span, isPlace } = placeOf(module, finding);
  const subject = state !== null ? `State "${state}"` : code === 'unknownOperator' || !isPlace ? `Operator "${operator ?? ''}"` : 'It';
  const text = operator === null ? message : `${subject} ${message}`;
  const related: NonNullable<Finding['related']>[number][] = [];
  if (schemas !== null) {
    related.push(
      { uri: metadataOf(savepoint), message: `in ${name}: ${schemas.written}` },
      { span, message: `in the pipeline: ${schemas.wanted}` },
    );
  }
  const field = edit?.kind === 'field' ? module.syntax.typeOfField(edit.record, edit.field) : null;
  if (edit?.kind === 'field' && field !== null) related.push({ span: field, message: `${edit.field} was ${edit.type} in ${name}` });
  return {
    code: isLost ? 'savepoint-left-behind' : severity === 'error' ? 'savepoint-incompatible' : 'savepoint-differs',
    severity: isLost || severity === 'warning' ? DiagnosticSeverity.Warning : DiagnosticSeverity.Error,
    span,
    message: `${name} does not fit here. ${text}${remedy === null ? '' : ` ${remedy}`}`,
    related,
    edit: edit ?? undefined,
  };
}

/** The state, else the operator, else what it was probably renamed to, else the pipeline. */
function placeOf(module: PipelineDocument, { operator, state, edit }: CheckFinding): { readonly span: Span; readonly isPlace: boolean } {
  const uid = edit?.kind === 'uid' ? edit.from : operator;
  const found = module.syntax.operators.find((each) => each.uid !== null && each.uid === uid);
  if (found === undefined) return { span: nearestPipeline(module), isPlace: false };
  return { span: stateOf(found, edit?.kind === 'state' ? edit.from : state)?.nameSpan ?? found.uidSpan, isPlace: true };
}

function stateOf({ states }: OperatorSyntax, name: string | null): OperatorSyntax['states'][number] | undefined {
  return states.find((state) => state.name === name);
}

/** The document that the savepoint page opens. */
function metadataOf(savepoint: string): string | null {
  return savepoint.startsWith('/') || /^[a-zA-Z]:\\/.test(savepoint) ? pathToFileURL(join(savepoint, '_metadata')).href : null;
}
