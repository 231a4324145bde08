import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import type { SnapshotListItem } from '../../server/src/protocol.ts';
import type { Messages } from './messages.ts';
import type { Runs } from './runs.ts';
import type { SavepointFolders } from './savepointFolders.ts';
import type { SavepointsNode } from './savepointsView.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

interface Rooms {
  readonly process: SnapshotProcess;
  readonly folders: SavepointFolders;
  readonly runs: Runs;
  readonly messages: Messages;
  /** Asks for a snapshot; undefined when the user gave up. */
  readonly pick: (title: string) => Promise<string | undefined>;
  /** Shows what has changed from one location to the other. */
  readonly show: (before: string, after: string) => Promise<unknown>;
}

/** For `when` clauses: there is something to compare with. */
const SELECTED = 'tidemark.hasSelectedForCompare';

type Target = vscode.Uri | SavepointsNode | undefined;

/** Which two snapshots are compared. A snapshot is a node of the Savepoints view, or a file or folder of the Explorer. */
export function registerCompareCommands({ process, folders, runs, messages, pick, show }: Rooms): vscode.Disposable[] {
  let selected: string | null = null;
  const on = (id: string, work: (target: Target, other: unknown) => Promise<void>): vscode.Disposable =>
    vscode.commands.registerCommand(`tidemark.compare.${id}`, (target: Target, other: unknown) =>
      messages.guard(vscode.l10n.t('The snapshots could not be compared'), () => work(target, other)),
    );
  /** It knows which snapshot is meant by a folder of checkpoints. */
  const locationOf = async (target: Target): Promise<string | undefined> => {
    if (target instanceof vscode.Uri) {
      const path = basename(target.fsPath) === '_metadata' ? dirname(target.fsPath) : target.fsPath;
      return (await process.request('snapshot/overview', { location: path })).location;
    }
    return target?.is === 'snapshot' ? target.location : undefined;
  };
  const around = async (location: string): Promise<SnapshotListItem[]> =>
    (await process.request('snapshot/list', { folders: [...folders.roots, dirname(location)] })).snapshots;
  return [
    on('select', async (target) => {
      selected = (await locationOf(target)) ?? (await pick(vscode.l10n.t('Compare which snapshot?'))) ?? null;
      await vscode.commands.executeCommand('setContext', SELECTED, selected !== null);
      if (selected !== null) vscode.window.setStatusBarMessage(vscode.l10n.t('{0} is selected for compare', basename(selected)), 5000);
    }),
    on('withSelected', async (target) => {
      const before = selected;
      if (before === null) throw new Error(vscode.l10n.t('No snapshot is selected yet. Use "Select for Compare" on one first.'));
      const after = (await locationOf(target)) ?? (await pick(vscode.l10n.t('Compare {0} with which snapshot?', basename(before))));
      if (after !== undefined) await show(before, after);
    }),
    on('withPrevious', async (target) => {
      const after = await locationOf(target);
      if (after === undefined) return;
      const before = previousOf(after, await around(after));
      if (before === null) throw new Error(vscode.l10n.t('{0} has no earlier checkpoint beside it.', basename(after)));
      await show(before, after);
    }),
    on('withRunning', async (target) => {
      const run = runs.active;
      if (run === null) throw new Error(vscode.l10n.t('No pipeline is running. Start one with F5 in a *.pipeline.ts.'));
      const before = (await locationOf(target)) ?? (await pick(vscode.l10n.t('Compare the running pipeline with which snapshot?')));
      if (before === undefined) return;
      // It stays, as every savepoint does: Restart goes on from the newest.
      const snapshot = await runs.snapshot(run, 'tidemark/savepoint');
      await show(before, snapshot.path);
    }),
    /** Two nodes or files, in either order: the older one is A. */
    on('both', async (target, other) => {
      const [one, two] = [await locationOf(target), await locationOf(other as Target)];
      if (one === undefined || two === undefined || one === two) return;
      await show(...inOrder(one, two, await Promise.all([one, two].map((location) => process.request('snapshot/open', { location })))));
    }),
  ];
}

function inOrder(
  one: string,
  two: string,
  [first, second]: readonly { readonly createdAt: number | null; readonly checkpointId: number }[],
): [before: string, after: string] {
  const isLater = (first?.createdAt ?? first?.checkpointId ?? 0) > (second?.createdAt ?? second?.checkpointId ?? 0);
  return isLater ? [two, one] : [one, two];
}

/** The newest checkpoint of the same pipeline before it; a savepoint where there is no checkpoint. */
function previousOf(location: string, snapshots: readonly SnapshotListItem[]): string | null {
  const own = snapshots.find((each) => each.location === location);
  const earlier = snapshots
    .filter(
      (each) =>
        each.location !== location && (own === undefined ? dirname(each.location) === dirname(location) : each.origin === own.origin),
    )
    .filter(
      (each) =>
        own === undefined || each.createdAt < own.createdAt || (each.createdAt === own.createdAt && each.checkpointId < own.checkpointId),
    )
    .sort((a, b) => b.createdAt - a.createdAt || b.checkpointId - a.checkpointId);
  return (earlier.find(({ kind }) => kind === 'checkpoint') ?? earlier[0])?.location ?? null;
}
