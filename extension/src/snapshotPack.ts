import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import type { ArchiveSeal } from '../../server/src/protocol.ts';
import { bytes } from './figures.ts';
import { plainText } from './plainText.ts';
import { withRewritingProgress } from './rewritingProgress.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const RECIPIENT = /^age1[a-z0-9]+$/;

/** Asks whom it is sealed for and where it goes, and packs all of a snapshot into one archive, with progress and a way to stop. */
export async function packSnapshot(process: SnapshotProcess, location: string): Promise<void> {
  const seal = await askForSeal();
  if (seal === undefined) return;
  const isSealed = seal.passphrase !== null || seal.recipients.length > 0;
  // By its ending it is opened again.
  const ending = isSealed ? '.tar.age' : '.tar';
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? homedir();
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Pack {0} into', basename(location)),
    defaultUri: vscode.Uri.file(join(folder, `${basename(location)}${ending}`)),
  });
  if (target === undefined) return;
  if (!target.path.endsWith(ending)) throw new Error(vscode.l10n.t('The name of the archive ends in {0}: nothing was packed.', ending));
  const title = vscode.l10n.t('Packing {0}', basename(location));
  const packed = await withRewritingProgress(
    title,
    (percent, total) => vscode.l10n.t('{0} % of {1} packed', percent, total),
    (onProgress, token) => process.requestWithProgress('snapshot/pack', { location, seal, target: target.fsPath }, onProgress, token),
  );
  const open = vscode.l10n.t('Open');
  const reveal = vscode.l10n.t('Show in Explorer');
  const text = isSealed
    ? vscode.l10n.t('{0} is sealed in {1}, {2}.', basename(location), basename(target.fsPath), bytes(packed.size))
    : vscode.l10n.t('{0} is packed in {1}, {2}.', basename(location), basename(target.fsPath), bytes(packed.size));
  void vscode.window.showInformationMessage(plainText(text), open, reveal).then((answer) => {
    if (answer === open) void vscode.commands.executeCommand('tidemark.openSavepointEditor', target.fsPath);
    else if (answer === reveal) void vscode.commands.executeCommand('revealInExplorer', target);
  });
}

/** A passphrase or a recipient, as age has it, or neither. Undefined where the user gives up. */
async function askForSeal(): Promise<ArchiveSeal | undefined> {
  const ways = [
    { label: vscode.l10n.t('Not sealed'), detail: vscode.l10n.t('A tar archive with a checksum of every file.'), by: 'nothing' },
    {
      label: vscode.l10n.t('Sealed with a passphrase'),
      detail: vscode.l10n.t('Everyone who knows it can open the archive.'),
      by: 'passphrase',
    },
    {
      label: vscode.l10n.t('Sealed for a recipient'),
      detail: vscode.l10n.t('Only the secret key of a public key opens it.'),
      by: 'recipient',
    },
  ] as const;
  const way = await vscode.window.showQuickPick(ways, { title: vscode.l10n.t('Pack the savepoint into one file') });
  switch (way?.by) {
    case undefined:
      return undefined;
    case 'nothing':
      return { passphrase: null, recipients: [] };
    case 'recipient': {
      const recipient = await vscode.window.showInputBox({
        title: vscode.l10n.t('Public key of the recipient'),
        placeHolder: 'age1…',
        ignoreFocusOut: true,
        validateInput: (text) => (RECIPIENT.test(text.trim()) ? null : vscode.l10n.t('A public key of age is needed, such as age1…')),
      });
      return recipient === undefined ? undefined : { passphrase: null, recipients: [recipient.trim()] };
    }
    case 'passphrase': {
      const ask = { password: true, ignoreFocusOut: true };
      const passphrase = await vscode.window.showInputBox({
        ...ask,
        title: vscode.l10n.t('New passphrase of the archive'),
        validateInput: (text) => (text === '' ? vscode.l10n.t('A passphrase is needed') : null),
      });
      if (passphrase === undefined) return undefined;
      const again = await vscode.window.showInputBox({
        ...ask,
        title: vscode.l10n.t('Confirm the passphrase'),
        // Not while it is still being typed.
        validateInput: (text) => (passphrase.startsWith(text) ? null : vscode.l10n.t('The passphrases do not match')),
      });
      if (again === undefined) return undefined;
      if (again !== passphrase) throw new Error(vscode.l10n.t('The two passphrases are not the same: nothing was packed.'));
      return { passphrase, recipients: [] };
    }
  }
}
