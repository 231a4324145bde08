import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { TypeProblem } from '../../server/src/protocol.ts';
import { plainText } from './plainText.ts';

/** A check that takes longer holds no start up. */
const LONGEST_MS = 8000;
const SHOWN = 3;
const SHOWN_MS = 10_000;

/** Asks before a pipeline with type errors is started, where its folder's settings do not say otherwise. False: the start is given up. */
export async function mayStart(program: string, errorsOf: (program: string) => Promise<readonly TypeProblem[] | null>): Promise<boolean> {
  const settings = vscode.workspace.getConfiguration('tidemark', vscode.Uri.file(program));
  if (!settings.get<boolean>('run.warnOfTypeErrors', true)) return true;
  const title = vscode.l10n.t('Checking the types of {0}', basename(program));
  const errors = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () =>
    Promise.race([errorsOf(program), new Promise<null>((resolve) => setTimeout(() => resolve(null), LONGEST_MS))]),
  );
  if (errors === null) {
    vscode.window.setStatusBarMessage(
      vscode.l10n.t('The types of {0} were not checked: there was no answer in time.', basename(program)),
      SHOWN_MS,
    );
    return true;
  }
  const [first] = errors;
  if (first === undefined) return true;
  const anyway = vscode.l10n.t('Run Anyway');
  const show = vscode.l10n.t('Show Problems');
  const count = errors.length === 1 ? vscode.l10n.t('a type error') : vscode.l10n.t('{0} type errors', errors.length);
  const lines = errors.slice(0, SHOWN).map(({ path, line, message }) => `${basename(path)}:${String(line)}: ${message}`);
  if (errors.length > SHOWN) lines.push(vscode.l10n.t('and {0} more', errors.length - SHOWN));
  const answer = await vscode.window.showWarningMessage(
    plainText(vscode.l10n.t('{0} has {1}.', basename(program), count)),
    { modal: true, detail: plainText(lines.join('\n\n')) },
    show,
    anyway,
  );
  if (answer === show) {
    const place = new vscode.Position(first.line - 1, first.column - 1);
    await vscode.window.showTextDocument(vscode.Uri.file(first.path), { selection: new vscode.Range(place, place) });
    await vscode.commands.executeCommand('workbench.actions.view.problems');
  }
  return answer === anyway;
}
