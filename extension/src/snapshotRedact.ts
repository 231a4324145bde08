import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { diagnosticsOf } from './documentProblems.ts';
import { bytes, count } from './figures.ts';
import { freeDocument, homeOf } from './editPlans.ts';
import { plainText } from './plainText.ts';
import { withRewritingProgress } from './rewritingProgress.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

/** Files of rules, by their names. */
const ENDING = '.redaction.jsonc';
const FILES_MAX = 50;

interface Rooms {
  readonly process: SnapshotProcess;
  /** Shows a savepoint that has just been written in the Savepoints view. */
  readonly reveal: (location: string) => Promise<void>;
}

/** Writes savepoints without sensitive data. */
export class SnapshotRedaction implements vscode.Disposable {
  readonly #rooms: Rooms;
  /** Of documents of rules, until they are changed. */
  readonly #diagnostics = vscode.languages.createDiagnosticCollection('tidemark-redaction');
  readonly #subscription: vscode.Disposable;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.#subscription = vscode.Disposable.from(
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.#diagnostics.delete(document.uri)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#diagnostics.delete(uri)),
    );
  }

  /** Asks for rules, the salt and a place, writes, and shows what was done. */
  async redact(location: string): Promise<void> {
    const { process, reveal } = this.#rooms;
    const document = await chooseRules(process, location);
    if (document === undefined) return;
    const rules = document.getText();
    const { problems, hashes, saltMin, target: free } = await process.request('redact/check', { location, home: homeOf(location), rules });
    this.#diagnostics.set(document.uri, diagnosticsOf(document, problems));
    const [wrong, ...more] = problems;
    if (wrong !== undefined) {
      await vscode.window.showTextDocument(document, { preview: false });
      const others = more.length === 0 ? '' : vscode.l10n.t(' (and {0} more, underlined in the rules)', count(more.length));
      throw new Error(`${wrong.message}${others}`);
    }
    const salt = hashes ? await askForSalt(saltMin) : null;
    if (salt === undefined) return;
    const target = await askForTarget(free);
    if (target === undefined) return;
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    const written = await withRewritingProgress(
      vscode.l10n.t('Redacting {0}', basename(location)),
      (percent, total) => vscode.l10n.t('{0} % of {1} read', percent, total),
      (onProgress, token) => process.requestWithProgress('redact/write', { location, rules, salt, target }, onProgress, token),
    );
    await reveal(target);
    await vscode.window.showTextDocument(vscode.Uri.file(written.report), { preview: true });
    const said = vscode.l10n.t('{0} is written, {1}: {2} values redacted.', basename(target), bytes(written.bytes), count(written.values));
    const gone = vscode.l10n.t('A random salt was used and discarded; redacting again produces different hashes.');
    const open = vscode.l10n.t('Open');
    void vscode.window.showInformationMessage(plainText(written.salt === 'random' ? `${said} ${gone}` : said), open).then((answer) => {
      if (answer === open) void vscode.commands.executeCommand('tidemark.openSavepointEditor', target);
    });
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#diagnostics.dispose();
  }
}

async function askForTarget(free: string): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Folder of the redacted savepoint'),
    value: free,
    ignoreFocusOut: true,
    validateInput: (path) => {
      if (!isAbsolute(path)) return vscode.l10n.t('The whole path of a folder is needed');
      return existsSync(path) ? vscode.l10n.t('It is there already: a savepoint is written beside others, never over them') : null;
    },
  });
}

/** A document of rules, saved or not. Undefined where there are only new ones, or the user gives up. */
async function chooseRules(process: SnapshotProcess, location: string): Promise<vscode.TextDocument | undefined> {
  const open = vscode.workspace.textDocuments.filter(({ uri }) => uri.path.endsWith(ENDING)).map(({ uri }) => uri);
  const found = await vscode.workspace.findFiles(`**/*${ENDING}`, '**/node_modules/**', FILES_MAX);
  const uris = new Map([...open, ...found].map((uri) => [uri.fsPath, uri]));
  const files = [...uris.values()].map((uri) => ({
    label: basename(uri.fsPath),
    description: dirname(uri.fsPath),
    uri,
    is: 'file' as const,
  }));
  const begin = {
    label: vscode.l10n.t('$(new-file) New rules'),
    detail: vscode.l10n.t('Lists every state and field; set an action for each.'),
    is: 'new' as const,
  };
  const other = { label: vscode.l10n.t('$(folder-opened) Another file…'), is: 'other' as const };
  const title = vscode.l10n.t('Redact {0} by which rules?', basename(location));
  const chosen = await vscode.window.showQuickPick([...files, begin, other], { title });
  switch (chosen?.is) {
    case undefined:
      return undefined;
    case 'file':
      return vscode.workspace.openTextDocument(chosen.uri);
    case 'other': {
      const [uri] = (await vscode.window.showOpenDialog({ title, filters: { JSON: ['jsonc', 'json'] } })) ?? [];
      return uri === undefined ? undefined : vscode.workspace.openTextDocument(uri);
    }
    case 'new': {
      const { text } = await process.request('redact/rules', { location });
      const document = await freeDocument(homeOf(location), basename(location), ENDING);
      const edit = new vscode.WorkspaceEdit();
      edit.insert(document.uri, new vscode.Position(0, 0), text);
      await vscode.workspace.applyEdit(edit);
      await vscode.window.showTextDocument(document, { preview: false });
      void vscode.window.showInformationMessage(vscode.l10n.t('Edit these rules, then run Redact Snapshot again and select this file.'));
      return undefined;
    }
  }
}

/** Null leaves it to chance. Undefined where the user gives up. */
async function askForSalt(min: number): Promise<string | null | undefined> {
  const salt = await vscode.window.showInputBox({
    title: vscode.l10n.t('Salt of the hashes'),
    prompt: vscode.l10n.t(
      'With the same salt, the same value has the same hash in every savepoint. Left empty, it is random and thrown away.',
    ),
    password: true,
    ignoreFocusOut: true,
    validateInput: (text) => (text === '' || text.length >= min ? null : vscode.l10n.t('A salt has {0} characters or more', min)),
  });
  return salt === '' ? null : salt;
}
