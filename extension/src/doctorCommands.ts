import { homedir } from 'node:os';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { DoctorReport } from '../../server/src/protocol.ts';
import type { FromDoctorPage, ToDoctorPage } from '../../webview/src/doctor/protocol.ts';
import type { Messages } from './messages.ts';
import { pageHtml } from './pageHtml.ts';
import type { SavepointPicker } from './savepointPicker.ts';
import type { SavepointsNode } from './savepointsView.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const VIEW_TYPE = 'tidemark.doctor';

interface Rooms {
  /** The folder of the built pages. */
  readonly page: vscode.Uri;
  readonly process: SnapshotProcess;
  readonly picker: SavepointPicker;
  readonly messages: Messages;
}

/** What in a savepoint will hurt later, as a page: each finding with its place and its remedy. */
export function registerDoctorCommands(rooms: Rooms): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand('tidemark.examineSavepoint', (target: vscode.Uri | SavepointsNode | undefined) =>
      guarded(rooms, async () => {
        const location = locationIn(target) ?? (await rooms.picker.pick(vscode.l10n.t('Examine which savepoint or checkpoint?')));
        if (location !== undefined) await show(rooms, await examine(rooms, location));
      }),
    ),
  ];
}

function guarded({ messages }: Rooms, work: () => Promise<void>): Promise<void> {
  return messages.guard(vscode.l10n.t('The savepoint could not be examined'), work).then(() => undefined);
}

async function show(rooms: Rooms, examined: DoctorReport): Promise<void> {
  let report = examined;
  const { location } = report;
  const name = basename(location);
  const panel = vscode.window.createWebviewPanel(VIEW_TYPE, vscode.l10n.t('{0}: examination', name), vscode.ViewColumn.Active, {
    enableScripts: true,
    localResourceRoots: [rooms.page],
    retainContextWhenHidden: true,
  });
  let isDisposed = false;
  panel.onDidDispose(() => (isDisposed = true));
  const send = (): void => {
    if (!isDisposed) void panel.webview.postMessage({ kind: 'report', savepoint: name, report } satisfies ToDoctorPage);
  };
  panel.webview.onDidReceiveMessage((message: FromDoctorPage) => {
    switch (message.kind) {
      case 'ready':
        send();
        return;
      case 'again':
        void guarded(rooms, async () => {
          report = await examine(rooms, location);
          send();
        });
        return;
      case 'openSavepoint':
        void vscode.commands.executeCommand('tidemark.openSavepointEditor', location, message.operatorId);
        return;
      case 'copy':
        void vscode.env.clipboard.writeText(message.text);
        return;
    }
  });
  panel.webview.html = await pageHtml(panel.webview, rooms.page, 'doctor.html');
}

/** Reads all of it, with its progress shown. */
async function examine({ process }: Rooms, location: string): Promise<DoctorReport> {
  const title = vscode.l10n.t('Examining {0}', basename(location));
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, (progress, token) =>
    process
      .requestWithProgress(
        'snapshot/doctor',
        { location, scan: true, ...kafkaOf() },
        ({ bytesRead, bytesTotal }) => {
          if (bytesTotal > 0) progress.report({ message: `${String(Math.round((100 * bytesRead) / bytesTotal))} %` });
        },
        token,
      )
      .catch((error: unknown) => {
        throw token.isCancellationRequested ? new vscode.CancellationError() : error;
      }),
  );
}

/** The cluster that is configured, where there is one. */
function kafkaOf(): { readonly kafka?: { readonly cluster: string; readonly folder: string } } {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const cluster = vscode.workspace.getConfiguration('tidemark', folder).get<string>('kafka.cluster', '').trim();
  // Only a trusted workspace may have hosts contacted.
  return cluster === '' || !vscode.workspace.isTrusted ? {} : { kafka: { cluster, folder: folder?.uri.fsPath ?? homedir() } };
}

function locationIn(target: vscode.Uri | SavepointsNode | undefined): string | undefined {
  if (target instanceof vscode.Uri) return target.scheme === 'file' ? target.fsPath : target.query;
  return target?.is === 'snapshot' ? target.location : undefined;
}
