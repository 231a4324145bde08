import * as vscode from 'vscode';
import type { FromPage, PageRun, ToPage } from '../../webview/src/protocol.ts';
import type { Messages } from './messages.ts';
import { pageHtml } from './pageHtml.ts';
import type { Run, RunChange, Runs } from './runs.ts';

const VIEW_TYPE = 'tidemark.dataflow';

/** The dataflow page in a panel of its own: one for the window, showing the active run or the one that ended last. */
export class DataflowPanel implements vscode.Disposable {
  readonly #page: vscode.Uri;
  readonly #runs: Runs;
  readonly #messages: Messages;
  readonly #subscriptions: vscode.Disposable[];
  #panel: vscode.WebviewPanel | null = null;
  #shown: Run | null = null;
  #isReady = false;

  /** `page` is the folder of the built page. */
  constructor(page: vscode.Uri, runs: Runs, messages: Messages) {
    this.#page = page;
    this.#runs = runs;
    this.#messages = messages;
    this.#subscriptions = [
      runs.onDidChange(({ run, change }) => this.#runChanged(run, change)),
      vscode.debug.onDidChangeActiveDebugSession(() => this.#sendAll()),
      vscode.commands.registerCommand('tidemark.showDataflow', () =>
        messages.guard(vscode.l10n.t('The dataflow view could not be opened'), () => this.show(false)),
      ),
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, { deserializeWebviewPanel: (panel) => this.#adopt(panel) }),
    ];
  }

  async show(preserveFocus: boolean): Promise<void> {
    if (this.#panel !== null) {
      this.#panel.reveal(undefined, preserveFocus);
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      VIEW_TYPE,
      vscode.l10n.t('Dataflow'),
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus },
      {},
    );
    await this.#adopt(panel);
  }

  async #adopt(panel: vscode.WebviewPanel): Promise<void> {
    this.#panel = panel;
    this.#isReady = false;
    panel.webview.options = { enableScripts: true, localResourceRoots: [this.#page] };
    panel.onDidDispose(() => {
      if (this.#panel === panel) this.#panel = null;
    });
    panel.webview.onDidReceiveMessage((message: FromPage) => this.#receive(message));
    panel.webview.html = await pageHtml(panel.webview, this.#page, 'index.html');
  }

  #runChanged(run: Run, change: RunChange): void {
    if (change === 'started' && opensOnStart(run)) {
      void this.#messages.guard(vscode.l10n.t('The dataflow view could not be opened'), () => this.show(true));
    }
    if (run !== this.#runs.shown) return;
    if (run !== this.#shown) this.#sendAll();
    else if (change === 'plan') this.#sendRunAndPlan(run);
    else if (change === 'status') this.#sendStatus(run);
    else if (change === 'ended') this.#sendEnd(run);
  }

  #receive(message: FromPage): void {
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        this.#sendAll();
        return;
      case 'openSource':
        void this.#messages.guard(vscode.l10n.t('The source of {0} could not be opened', message.uid), () => this.#openSource(message.uid));
        return;
      case 'pause':
        void vscode.commands.executeCommand('workbench.action.debug.pause');
        return;
      case 'resume':
        void vscode.commands.executeCommand('workbench.action.debug.continue');
        return;
      case 'savepoint':
        void vscode.commands.executeCommand('tidemark.takeSavepoint');
        return;
      case 'stopWithSavepoint':
        void vscode.commands.executeCommand('tidemark.stopWithSavepoint');
        return;
    }
  }

  async #openSource(uid: string): Promise<void> {
    const position = this.#shown?.plan?.operators.find((operator) => operator.uid === uid)?.position;
    if (position === undefined || position === null) throw new Error(vscode.l10n.t('its position in the source is not known'));
    const place = new vscode.Position(position.line - 1, Math.max(0, position.column - 1));
    const open = vscode.window.visibleTextEditors.find((editor) => editor.document.uri.fsPath === position.path);
    await vscode.window.showTextDocument(vscode.Uri.file(position.path), {
      selection: new vscode.Range(place, place),
      viewColumn: open?.viewColumn ?? vscode.ViewColumn.One,
    });
  }

  /** After the page came up, or another run is shown: everything that is known. */
  #sendAll(): void {
    const run = this.#runs.shown;
    this.#shown = run;
    if (this.#panel === null || !this.#isReady) return;
    if (run === null) {
      this.#post({ kind: 'run', run: null });
      return;
    }
    this.#sendRunAndPlan(run);
    this.#sendStatus(run);
    if (!this.#runs.isGoingOn(run)) this.#sendEnd(run);
  }

  #sendRun(run: Run): void {
    const { configuration } = run.session;
    const shown: PageRun = {
      pipeline: this.#runs.labelOf(run),
      program: run.info?.program ?? String(configuration['program']),
      startedAt: run.info?.startedAt ?? run.openedAt,
      restoredFrom: run.info?.restoredFrom ?? null,
      canOpenSource: true,
      canPause: this.#runs.isGoingOn(run) && configuration['noDebug'] !== true,
    };
    if (this.#panel !== null) this.#panel.title = titleOf(shown.pipeline);
    this.#post({ kind: 'run', run: shown });
  }

  #sendRunAndPlan(run: Run): void {
    this.#sendRun(run);
    if (run.plan !== null) this.#post({ kind: 'plan', plan: run.plan });
  }

  #sendStatus(run: Run): void {
    if (run.status !== null) this.#post({ kind: 'status', status: run.status });
    if (run.ended !== null) this.#sendEnd(run);
  }

  #sendEnd(run: Run): void {
    this.#sendRun(run);
    const state = this.#runs.stateOf(run);
    if (state === 'finished' || state === 'stopped' || state === 'failed') {
      this.#post({ kind: 'ended', state, failure: run.ended?.failure ?? null });
    }
  }

  #post(message: ToPage): void {
    if (this.#isReady) void this.#panel?.webview.postMessage(message);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#panel?.dispose();
  }
}

/** One page shows one run after another: where folders have pipelines of one name, its title says which. */
function titleOf(pipeline: string): string {
  const several = (vscode.workspace.workspaceFolders ?? []).length > 1;
  return several ? vscode.l10n.t('Dataflow: {0}', pipeline) : vscode.l10n.t('Dataflow');
}

function opensOnStart({ session }: Run): boolean {
  const program: unknown = session.configuration['program'];
  const folder = typeof program === 'string' ? vscode.Uri.file(program) : session.workspaceFolder?.uri;
  return vscode.workspace.getConfiguration('tidemark', folder).get<boolean>('dataflow.openOnStart', true);
}
