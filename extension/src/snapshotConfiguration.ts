import * as vscode from 'vscode';
import type { SnapshotConfiguration } from '../../server/src/protocol.ts';

const SECTION = 'tidemark.snapshots';

/** What the editor knows about snapshots and they do not say themselves: names of operators, where files have been moved, whom to trust. */
export function snapshotConfiguration(): SnapshotConfiguration {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const folders = vscode.workspace.workspaceFolders ?? [];
  return {
    folders: folders.filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath),
    uids: settings.get<string[]>('uids', []),
    pathMap: Object.entries(settings.get<Record<string, string>>('pathMap', {})).map(([from, to]) => ({ from, to })),
    trusted: vscode.workspace.isTrusted,
  };
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
