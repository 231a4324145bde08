import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { InterruptedRun } from '../../server/src/protocol.ts';
import { ago } from './figures.ts';
import { launchConfigurations } from './launchKey.ts';
import type { Messages } from './messages.ts';
import { plainText } from './plainText.ts';
import { DEBUG_TYPE } from './runs.ts';
import type { Runs } from './runs.ts';
import type { SavepointFolders } from './savepointFolders.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

/** By program: the name of the launch configuration with which it was started last. */
const CONFIGURATIONS = 'tidemark.launchedWith';

interface Rooms {
  readonly process: SnapshotProcess;
  readonly folders: SavepointFolders;
  readonly runs: Runs;
  readonly memory: vscode.Memento;
  readonly messages: Messages;
}

/** Says which pipelines were running when the window was closed, and offers to go on with them. */
export function offerInterruptedRuns(rooms: Rooms): vscode.Disposable {
  const { process, folders, runs, memory, messages } = rooms;
  const offer = (): Promise<void> =>
    messages
      .guard(vscode.l10n.t('Interrupted runs could not be looked for'), async () => {
        if (!vscode.workspace.isTrusted) return;
        const found = await process.request('runs/interrupted', { folders: folders.roots });
        for (const run of found.runs) void messages.guard(vscode.l10n.t('The run could not go on'), () => ask(rooms, run));
      })
      .then(() => undefined);
  void offer();
  return vscode.Disposable.from(
    vscode.workspace.onDidGrantWorkspaceTrust(() => void offer()),
    runs.onDidChange(({ run: { session }, change }) => {
      const program: unknown = session.configuration['program'];
      if (change !== 'started' || typeof program !== 'string') return;
      const known = memory.get<Record<string, string>>(CONFIGURATIONS, {});
      void memory.update(CONFIGURATIONS, { ...known, [program]: session.configuration.name });
    }),
  );
}

async function ask({ process, memory, runs }: Rooms, run: InterruptedRun): Promise<void> {
  const { newest, program } = run;
  // A run that was started meanwhile has taken its place.
  if (runs.active?.info?.program === program) return;
  const goOn = newest === null ? vscode.l10n.t('Start Again') : vscode.l10n.t('Go On');
  const dismiss = vscode.l10n.t('Dismiss');
  const isOneOfMany = (vscode.workspace.workspaceFolders ?? []).length > 1;
  const name = isOneOfMany ? `${run.pipeline} (${run.project})` : run.pipeline;
  const was = vscode.l10n.t('{0} was running when its window was closed or its process ended.', name);
  const from =
    newest === null
      ? vscode.l10n.t('It has no checkpoint yet. Start it again from the beginning?')
      : vscode.l10n.t('Go on from {0} {1} ({2})?', newest.kind, newest.checkpointId, ago(newest.createdAt, Date.now()));
  const answer = await vscode.window.showInformationMessage(plainText(`${was} ${from}`), goOn, dismiss);
  if (answer === dismiss) await process.request('runs/forget', run);
  if (answer !== goOn) return;
  const uri = vscode.Uri.file(program);
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  const launched = memory.get<Record<string, string>>(CONFIGURATIONS, {})[program];
  const base = launchConfigurations(uri).find((each) => each.name === launched && each.type === DEBUG_TYPE);
  await vscode.debug.startDebugging(folder, {
    type: DEBUG_TYPE,
    request: 'launch',
    name: basename(program),
    ...base,
    program,
    ...(newest === null ? {} : { savepoint: newest.location }),
  });
}
