import * as vscode from 'vscode';
import { plainText } from './plainText.ts';
import { DEBUG_TYPE } from './runs.ts';
import type { Run, Runs } from './runs.ts';

/** A start that was refused for a reason that the user can remove: asks how to go on, and starts again. */
export function watchRefusedStarts(runs: Runs): vscode.Disposable {
  return runs.onDidChange(({ run, change }) => {
    if (change !== 'ended' || run.ended === null) return;
    const { failure } = run.ended;
    if (failure?.code === 'resultsExist') void askAboutResults(run, failure.message);
    else if (failure?.code === 'pipelineIsRunning') void askAboutRun(runs, run, failure.message, failure.run ?? null);
  });
}

/** A run from the beginning, and its outputs have results of an earlier run. */
async function askAboutResults(run: Run, reason: string): Promise<void> {
  const goOn = vscode.l10n.t('Go On from the Newest');
  const overwrite = vscode.l10n.t('Overwrite');
  const answer = await vscode.window.showWarningMessage(
    plainText(vscode.l10n.t('{0} was not started: its outputs have results of an earlier run.', run.session.name)),
    {
      modal: true,
      detail: plainText(
        vscode.l10n.t(
          '{0}.\n\nGo on from the newest savepoint or checkpoint of the pipeline, or start from the beginning and overwrite the results.',
          reason,
        ),
      ),
    },
    goOn,
    overwrite,
  );
  if (answer !== undefined) await startAgain(run, answer === goOn ? { savepoint: 'latest' } : { overwrite: true });
}

/** Another run has the pipeline, or a file that it writes. One on another machine can only be named. */
async function askAboutRun(runs: Runs, run: Run, reason: string, id: string | null): Promise<void> {
  const stop = vscode.l10n.t('Stop It and Go On');
  const show = vscode.l10n.t('Go to It');
  const attach = vscode.l10n.t('Attach');
  const other = id === null ? null : runs.withId(id);
  const waysHere = vscode.l10n.t('\n\n"{0}" stops the other run with a savepoint and starts from the newest one.', stop);
  const waysElsewhere = vscode.l10n.t(' "{0}" shows its dataflow here, and lets it go on when you disconnect.', attach);
  const ways = id === null ? '' : other === null ? waysHere + waysElsewhere : waysHere;
  const answer = await vscode.window.showWarningMessage(
    plainText(vscode.l10n.t('{0} was not started: it is in use by a run that has not ended.', run.session.name)),
    { modal: true, detail: plainText(`${reason}${ways}`) },
    ...(id === null ? [] : [stop]),
    ...(other !== null ? [show] : id !== null ? [attach] : []),
  );
  if (answer === stop && id !== null) await startAgain(run, { savepoint: 'latest', stopRun: id });
  if (answer === attach && id !== null) {
    const configuration = { type: DEBUG_TYPE, request: 'attach', name: vscode.l10n.t('{0} (attached)', run.session.name), run: id };
    await vscode.debug.startDebugging(run.session.workspaceFolder, configuration);
  }
  if (answer === show && other !== null) {
    await vscode.window.showTextDocument(vscode.Uri.file(String(other.session.configuration['program'])), { preview: false });
    await vscode.commands.executeCommand('workbench.debug.action.focusCallStackView');
  }
}

async function startAgain({ session }: Run, otherwise: Partial<vscode.DebugConfiguration>): Promise<void> {
  // The editor's own mark of the session that has ended is not a part of the configuration.
  const own = Object.entries(session.configuration).filter(([name]) => name !== '__sessionId' && name !== 'stopRun');
  const configuration = Object.fromEntries(own) as vscode.DebugConfiguration;
  await vscode.debug.startDebugging(
    session.workspaceFolder,
    { ...configuration, ...otherwise },
    { noDebug: configuration['noDebug'] === true },
  );
}
