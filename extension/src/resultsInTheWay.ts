import * as vscode from 'vscode';
import type { Run, Runs } from './runs.ts';

/** A run from the beginning that was refused, because its outputs have results of an earlier run: asks how to go on, and starts again. */
export function watchResultsInTheWay(runs: Runs): vscode.Disposable {
  return runs.onDidChange(({ run, change }) => {
    if (change === 'ended' && run.ended?.failure?.code === 'resultsExist') void ask(run, run.ended.failure.message);
  });
}

async function ask({ session }: Run, reason: string): Promise<void> {
  const goOn = vscode.l10n.t('Go On from the Newest');
  const overwrite = vscode.l10n.t('Overwrite');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('{0} was not started: its outputs have results of an earlier run.', session.name),
    {
      modal: true,
      detail: vscode.l10n.t(
        '{0}.\n\nGo on from the newest savepoint or checkpoint of the pipeline, or start from the beginning and overwrite the results.',
        reason,
      ),
    },
    goOn,
    overwrite,
  );
  if (answer === undefined) return;
  // The editor's own mark of the session that has ended is not a part of the configuration.
  const own = Object.entries(session.configuration).filter(([name]) => name !== '__sessionId');
  const configuration = Object.fromEntries(own) as vscode.DebugConfiguration;
  await vscode.debug.startDebugging(
    session.workspaceFolder,
    { ...configuration, ...(answer === goOn ? { savepoint: 'latest' } : { overwrite: true }) },
    { noDebug: configuration['noDebug'] === true },
  );
}
