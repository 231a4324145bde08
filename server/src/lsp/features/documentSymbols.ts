import { SymbolKind } from 'vscode-languageserver';
import type { DocumentSymbol } from 'vscode-languageserver';
import { planOperator, type PipelineDocument } from '../pipelineDocument.ts';
import type { OperatorSyntax } from '../pipelineSyntax.ts';
import { toRange } from '../toProtocol.ts';

/** Pipelines, in them their operators, in these their states. Operators of helper functions are beside the pipelines. */
export function provideDocumentSymbols(module: PipelineDocument): DocumentSymbol[] {
  const { document, syntax } = module;
  const operatorsOf = (pipeline: OperatorSyntax['pipeline']): DocumentSymbol[] =>
    syntax.operators.filter((operator) => operator.pipeline === pipeline).map((operator) => symbolOf(module, operator));
  const pipelines = syntax.pipelines.map((pipeline): DocumentSymbol => ({
    name: pipeline.name,
    detail: 'pipeline',
    kind: SymbolKind.Module,
    range: toRange(document, pipeline),
    selectionRange: toRange(document, pipeline.nameSpan),
    children: operatorsOf(pipeline),
  }));
  return [...pipelines, ...operatorsOf(null)];
}

function symbolOf(module: PipelineDocument, operator: OperatorSyntax): DocumentSymbol {
  const { document } = module;
  return {
    name: operator.uid ?? `(${document.getText(toRange(document, operator.uidSpan)).slice(0, 80)})`,
    detail: planOperator(module, operator)?.kind ?? operator.method,
    kind: operator.method === 'source' ? SymbolKind.Event : operator.method === 'sink' ? SymbolKind.Interface : SymbolKind.Function,
    range: toRange(document, operator.span),
    selectionRange: toRange(document, operator.uidSpan),
    children: operator.states.map((state) => ({
      name: state.name,
      detail: state.declaration.split('\n', 1)[0] ?? '',
      kind: SymbolKind.Field,
      range: toRange(document, state.span),
      selectionRange: toRange(document, state.nameSpan),
    })),
  };
}
