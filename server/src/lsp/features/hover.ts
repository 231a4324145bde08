import type { Hover } from 'vscode-languageserver';
import { isIn, planOperator, type PipelineDocument } from '../pipelineDocument.ts';
import type { OperatorSyntax } from '../pipelineSyntax.ts';
import type { PlanOperatorFacts } from '../planFacts.ts';
import { shownText } from '../../shownText.ts';
import { toRange } from '../toProtocol.ts';

/** On a uid: its operator, what it emits, its key and its states; from the plan where there is one, else from the syntax and its types. */
export async function provideHover(module: PipelineDocument, offset: number): Promise<Hover | null> {
  const operator = module.syntax.operators.find(({ uid, uidSpan }) => uid !== null && isIn(uidSpan, offset));
  if (operator === undefined) return null;
  const facts = planOperator(module, operator);
  const lines = facts === null ? await fromSyntax(module, operator) : fromPlan(facts);
  return {
    contents: {
      kind: 'markdown',
      value: shownText([`**${escape(operator.uid ?? '')}** · ${facts?.kind ?? operator.method}`, ...lines].join('\n\n')),
    },
    range: toRange(module.document, operator.uidSpan),
  };
}

function fromPlan(facts: PlanOperatorFacts): string[] {
  const lines = [
    facts.detail === '' ? null : escape(facts.detail),
    facts.emits === null ? null : `emits ${code(facts.emits)}`,
    states(facts.states.map(({ name, kind, type }) => [name, `${kind} ${type}`])),
    `parallelism ${String(facts.parallelism)}, operator id ${code(facts.operatorId)}`,
  ];
  return lines.filter((line) => line !== null);
}

async function fromSyntax(module: PipelineDocument, operator: OperatorSyntax): Promise<string[]> {
  const type = module.path === null ? null : await module.semantics.recordTypeAt(module.path, operator.span.start);
  const lines = [
    operator.keyType === null ? null : `keyed by ${code(operator.keyType)}`,
    type === null ? null : `records ${code(type)}`,
    states(operator.states.map(({ name, declaration }) => [name, declaration.replaceAll(/\s+/g, ' ')])),
  ];
  return lines.filter((line) => line !== null);
}

function states(named: readonly (readonly [string, string])[]): string | null {
  return named.length === 0 ? null : ['state', ...named.map(([name, type]) => `- ${code(name)}: ${code(type)}`)].join('\n');
}

/** As Markdown code, whatever backticks the text has. */
function code(given: string): string {
  // A line break would end the code.
  const text = given.replaceAll(/\s+/g, ' ');
  const fence = '`'.repeat(Math.max(0, ...Array.from(text.matchAll(/`+/g), ([ticks]) => ticks.length)) + 1);
  return fence.length === 1 ? `\`${text}\`` : `${fence} ${text} ${fence}`;
}

function escape(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_{}[\]<>()#+!|]/g, String.raw`\$&`);
}
