import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { TypeProblem } from '../../server/src/protocol.ts';
import { plainText } from './plainText.ts';

/** A check that takes longer holds no start up. */
const LONGEST_MS = 8000;
const SHOWN = 3;

/** Asks before a pipeline with type errors is started, where its folder's settings do not say otherwise. False: the start is given up. */
export async function mayStart(program: string, errorsOf: (program: string) => Promise<readonly TypeProblem[]>): Promise<boolean> {
  const settings = vscode.workspace.getConfiguration('tidemark', vscode.Uri.file(program));
  if (!settings.get<boolean>('run.warnOfTypeErrors', true)) return true;
  const title = vscode.l10n.t('Checking the types of {0}', basename(program));
  const errors = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () =>
    Promise.race([errorsOf(program), new Promise<readonly TypeProblem[]>((resolve) => setTimeout(() => resolve([]), LONGEST_MS))]),
  );
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
