import * as vscode from 'vscode';
import { DEBUG_TYPE } from './runs.ts';

const KEY = 'tidemark.checkedSavepoints';

/**
 * Which savepoint a pipeline is checked against while it is edited: the one that was written, restored or checked last, else that of a launch
 * configuration. Null in the memory: none, as the user wished.
 */
export class CheckBindings implements vscode.Disposable {
  readonly #memory: vscode.Memento;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #watch: vscode.Disposable;
  readonly onDidChange = this.#changed.event;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    this.#watch = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('launch')) this.#changed.fire();
    });
  }

  of(program: string): string | null {
    const chosen = this.#all()[program];
    return chosen === undefined ? launchedFrom(program) : chosen;
  }

  async bind(program: string, savepoint: string | null): Promise<void> {
    if (this.#all()[program] === savepoint) return;
    await this.#memory.update(KEY, { ...this.#all(), [program]: savepoint });
    this.#changed.fire();
  }

  /** A run of the pipeline has written a savepoint. Where the user wishes no check, that stays. */
  async follow(program: string, savepoint: string): Promise<void> {
    if (this.#all()[program] !== null) await this.bind(program, savepoint);
  }

  #all(): Readonly<Record<string, string | null>> {
    return this.#memory.get<Record<string, string | null>>(KEY, {});
  }

  dispose(): void {
    this.#watch.dispose();
    this.#changed.dispose();
  }
}

/** The savepoint that the first launch configuration of the pipeline names; one that is asked for at the start is none. */
function launchedFrom(program: string): string | null {
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(program));
  const root = folder?.uri.fsPath ?? '';
  const path = (value: unknown): string | null =>
    typeof value === 'string' && value !== '' ? value.replaceAll('${workspaceFolder}', root) : null;
  const configurations = vscode.workspace.getConfiguration('launch', folder).get<vscode.DebugConfiguration[]>('configurations', []);
  for (const { type, program: module, savepoint } of configurations) {
    const found = path(savepoint);
    if (type !== DEBUG_TYPE || path(module) !== program || found === null) continue;
    if (found !== 'latest' && !found.includes('${')) return found;
  }
  return null;
}
