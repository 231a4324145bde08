import { CodeActionKind } from 'vscode-languageserver';
import type { CodeAction, Diagnostic } from 'vscode-languageserver';
import type { PipelineEdit } from '../../protocol.ts';
import type { PipelineDocument } from '../pipelineDocument.ts';
import { pipelineEdit } from '../pipelineEdit.ts';
import { SOURCE } from './diagnostics.ts';

/** TypeScript's "Cannot find module 'tidemark'": the same fix helps. */
const CANNOT_FIND_MODULE = new Set<unknown>([2307, 2792, 7016]);

export function provideCodeActions(module: PipelineDocument, given: readonly Diagnostic[]): CodeAction[] {
  return [...addPackage(module, given), ...fitSavepoint(module, given)];
}

/** What makes the pipeline fit its savepoint again, where that is a change of its text; and the whole report. */
function fitSavepoint(module: PipelineDocument, given: readonly Diagnostic[]): CodeAction[] {
  const { document, savepointCheck } = module;
  const own = given.filter(({ source, code }) => source === SOURCE && String(code).startsWith('savepoint-'));
  if (own.length === 0 || savepointCheck === null) return [];
  const fixes = own.flatMap((diagnostic): CodeAction[] => {
    const found = diagnostic.data === undefined ? null : pipelineEdit(module, diagnostic.data as PipelineEdit);
    if (found === null) return [];
    const { title, edits } = found;
    return [
      { title, kind: CodeActionKind.QuickFix, isPreferred: true, diagnostics: [diagnostic], edit: { changes: { [document.uri]: edits } } },
    ];
  });
  const { savepoint } = savepointCheck;
  const command = (title: string, id: string): CodeAction => ({
    title,
    kind: CodeActionKind.QuickFix,
    diagnostics: own,
    command: { title, command: id, arguments: [document.uri, savepoint] },
  });
  return [
    ...fixes,
    ...own.flatMap((diagnostic) => renameInSavepoint(diagnostic, savepoint)),
    command('Show how the pipeline fits the savepoint', 'tidemark.checkSavepoint'),
    command('Do not check against this savepoint any more', 'tidemark.stopCheckingSavepoint'),
  ];
}

/** The other way: the name in the code stays, and a new savepoint has it. The editor gathers edits to savepoints in a document. */
function renameInSavepoint(diagnostic: Diagnostic, savepoint: string): CodeAction[] {
  const edit = diagnostic.data as PipelineEdit | undefined;
  if (edit?.kind !== 'state') return [];
  const title = `Rename the state "${edit.to}" to "${edit.from}" in a copy of the savepoint`;
  const rename = { operator: edit.operator, state: edit.to, to: edit.from };
  const command = { title, command: 'tidemark.repair.renameState', arguments: [savepoint, rename] };
  return [{ title, kind: CodeActionKind.QuickFix, diagnostics: [diagnostic], command }];
}

/** Adds the package that the extension carries; the editor's command does it. */
function addPackage({ document }: PipelineDocument, given: readonly Diagnostic[]): CodeAction[] {
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
