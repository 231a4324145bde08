import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ExportFormat, StateSelection } from '../../server/src/protocol.ts';
import { bytes, count } from './figures.ts';
import { plainText } from './plainText.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const FORMATS: readonly { readonly format: ExportFormat; readonly label: string; readonly detail: string }[] = [
  { format: 'jsonl', label: 'JSON Lines', detail: vscode.l10n.t('One entry a line; keeps every type. What `tidemark dump` writes.') },
  { format: 'csv', label: 'CSV', detail: vscode.l10n.t('One row an entry, with a column for each part of keys and values.') },
  { format: 'parquet', label: 'Parquet', detail: vscode.l10n.t('The same columns with their types, compressed.') },
];

/** Asks for form and file, and writes the entries of a selection (null: all of the snapshot), with progress and a way to stop. */
export async function exportSnapshot(process: SnapshotProcess, location: string, selection: StateSelection | null): Promise<void> {
  const name = selection === null ? basename(location) : selection.state.replaceAll(/[^\w.-]+/g, '-');
  const picked = await vscode.window.showQuickPick([...FORMATS], {
    title: selection === null ? vscode.l10n.t('Export {0} as', name) : vscode.l10n.t('Export entries of {0} as', selection.state),
  });
  if (picked === undefined) return;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? homedir();
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(join(folder, `${name}.${picked.format}`)),
    filters: { [picked.label]: [picked.format] },
  });
  if (target === undefined) return;
  const done = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Exporting to {0}', basename(target.fsPath)),
      cancellable: true,
    },
    async (progress, token) => {
      let shown = 0;
      return process.requestWithProgress(
        'snapshot/export',
        { location, selection, format: picked.format, target: target.fsPath },
        ({ bytesRead, bytesTotal }) => {
          const percent = bytesTotal === 0 ? 0 : Math.floor((bytesRead / bytesTotal) * 100);
          progress.report({ increment: percent - shown, message: vscode.l10n.t('{0} % of {1} read', percent, bytes(bytesTotal)) });
          shown = percent;
        },
        token,
      );
    },
  );
  const open = vscode.l10n.t('Open');
  const reveal = vscode.l10n.t('Show in Explorer');
  const isText = picked.format !== 'parquet';
  const file = join(basename(dirname(target.fsPath)), basename(target.fsPath));
  const text =
    done.entries === 1
      ? vscode.l10n.t('1 entry is in {0}, {1}.', file, bytes(done.bytes))
      : vscode.l10n.t('{0} entries are in {1}, {2}.', count(done.entries), file, bytes(done.bytes));
  const answer = await vscode.window.showInformationMessage(plainText(text), isText ? open : reveal);
  if (answer === open) await vscode.commands.executeCommand('vscode.open', target);
  else if (answer === reveal) await vscode.commands.executeCommand('revealInExplorer', target);
}
