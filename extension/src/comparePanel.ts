import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { ComparedPair } from '../../server/src/protocol.ts';
import type { ComparisonProgress, DiffRequest, FromDiffPage, ToDiffPage } from '../../webview/src/diff/protocol.ts';
import type { ComparedEntries } from './comparedEntries.ts';
import type { Messages } from './messages.ts';
import { pageHtml } from './pageHtml.ts';
import { PageRequests } from './pageRequests.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const VIEW_TYPE = 'tidemark.diff';

interface Rooms {
  /** The folder of the built pages. */
  readonly page: vscode.Uri;
  readonly process: SnapshotProcess;
  readonly entries: ComparedEntries;
  readonly messages: Messages;
}

/** Two locations, and operators of the first that have another name in the second. */
export interface Compared {
  readonly before: string;
  readonly after: string;
  readonly renames: readonly (readonly [before: string, after: string])[];
  /** What can be done with the second, where it is only there to be looked at. */
  readonly preview: { readonly keep: () => void; readonly discard: () => void } | null;
}

/** Opens a page that compares two snapshots. It may be closed again, where what it shows is no more. */
export async function showComparison(rooms: Rooms, compared: Compared): Promise<vscode.Disposable> {
  const { before, after } = compared;
  const panel = vscode.window.createWebviewPanel(VIEW_TYPE, titleOf(before, after), vscode.ViewColumn.Active, {
    enableScripts: true,
    localResourceRoots: [rooms.page],
    retainContextWhenHidden: true,
  });
  const view = new ComparisonView(rooms, panel, compared);
  panel.onDidDispose(() => view.dispose());
  panel.webview.html = await pageHtml(panel.webview, rooms.page, 'diff.html');
  return new vscode.Disposable(() => {
    panel.dispose();
  });
}

function titleOf(before: string, after: string): string {
  return `${basename(before)} ↔ ${basename(after)}`;
}

/** One open page: its requests go to the snapshot process, the answers back. */
class ComparisonView implements vscode.Disposable {
  readonly #rooms: Rooms;
  readonly #panel: vscode.WebviewPanel;
  readonly #compared: Compared;
  readonly #requests: PageRequests<DiffRequest, ComparisonProgress>;
  #isDisposed = false;

  constructor(rooms: Rooms, panel: vscode.WebviewPanel, compared: Compared) {
    this.#rooms = rooms;
    this.#panel = panel;
    this.#compared = compared;
    this.#requests = new PageRequests(
      (request, report, token) => this.#ask(request, report, token),
      (answer) => this.#post(answer),
      (text) => rooms.messages.log.warn(`${panel.title}: ${text}`),
    );
    panel.webview.onDidReceiveMessage((message: FromDiffPage) => this.#receive(message));
  }

  #receive(message: FromDiffPage): void {
    const { messages, entries } = this.#rooms;
    switch (message.kind) {
      case 'ready': {
        const { before, after, renames, preview } = this.#compared;
        this.#post({ kind: 'pair', before, after, renames, isPreview: preview !== null });
        return;
      }
      case 'keepPreview':
        this.#compared.preview?.keep();
        return;
      case 'discardPreview':
        this.#compared.preview?.discard();
        return;
      case 'request':
        void this.#requests.answer(message.id, message.request);
        return;
      case 'cancel':
        this.#requests.cancel(message.id);
        return;
      case 'openEntry': {
        const { pair, selection, cursor, title } = message;
        void messages.guard(vscode.l10n.t('The entry could not be opened'), () => entries.open({ pair, selection, cursor }, title));
        return;
      }
      case 'openSnapshot':
        void vscode.commands.executeCommand('tidemark.openSavepointEditor', message.location);
        return;
      case 'askIgnore':
        void messages.guard(vscode.l10n.t('The snapshots could not be compared'), () => this.#askIgnore(message.ignore));
        return;
      case 'openReport':
        void messages.guard(vscode.l10n.t('The report could not be opened'), () => openReport(message.json));
        return;
      case 'showLog':
        messages.log.show();
        return;
    }
  }

  async #askIgnore(ignore: readonly string[]): Promise<void> {
    const typed = await vscode.window.showInputBox({
      title: vscode.l10n.t('Leave out of the comparison'),
      prompt: vscode.l10n.t(
        'ttl, timers, fields such as value.updatedAt or value.items[*].price, names of states, tolerance=0.001 for numbers; separated by commas',
      ),
      value: ignore.join(', '),
    });
    if (typed === undefined) return;
    const texts = typed.split(',').map((text) => text.trim());
    this.#post({ kind: 'ignore', ignore: texts.filter((text) => text !== '') });
  }

  #ask({ method, params }: DiffRequest, report: (value: ComparisonProgress) => void, token: vscode.CancellationToken): Promise<unknown> {
    const { process } = this.#rooms;
    switch (method) {
      case 'open':
        this.#panel.title = titleOf(params.before, params.after);
        return process.request('compare/open', params satisfies ComparedPair, token);
      case 'run':
        return process.requestWithProgress('compare/run', params, report, token);
      case 'entries':
        return process.request('compare/entries', params, token);
    }
  }

  #post(message: ToDiffPage): void {
    if (!this.#isDisposed) void this.#panel.webview.postMessage(message);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#requests.dispose();
  }
}

async function openReport(content: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument({ language: 'json', content });
  await vscode.window.showTextDocument(document, { preview: true });
}
