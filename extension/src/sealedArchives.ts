import * as vscode from 'vscode';
import type { SealedError } from '../../server/src/protocol.ts';

/** Asks for what opens a sealed archive; it goes to the snapshot process, and is stored nowhere. */
export async function askForSecret(sealed: SealedError['sealed'], reason: string): Promise<string | undefined> {
  const secret = await vscode.window.showInputBox({
    title: sealed === 'passphrase' ? vscode.l10n.t('Passphrase of the sealed archive') : vscode.l10n.t('Secret key of the sealed archive'),
    prompt: reason,
    placeHolder: sealed === 'passphrase' ? '' : 'AGE-SECRET-KEY-1…',
    password: true,
    ignoreFocusOut: true,
  });
  return secret === '' ? undefined : secret;
}
