import { CodeActionKind } from 'vscode-languageserver';
import type { CodeAction, Diagnostic } from 'vscode-languageserver';
import type { PipelineDocument } from '../pipelineDocument.ts';
import { SOURCE } from './diagnostics.ts';

/** TypeScript's "Cannot find module 'tidemark'": the same fix helps. */
const CANNOT_FIND_MODULE = new Set<unknown>([2307, 2792, 7016]);

/** Adds the package that the extension carries; the editor's command does it. */
export function provideCodeActions({ document }: PipelineDocument, given: readonly Diagnostic[]): CodeAction[] {
  const diagnostics = given.filter(
    ({ source, code, message }) =>
      (source === SOURCE && code === 'missing-package') ||
      (CANNOT_FIND_MODULE.has(Number(code)) && /'tidemark(?:\/\w+)?'/.test(typeof message === 'string' ? message : message.value)),
  );
  if (diagnostics.length === 0) return [];
  const title = 'Add the tidemark package';
  return [
    {
      title,
      kind: CodeActionKind.QuickFix,
      isPreferred: true,
      diagnostics,
      command: { title, command: 'tidemark.addPackage', arguments: [document.uri] },
    },
  ];
}
