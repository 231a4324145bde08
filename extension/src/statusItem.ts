import * as vscode from 'vscode';
import type { RunState } from '../../server/src/control.ts';
import { bytes, count } from './figures.ts';
import { activePipeline } from './pipelines.ts';
import type { Run, Runs } from './runs.ts';

const ICONS: Record<RunState, string> = {
  starting: 'loading~spin',
  running: 'play-circle',
  paused: 'debug-pause',
  restarting: 'debug-restart',
  stopping: 'loading~spin',
  finished: 'check',
  stopped: 'primitive-square',
  failed: 'error',
};

/** The one status bar item: what the run in focus does; in a pipeline without a run, how to start it. */
export class StatusItem implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('tidemark.status', vscode.StatusBarAlignment.Left, 5);
  readonly #runs: Runs;
  readonly #subscriptions: vscode.Disposable[];

  constructor(runs: Runs) {
    this.#runs = runs;
    this.#item.name = 'Tidemark';
    const update = (): void => this.#update();
    this.#subscriptions = [
      runs.onDidChange(update),
      vscode.window.onDidChangeActiveTextEditor(update),
      vscode.debug.onDidChangeActiveDebugSession(update),
      vscode.workspace.onDidGrantWorkspaceTrust(update),
    ];
    update();
  }

  #update(): void {
    const run = this.#runs.active;
    if (run !== null) this.#showRun(run);
    else if (activePipeline() === undefined) this.#item.hide();
    else if (vscode.workspace.isTrusted) this.#show('$(play-circle) Tidemark', vscode.l10n.t('Debug this pipeline'), 'tidemark.debug');
    else
      this.#show(
        '$(shield) Tidemark',
        vscode.l10n.t('This workspace is not trusted: pipelines are not run. Manage trust'),
        'workbench.trust.manage',
      );
  }

  #showRun(run: Run): void {
    const { status, ended } = run;
    const pipeline = this.#runs.labelOf(run);
    const state = this.#runs.stateOf(run);
    const hasFigures = status !== null && state !== 'failed';
    const figures = hasFigures ? `${count(status.recordsIn)} records, ${bytes(status.stateBytes)}` : state;
    const failure = ended?.failure ?? status?.failure ?? null;
    this.#show(
      `$(${ICONS[state]}) ${pipeline}: ${figures}`,
      failure === null
        ? vscode.l10n.t('{0} is {1}. Show the dataflow', pipeline, state)
        : vscode.l10n.t('{0}: {1}: {2}. Show the dataflow', pipeline, state, failure.message),
      'tidemark.showDataflow',
    );
  }

  #show(text: string, tooltip: string, command: string): void {
    this.#item.text = text;
    this.#item.tooltip = tooltip;
    this.#item.command = command;
    this.#item.show();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#item.dispose();
  }
}
