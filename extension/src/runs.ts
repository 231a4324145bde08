import * as vscode from 'vscode';
import type { ControlEvents, RunInfo, RunPlan, RunState, RunStatus, SnapshotInfo } from '../../server/src/control.ts';

import { withFolder } from './pipelines.ts';

export const DEBUG_TYPE = 'tidemark';

interface StartOptions {
  readonly savepoint?: string;
  /** State that nothing takes is dropped: the user has been asked. */
  readonly allowNonRestoredState?: boolean;
  readonly noDebug?: boolean;
}

/** One run under the debug adapter, and the newest that its adapter told about it. */
export interface Run {
  readonly session: vscode.DebugSession;
  /** Epoch milliseconds, by the editor's clock. */
  readonly openedAt: number;
  info: RunInfo | null;
  plan: RunPlan | null;
  status: RunStatus | null;
  /** Where the newest savepoint of this run is. */
  lastSavepoint: string | null;
  /** How it ended, with what made it fail; null while it goes on. */
  ended: ControlEvents['ended'] | null;
}

export type RunChange = 'started' | 'plan' | 'status' | 'snapshot' | 'ended';

/** All runs of this window. Code that shows runs listens here; nobody else listens to the debug adapter. */
export class Runs implements vscode.Disposable {
  readonly #runs = new Map<string, Run>();
  readonly #changed = new vscode.EventEmitter<{ readonly run: Run; readonly change: RunChange }>();
  readonly #subscriptions: vscode.Disposable[];
  #newest: Run | null = null;

  readonly onDidChange = this.#changed.event;

  constructor() {
    this.#subscriptions = [
      vscode.debug.onDidStartDebugSession((session) => this.#started(session)),
      vscode.debug.onDidTerminateDebugSession((session) => this.#ended(session)),
      vscode.debug.onDidReceiveDebugSessionCustomEvent((event) => this.#received(event)),
    ];
  }

  /** The run in focus, else the newest that still goes on. */
  get active(): Run | null {
    const focused = vscode.debug.activeDebugSession;
    return (focused === undefined ? undefined : this.#runs.get(focused.id)) ?? [...this.#runs.values()].at(-1) ?? null;
  }

  /** The active run, or the one that ended last: what a view goes on showing. */
  get shown(): Run | null {
    return this.active ?? this.#newest;
  }

  /** The run that goes on in this window and has this id, as the engine gave it. */
  withId(id: string): Run | null {
    return [...this.#runs.values()].find(({ info }) => info?.id === id) ?? null;
  }

  /** The pipeline for people, with its folder where the workspace has several. */
  labelOf({ info, plan, session }: Run): string {
    const program: unknown = info?.program ?? session.configuration['program'];
    const name = info?.pipeline ?? plan?.pipeline;
    // Before it has said its name, the session's stands for it, which has the folder already.
    if (name === undefined) return session.name;
    return typeof program === 'string' ? withFolder(name, vscode.Uri.file(program)) : name;
  }

  isGoingOn(run: Run): boolean {
    return this.#runs.has(run.session.id);
  }

  /** Starts a run without a launch configuration. */
  async start(program: vscode.Uri, options: StartOptions = {}): Promise<void> {
    const folder = vscode.workspace.getWorkspaceFolder(program);
    const configuration: vscode.DebugConfiguration = {
      type: DEBUG_TYPE,
      request: 'launch',
      name: withFolder(program.path.slice(program.path.lastIndexOf('/') + 1), program),
      program: program.fsPath,
      ...(options.savepoint === undefined ? {} : { savepoint: options.savepoint }),
      ...(options.allowNonRestoredState === true ? { allowNonRestoredState: true } : {}),
    };
    await vscode.debug.startDebugging(folder, configuration, { noDebug: options.noDebug ?? false });
  }

  /** Asks the adapter of a run; the reply is the control protocol's own. */
  snapshot(run: Run, request: 'tidemark/savepoint' | 'tidemark/checkpoint' | 'tidemark/stopWithSavepoint'): Thenable<SnapshotInfo> {
    return run.session.customRequest(request, {}) as Thenable<SnapshotInfo>;
  }

  /** As the engine told it last; an engine that was killed had no chance to say that it stopped. */
  stateOf(run: Run): RunState {
    if (run.ended !== null) return run.ended.outcome === 'cancelled' ? 'stopped' : run.ended.outcome;
    const told = run.status?.state ?? 'starting';
    return this.isGoingOn(run) || told === 'finished' || told === 'failed' ? told : 'stopped';
  }

  #started(session: vscode.DebugSession): void {
    if (session.type !== DEBUG_TYPE) return;
    this.#tell(this.#of(session), 'started');
  }

  #ended(session: vscode.DebugSession): void {
    const run = this.#runs.get(session.id);
    if (run === undefined) return;
    this.#runs.delete(session.id);
    this.#tell(run, 'ended');
  }

  #received({ session, event, body }: vscode.DebugSessionCustomEvent): void {
    if (session.type !== DEBUG_TYPE) return;
    // Events may overtake the start of the session.
    const run = this.#of(session);
    if (event === 'tidemark/run') {
      run.info = body as RunInfo;
      // Restart begins another run in the same session.
      run.status = null;
      run.ended = null;
    } else if (event === 'tidemark/plan') {
      run.plan = body as RunPlan;
      this.#tell(run, 'plan');
    } else if (event === 'tidemark/status') {
      run.status = body as RunStatus;
      this.#tell(run, 'status');
    } else if (event === 'tidemark/ended') {
      run.ended = body as ControlEvents['ended'];
      this.#tell(run, 'status');
    } else if (event === 'tidemark/snapshot') {
      const { kind, path } = body as SnapshotInfo;
      if (kind === 'savepoint') run.lastSavepoint = path;
      this.#tell(run, 'snapshot');
    }
  }

  #of(session: vscode.DebugSession): Run {
    const known = this.#runs.get(session.id);
    if (known !== undefined) return known;
    const run: Run = { session, openedAt: Date.now(), info: null, plan: null, status: null, lastSavepoint: null, ended: null };
    this.#runs.set(session.id, run);
    this.#newest = run;
    return run;
  }

  #tell(run: Run, change: RunChange): void {
    this.#changed.fire({ run, change });
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }
}
