import * as vscode from 'vscode';

/** Where snapshots are: in the workspace, and wherever one was opened by hand. */
const SNAPSHOT_FILES = '**/_metadata';
const REMEMBERED = 'tidemark.openedSnapshots';
const REMEMBERED_LIMIT = 20;

export class SavepointFolders implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #watcher = vscode.workspace.createFileSystemWatcher(SNAPSHOT_FILES, false, false, false);
  readonly #memory: vscode.Memento;
  #timer: NodeJS.Timeout | undefined;

  readonly onDidChange = this.#changed.event;

  readonly #check: (location: string) => Promise<unknown>;

  /** `check` reads what a location holds, and throws where that is not a snapshot. */
  constructor(memory: vscode.Memento, check: (location: string) => Promise<unknown>) {
    this.#memory = memory;
    this.#check = check;
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

  /** Asks for a snapshot: a folder, an archive, or an address; undefined when the user gave up. */
  async browse(): Promise<string | undefined> {
    const folder = {
      label: vscode.l10n.t('$(folder) Folder…'),
      detail: vscode.l10n.t('A savepoint, a checkpoint, or a folder of checkpoints'),
    };
    const file = {
      label: vscode.l10n.t('$(file-zip) Archive or _metadata file…'),
      detail: vscode.l10n.t('.zip, .tar, .tar.gz or .tar.age with a snapshot in it'),
    };
    const address = {
      label: vscode.l10n.t('$(cloud) Address…'),
      detail: vscode.l10n.t('s3://bucket/path, with the credentials of the AWS environment or profile'),
    };
    const chosen = await vscode.window.showQuickPick([folder, file, address], { title: vscode.l10n.t('Open a savepoint or checkpoint') });
    if (chosen === undefined) return undefined;
    const location = chosen === address ? await askAddress() : await askFile(chosen === folder);
    return location === undefined ? undefined : this.open(location);
  }

  /** Remembers a snapshot that can be read. @throws with the reason where it cannot */
  async open(location: string): Promise<string> {
    await this.#check(location);
    await this.remember(location);
    return location;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#watcher.dispose();
    this.#changed.dispose();
  }
}

async function askAddress(): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Where is the snapshot?'),
    placeHolder: 's3://bucket/flink/savepoints/savepoint-0c9d4b-7f3a21',
    validateInput: (text) => (/^s3[an]?:\/\/[^/]+\/?/.test(text) ? null : vscode.l10n.t('An address begins with s3:// and a bucket')),
  });
}

async function askFile(isFolder: boolean): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFolders: isFolder,
    canSelectFiles: !isFolder,
    title: vscode.l10n.t('Open a savepoint or checkpoint'),
    openLabel: vscode.l10n.t('Open'),
  });
  return chosen?.[0]?.fsPath;
}
