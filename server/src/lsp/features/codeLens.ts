import type { CodeLens } from 'vscode-languageserver';
import type { PipelineDocument } from '../pipelineDocument.ts';
import { toRange } from '../toProtocol.ts';

const LENSES = [
  ['Run', 'tidemark.run'],
  ['Debug', 'tidemark.debug'],
  ['Restore…', 'tidemark.restore'],
] as const;

/** Above the exported pipeline. None where code must not be run. */
export function provideCodeLenses({ document, syntax, trusted }: PipelineDocument): CodeLens[] {
  const pipeline = syntax.pipelines.find(({ isDefault }) => isDefault);
  if (pipeline === undefined || !trusted) return [];
  const range = toRange(document, pipeline.nameSpan);
  return LENSES.map(([title, command]) => ({ range, command: { title, command, arguments: [document.uri] } }));
}
