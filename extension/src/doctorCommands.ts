import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { DoctorReport } from '../../server/src/protocol.ts';
import type { Messages } from './messages.ts';
import type { SavepointPicker } from './savepointPicker.ts';
import type { SavepointsNode } from './savepointsView.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

interface Rooms {
  readonly process: SnapshotProcess;
  readonly picker: SavepointPicker;
  readonly messages: Messages;
}

/** What in a savepoint will hurt later, as a document: each finding with its place and its remedy. */
export function registerDoctorCommands({ process, picker, messages }: Rooms): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand('tidemark.examineSavepoint', (target: vscode.Uri | SavepointsNode | undefined) =>
      messages.guard(vscode.l10n.t('The savepoint could not be examined'), async () => {
        const location = locationIn(target) ?? (await picker.pick());
        if (location === undefined) return;
        const title = vscode.l10n.t('Examining {0}', basename(location));
        const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
        const report = await vscode.window.withProgress(options, (progress, token) =>
          process
            .requestWithProgress(
              'snapshot/doctor',
              { location, scan: true },
              ({ bytesRead, bytesTotal }) => {
                if (bytesTotal > 0) progress.report({ message: `${String(Math.round((100 * bytesRead) / bytesTotal))} %` });
              },
              token,
            )
            .catch((error: unknown) => {
              throw token.isCancellationRequested ? new vscode.CancellationError() : error;
            }),
        );
        const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: textOf(report) });
        await vscode.window.showTextDocument(document, { preview: true });
      }),
    ),
  ];
}

function locationIn(target: vscode.Uri | SavepointsNode | undefined): string | undefined {
  if (target instanceof vscode.Uri) return target.scheme === 'file' ? target.fsPath : target.query;
  return target?.is === 'snapshot' ? target.location : undefined;
}

function textOf({ location, findings }: DoctorReport): string {
  const marks = { error: 'Error', warning: 'Warning', info: 'Note' } as const;
  const parts = findings.map(({ severity, operator, state, file, message, remedy }) => {
    const place = [operator, state, file].filter((part) => part !== null).join(', ');
    return `## ${marks[severity]}${place === '' ? '' : `: ${place}`}\n\n${message}\n${remedy === null ? '' : `\n> ${remedy}\n`}`;
  });
  const nothing = `${vscode.l10n.t('Nothing in it will hurt later, as far as can be seen.')}\n`;
  return `# ${basename(location)}\n\n${location}\n\n${parts.length === 0 ? nothing : parts.join('\n')}`;
}
