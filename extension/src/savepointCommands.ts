import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { pickPipeline } from './pipelines.ts';
import type { Messages } from './messages.ts';
import { plainText } from './plainText.ts';
import type { Runs } from './runs.ts';
import type { SavepointFolders } from './savepointFolders.ts';
import type { SavepointsNode, SavepointsView, SnapshotRoot } from './savepointsView.ts';
import type { SnapshotDocuments } from './snapshotDocument.ts';

interface Rooms {
  readonly view: SavepointsView;
  readonly folders: SavepointFolders;
  readonly documents: SnapshotDocuments;
  readonly runs: Runs;
  readonly messages: Messages;
}

/** What can be done with a snapshot in the Savepoints view. */
export function registerSavepointCommands({ view, folders, documents, runs, messages }: Rooms): vscode.Disposable[] {
  const on = (id: string, what: string, work: (node: SnapshotRoot) => Promise<void>): vscode.Disposable =>
    vscode.commands.registerCommand(`tidemark.savepoints.${id}`, (node: SavepointsNode | undefined) =>
      messages.guard(what, async () => {
        if (node?.is === 'snapshot') await work(node);
      }),
    );
  return [
    vscode.commands.registerCommand('tidemark.savepoints.refresh', () => view.refresh()),
    vscode.commands.registerCommand('tidemark.savepoints.loadMore', (node: SavepointsNode | undefined) => {
      if (node?.is === 'more') view.loadMore(node);
    }),
    vscode.commands.registerCommand('tidemark.savepoints.openFolder', () =>
      messages.guard(vscode.l10n.t('The snapshot could not be opened'), async () => {
        if ((await folders.browse()) !== undefined) await vscode.commands.executeCommand('tidemark.savepoints.focus');
      }),
    ),
    on('openAsJson', vscode.l10n.t('The snapshot could not be opened as JSON'), (node) => documents.open(node.location)),
    on('copyPath', vscode.l10n.t('The path could not be copied'), async (node) => vscode.env.clipboard.writeText(node.location)),
    on('reveal', vscode.l10n.t('The snapshot could not be revealed'), reveal),
    on('delete', vscode.l10n.t('The snapshot could not be deleted'), (node) => remove(node, folders)),
    on('runFrom', vscode.l10n.t('The pipeline could not be restored'), (node) => runFrom(node, runs)),
  ];
}

async function reveal(node: SnapshotRoot): Promise<void> {
  // A browser has no file manager of the machine that the files are on: the Explorer shows them there.
  const isLocal = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  await vscode.commands.executeCommand(isLocal ? 'revealFileInOS' : 'revealInExplorer', vscode.Uri.file(node.location));
}

async function remove(node: SnapshotRoot, folders: SavepointFolders): Promise<void> {
  const { item, location } = node;
  if (item === null) return;
  // What is deleted must be what the engine wrote: a snapshot in its own folder below .tidemark.
  const kind = basename(dirname(location));
  if ((kind !== 'savepoints' && kind !== 'checkpoints') || basename(dirname(dirname(dirname(location)))) !== '.tidemark') {
    throw new Error(`${location} is not in a .tidemark folder. Tidemark deletes only there; delete it by hand if you want to.`);
  }
  const button = vscode.l10n.t('Delete');
  const answer = await vscode.window.showWarningMessage(
    plainText(vscode.l10n.t('Delete {0} of {1}?', basename(location), item.pipeline)),
    {
      modal: true,
      detail: plainText(vscode.l10n.t('The state in it is lost: no pipeline can be restored from it again.\n\n{0}', location)),
    },
    button,
  );
  if (answer !== button) return;
  await vscode.workspace.fs.delete(vscode.Uri.file(location), { recursive: true, useTrash: false });
  folders.changed();
}

async function runFrom(node: SnapshotRoot, runs: Runs): Promise<void> {
  const program = node.item?.program;
  if (program !== null && program !== undefined && (await exists(program))) {
    await runs.start(vscode.Uri.file(program), { savepoint: node.location });
    return;
  }
  // A snapshot from elsewhere does not say which module it belongs to: the user does.
  const picked = await pickPipeline(vscode.l10n.t('Run which pipeline from {0}?', basename(node.location)));
  if (picked !== undefined) await runs.start(picked, { savepoint: node.location });
}

async function exists(path: string): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(vscode.Uri.file(path));
    return true;
  } catch {
    return false;
  }
}
