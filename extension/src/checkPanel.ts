import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { CheckSubject, FlinkTarget, FromCheckPage, ToCheckPage } from '../../webview/src/check/protocol.ts';
import type { Messages } from './messages.ts';
import { pageHtml } from './pageHtml.ts';
import { pipelineTitle } from './pipelines.ts';
import type { Runs } from './runs.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const VIEW_TYPE = 'tidemark.check';

export interface CheckRooms {
  /** The folder of the built pages. */
  readonly page: vscode.Uri;
  readonly process: SnapshotProcess;
  readonly runs: Runs;
  readonly messages: Messages;
}

/** By what they check. */
const open = new Map<string, CheckView>();

/** Opens a page that says how a pipeline fits a savepoint; the one that is open already, where there is one. */
export async function showCheck(rooms: CheckRooms, program: string, savepoint: string, flink: FlinkTarget | null): Promise<void> {
  const identity = JSON.stringify([program, savepoint]);
  const known = open.get(identity);
  if (known !== undefined) {
    known.show(flink);
    return;
  }
  const title = `${pipelineTitle(vscode.Uri.file(program))} ← ${basename(savepoint)}`;
  const panel = vscode.window.createWebviewPanel(VIEW_TYPE, title, vscode.ViewColumn.Active, {
    enableScripts: true,
    localResourceRoots: [rooms.page],
    retainContextWhenHidden: true,
  });
  const view = new CheckView(rooms, panel, { program, savepoint, flink });
  open.set(identity, view);
  panel.onDidDispose(() => {
    open.delete(identity);
    view.dispose();
  });
  panel.webview.html = await pageHtml(panel.webview, rooms.page, 'check.html');
}

class CheckView implements vscode.Disposable {
  readonly #rooms: CheckRooms;
  readonly #panel: vscode.WebviewPanel;
  readonly #program: string;
  readonly #savepoint: string;
  #flink: FlinkTarget | null;
  #checking: vscode.CancellationTokenSource | null = null;
  #isDisposed = false;

  constructor(
    rooms: CheckRooms,
    panel: vscode.WebviewPanel,
    { program, savepoint, flink }: { readonly program: string; readonly savepoint: string; readonly flink: FlinkTarget | null },
  ) {
    this.#rooms = rooms;
    this.#panel = panel;
    this.#program = program;
    this.#savepoint = savepoint;
    this.#flink = flink;
    panel.webview.onDidReceiveMessage((message: FromCheckPage) => this.#receive(message));
  }

  /** Checks again, in front. */
  show(flink: FlinkTarget | null): void {
    this.#flink = flink;
    this.#panel.reveal();
    void this.#check();
  }

  #receive(message: FromCheckPage): void {
    const { messages, runs } = this.#rooms;
    switch (message.kind) {
      case 'ready':
        void this.#check();
        return;
      case 'check':
        this.#flink = message.flink;
        void this.#check();
        return;
      case 'cancel':
        this.#checking?.cancel();
        return;
      case 'restore':
        void messages.guard(vscode.l10n.t('The pipeline could not be restored'), () =>
          runs.start(vscode.Uri.file(this.#program), {
            savepoint: this.#savepoint,
            allowNonRestoredState: message.allowNonRestoredState,
          }),
        );
        return;
      case 'goTo':
        void messages.guard(vscode.l10n.t('The pipeline could not be opened'), () => goTo(this.#program, message.operator, message.state));
        return;
      case 'migrate':
        void vscode.commands.executeCommand(
          'tidemark.repair.migrate',
          vscode.Uri.from({ scheme: 'tidemark-savepoint', query: this.#savepoint }),
          this.#program,
        );
        return;
      case 'openSavepoint':
        void vscode.commands.executeCommand('tidemark.openSavepointEditor', this.#savepoint);
        return;
      case 'copy':
        void vscode.env.clipboard.writeText(message.text);
        return;
      case 'showLog':
        messages.log.show();
        return;
    }
  }

  async #check(): Promise<void> {
    this.#checking?.cancel();
    const source = new vscode.CancellationTokenSource();
    this.#checking = source;
    const subject: CheckSubject = {
      pipeline: pipelineTitle(vscode.Uri.file(this.#program)),
      savepoint: basename(this.#savepoint),
      location: this.#savepoint,
      flink: this.#flink,
    };
    this.#post({ kind: 'checking', subject });
    try {
      const params = { location: this.#savepoint, program: this.#program, text: textOf(this.#program), allowNonRestoredState: false };
      const report = await this.#rooms.process.request('snapshot/check', { ...params, flink: this.#flink }, source.token);
      if (this.#checking === source) this.#post({ kind: 'report', subject, report });
    } catch (error) {
      if (this.#checking !== source) return;
      const reason = source.token.isCancellationRequested
        ? vscode.l10n.t('The check was cancelled.')
        : error instanceof Error
          ? error.message
          : String(error);
      this.#rooms.messages.log.warn(`${this.#panel.title}: ${reason}`);
      this.#post({ kind: 'failed', subject, reason });
    } finally {
      source.dispose();
    }
  }

  #post(message: ToCheckPage): void {
    if (!this.#isDisposed) void this.#panel.webview.postMessage(message);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#checking?.cancel();
  }
}

/** As it is in the editor; null where it is not open. */
function textOf(program: string): string | null {
  const open = vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'file' && uri.fsPath === program);
  return open?.isDirty === true ? open.getText() : null;
}

/** The operator's uid, and the state's name after it. */
async function goTo(program: string, operator: string, state: string | null): Promise<void> {
  const document = await vscode.workspace.openTextDocument(program);
  const text = document.getText();
  const uid = ["'", '"', '`'].map((quote) => text.indexOf(`${quote}${operator}${quote}`)).find((found) => found >= 0);
  const at = uid === undefined ? 0 : uid + 1;
  const declared = state === null ? -1 : text.slice(at).search(new RegExp(`\\b${state.replaceAll(/[^\w$]/g, '.')}\\b['"]?\\s*:`));
  const from = declared < 0 ? at : at + declared;
  const length = declared < 0 ? (uid === undefined ? 0 : operator.length) : (state?.length ?? 0);
  const selection = new vscode.Range(document.positionAt(from), document.positionAt(from + length));
  await vscode.window.showTextDocument(document, { selection, viewColumn: vscode.ViewColumn.Beside });
}
