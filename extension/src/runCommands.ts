import * as vscode from 'vscode';
import type { SnapshotInfo } from '../../server/src/control.ts';
import { bytes } from './figures.ts';
import type { Messages } from './messages.ts';
import { choosePipeline } from './pipelines.ts';
import { plainText } from './plainText.ts';
import type { Runs } from './runs.ts';
import type { SavepointPicker } from './savepointPicker.ts';
import { takenTitle } from './snapshotLabels.ts';

/** Run, debug and restore a pipeline; savepoint, checkpoint and stop of the one that runs. */
export function registerRunCommands(runs: Runs, picker: SavepointPicker, messages: Messages): vscode.Disposable[] {
  const start = (id: string, noDebug: boolean): vscode.Disposable =>
    vscode.commands.registerCommand(`tidemark.${id}`, (given?: unknown) =>
      messages.guard(vscode.l10n.t('The pipeline could not be started'), async () => {
        if (!isTrusted(messages)) return;
        const program = await choosePipeline(given);
        if (program !== undefined) await runs.start(program, { noDebug });
      }),
    );
  return [
    start('run', true),
    start('debug', false),
    vscode.commands.registerCommand('tidemark.restore', (given?: unknown, savepoint?: unknown) =>
      messages.guard(vscode.l10n.t('The pipeline could not be restored'), async () => {
        if (!isTrusted(messages)) return;
        const program = await choosePipeline(given);
        if (program === undefined) return;
        const location = typeof savepoint === 'string' ? savepoint : await picker.pick(undefined, program.fsPath);
        if (location !== undefined) await runs.start(program, { savepoint: location });
      }),
    ),
    snapshotCommand('takeSavepoint', 'tidemark/savepoint', runs, messages),
    snapshotCommand('takeCheckpoint', 'tidemark/checkpoint', runs, messages),
    snapshotCommand('stopWithSavepoint', 'tidemark/stopWithSavepoint', runs, messages),
  ];
}

function isTrusted(messages: Messages): boolean {
  if (vscode.workspace.isTrusted) return true;
  messages.warn(vscode.l10n.t('This workspace is not trusted: its pipelines are not run. Savepoints can still be looked at.'));
  return false;
}

function snapshotCommand(
  id: string,
  request: 'tidemark/savepoint' | 'tidemark/checkpoint' | 'tidemark/stopWithSavepoint',
  runs: Runs,
  messages: Messages,
): vscode.Disposable {
  const failed = request === 'tidemark/checkpoint' ? vscode.l10n.t('No checkpoint was taken') : vscode.l10n.t('No savepoint was taken');
  return vscode.commands.registerCommand(`tidemark.${id}`, () =>
    messages.guard(failed, async () => {
      const run = runs.active;
      if (run === null) throw new Error(vscode.l10n.t('No pipeline is running. Start one with F5 in a *.pipeline.ts.'));
      // The adapter reports progress itself, through the debug session.
      const snapshot = await runs.snapshot(run, request);
      messages.log.info(
        `${snapshot.kind} ${snapshot.id}: ${snapshot.path}, ${bytes(snapshot.stateBytes)} in ${snapshot.durationMs.toFixed(0)} ms`,
      );
      if (request !== 'tidemark/checkpoint') void announce(snapshot);
      return snapshot;
    }),
  );
}

async function announce(snapshot: SnapshotInfo): Promise<void> {
  const show = vscode.l10n.t('Show');
  const copy = vscode.l10n.t('Copy Path');
  const text = vscode.l10n.t(
    '{0}: {1} of state in {2} ms',
    takenTitle(snapshot),
    bytes(snapshot.stateBytes),
    snapshot.durationMs.toFixed(0),
  );
  const chosen = await vscode.window.showInformationMessage(plainText(text), show, copy);
  if (chosen === show) await vscode.commands.executeCommand('tidemark.savepoints.focus');
  if (chosen === copy) await vscode.env.clipboard.writeText(snapshot.path);
}
