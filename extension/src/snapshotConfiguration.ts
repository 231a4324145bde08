import * as vscode from 'vscode';
import type { SnapshotConfiguration } from '../../server/src/protocol.ts';

const SECTION = 'tidemark.snapshots';

/** What the editor knows about snapshots and they do not say themselves: names of operators, where files have been moved, whom to trust. */
export function snapshotConfiguration(): SnapshotConfiguration {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  return {
    folders: folders.map(({ uri }) => uri.fsPath),
    ...settingsOf(undefined),
    byFolder: folders.map(({ uri }) => ({ folder: uri.fsPath, ...settingsOf(uri) })),
    trusted: vscode.workspace.isTrusted,
  };
}

/** Of a folder; of the workspace as a whole for what is in no folder. */
function settingsOf(folder: vscode.Uri | undefined): Pick<SnapshotConfiguration, 'uids' | 'pathMap'> {
  const settings = vscode.workspace.getConfiguration(SECTION, folder);
  const pathMap = Object.entries(settings.get<Record<string, string>>('pathMap', {})).map(([from, to]) => ({ from, to }));
  return { uids: settings.get<string[]>('uids', []), pathMap };
}

export function onSnapshotConfiguration(changed: () => void): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(SECTION)) changed();
    }),
    vscode.workspace.onDidChangeWorkspaceFolders(changed),
    vscode.workspace.onDidGrantWorkspaceTrust(changed),
  );
}
