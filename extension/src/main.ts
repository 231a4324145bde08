import * as vscode from 'vscode';
import { CheckBindings } from './checkBindings.ts';
import { decideStart, registerCheckCommands } from './checkCommands.ts';
import { registerCompareCommands } from './compareCommands.ts';
import { ComparedEntries } from './comparedEntries.ts';
import { showComparison, type Compared } from './comparePanel.ts';
import { DataflowPanel } from './dataflowPanel.ts';
import { registerDebugConfigurations } from './debugConfigurations.ts';
import { registerDoctorCommands } from './doctorCommands.ts';
import { EntryDocuments } from './entryDocuments.ts';
import { offerInterruptedRuns } from './interruptedRuns.ts';
import { startLanguageClient } from './languageClient.ts';
import { watchLaunchKey } from './launchKey.ts';
import { Messages } from './messages.ts';
import { NewPipeline } from './newPipeline.ts';
import { watchRefusedStarts } from './refusedStarts.ts';
import { registerRepairCommands } from './repairCommands.ts';
import { registerRunCommands } from './runCommands.ts';
import { Runs } from './runs.ts';
import { registerSavepointCommands } from './savepointCommands.ts';
import { SavepointEditor } from './savepointEditor.ts';
import { SavepointFolders } from './savepointFolders.ts';
import { SavepointPicker } from './savepointPicker.ts';
import { SavepointsView } from './savepointsView.ts';
import { SnapshotDocuments } from './snapshotDocument.ts';
import { onSnapshotConfiguration, snapshotConfiguration } from './snapshotConfiguration.ts';
import { SnapshotProcess } from './snapshotProcess.ts';
import { askForSecret } from './sealedArchives.ts';
import { StatusItem } from './statusItem.ts';
import { mayStart } from './typeErrors.ts';
import { TidemarkPackage } from './tidemarkPackage.ts';
import { watchWalkthrough } from './walkthrough.ts';

/** Wires the features by hand, in one place. The debug adapter is started by VS Code itself, from the manifest. */
export function activate(context: vscode.ExtensionContext): void {
  const messages = new Messages(vscode.window.createOutputChannel('Tidemark', { log: true }));
  const program = (name: string): string => vscode.Uri.joinPath(context.extensionUri, 'dist', name).fsPath;

  const snapshots = new SnapshotProcess(program('snapshots.cjs'), snapshotConfiguration, askForSecret, messages.log);
  const folders = new SavepointFolders(context.workspaceState, (location) => snapshots.request('snapshot/open', { location }));
  const picker = new SavepointPicker(snapshots, folders);
  const view = new SavepointsView(snapshots, folders);
  const documents = new SnapshotDocuments(snapshots, messages);
  const entries = new EntryDocuments(snapshots);
  const compared = new ComparedEntries(snapshots);
  const page = vscode.Uri.joinPath(context.extensionUri, 'dist/page');
  const runs = new Runs();
  const bindings = new CheckBindings(context.workspaceState);
  const checks = { page, process: snapshots, runs, messages };
  const carried = new TidemarkPackage(vscode.Uri.joinPath(context.extensionUri, 'package').fsPath, messages);
  const newPipeline = new NewPipeline(vscode.Uri.joinPath(context.extensionUri, 'templates'), carried, context.globalState, messages);

  const language = startLanguageClient(program('lsp.cjs'), { messages, process: snapshots, bindings });

  const tree = vscode.window.createTreeView('tidemark.savepoints', {
    treeDataProvider: view,
    dragAndDropController: view,
    showCollapseAll: true,
    canSelectMany: true,
  });
  const compare = (before: string, after: string, more: Partial<Compared> = {}): Promise<vscode.Disposable> =>
    showComparison({ page, process: snapshots, entries: compared, messages }, { renames: [], preview: null, ...more, before, after });

  context.subscriptions.push(
    messages.log,
    snapshots,
    folders,
    runs,
    view,
    tree,
    documents.register(),
    entries.register(),
    compared.register(),
    ...new SavepointEditor({ page, process: snapshots, documents, entries, messages }).register(),
    ...registerSavepointCommands({ view, folders, documents, runs, messages }),
    ...registerCompareCommands({
      process: snapshots,
      folders,
      runs,
      messages,
      pick: (title) => picker.pick(title),
      show: compare,
    }),
    ...registerRepairCommands({
      process: snapshots,
      messages,
      compare,
      selected: () => tree.selection[0],
      pick: (title) => picker.pick(title),
      reveal: async (location) => {
        const node = (await view.find(location)) ?? (await folders.remember(location).then(() => view.find(location)));
        view.refresh();
        if (node !== undefined) await tree.reveal(node, { select: true });
      },
    }),
    // For the command palette: what is done with an item needs one that is selected.
    tree.onDidChangeSelection(({ selection: [node] }) => {
      const kind = node === undefined ? undefined : view.getTreeItem(node).contextValue;
      void vscode.commands.executeCommand('setContext', 'tidemark.selectedItem', kind);
    }),
    bindings,
    ...registerCheckCommands({ ...checks, picker, bindings }),
    ...registerDoctorCommands({ page, process: snapshots, picker, messages }),
    ...registerDebugConfigurations(
      picker,
      (module) => mayStart(module, (path) => language.typeErrors(path)),
      async (module, location) => {
        const decision = await decideStart(checks, module, location);
        await bindings.bind(module, location);
        return decision;
      },
    ),
    ...registerRunCommands(runs, picker, messages),
    // The adapter hears of a snapshot before the file watcher does.
    runs.onDidChange(({ run, change }) => {
      if (change !== 'snapshot') return;
      folders.changed();
      // From now on what the pipeline would be restored from is known, and edits that do not fit it are underlined.
      if (run.info !== null && run.lastSavepoint !== null) void bindings.follow(run.info.program, run.lastSavepoint);
    }),
    onSnapshotConfiguration(() => {
      snapshots.configure();
      view.refresh();
    }),
    new DataflowPanel(page, runs, messages),
    new StatusItem(runs),
    watchRefusedStarts(runs),
    watchWalkthrough(runs),
    offerInterruptedRuns({ process: snapshots, folders, runs, memory: context.workspaceState, messages }),
    watchLaunchKey(),
    language.subscription,
    carried.register(),
    newPipeline.register(),
    vscode.commands.registerCommand('tidemark.showLog', () => messages.log.show()),
  );
  void messages.guard(vscode.l10n.t('The new pipeline could not be shown'), () => newPipeline.showRemembered());
}
