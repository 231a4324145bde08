import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';

/** Where snapshots lie: the `.tidemark` folders of the workspace, and snapshot folders opened by hand. */
const SNAPSHOT_FILES = '**/.tidemark/**/_metadata';
const REMEMBERED = 'tidemark.openedSnapshots';
const REMEMBERED_LIMIT = 20;

export class SavepointFolders implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #watcher = vscode.workspace.createFileSystemWatcher(SNAPSHOT_FILES, false, false, false);
  readonly #memory: vscode.Memento;
  #timer: NodeJS.Timeout | undefined;

  readonly onDidChange = this.#changed.event;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    this.#watcher.onDidCreate(() => this.changed());
    this.#watcher.onDidDelete(() => this.changed());
  }

  /** The folders that `snapshot/list` is to look below. */
  get roots(): string[] {
    return (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === 'file').map((folder) => folder.uri.fsPath);
  }

  /** Snapshots opened from elsewhere, newest first. */
  get opened(): string[] {
    return this.#memory.get<string[]>(REMEMBERED, []);
  }

  async remember(location: string): Promise<void> {
    await this.#memory.update(REMEMBERED, [location, ...this.opened.filter((each) => each !== location)].slice(0, REMEMBERED_LIMIT));
    this.changed();
  }

  async forget(location: string): Promise<void> {
    await this.#memory.update(
      REMEMBERED,
      this.opened.filter((each) => each !== location),
    );
    this.changed();
  }

  /** Many files change together: one event for all of them. */
  changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed.fire(), 300);
  }

  /** Asks for a snapshot folder; undefined when the user gave up. */
  async browse(): Promise<string | undefined> {
    const chosen = await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      title: vscode.l10n.t('Open a savepoint or checkpoint folder'),
      openLabel: vscode.l10n.t('Open'),
    });
    const folder = chosen?.[0]?.fsPath;
    if (folder === undefined) return undefined;
    if (!(await readdir(folder)).includes('_metadata')) {
      throw new Error(
        `${folder} has no _metadata file. Choose the folder of one savepoint or checkpoint, such as ${join('.tidemark', 'name', 'savepoints', 'savepoint-1')}.`,
      );
    }
    await this.remember(folder);
    return folder;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#watcher.dispose();
    this.#changed.dispose();
  }
}
