import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import type { SnapshotOverview } from '../../server/src/protocol.ts';
import type { FromSavepointPage, PageProgress, PageRequest, ToSavepointPage } from '../../webview/src/savepoint/protocol.ts';
import type { EntryDocuments } from './entryDocuments.ts';
import type { Messages } from './messages.ts';
import { pageHtml } from './pageHtml.ts';
import { PageRequests } from './pageRequests.ts';
import type { SavepointsNode } from './savepointsView.ts';
import type { SnapshotDocuments } from './snapshotDocument.ts';
import { exportSnapshot } from './snapshotExport.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const VIEW_TYPE = 'tidemark.savepoint';
const COMMAND = 'tidemark.openSavepointEditor';
/** Of snapshots that are not a file of this machine by themselves: in an archive, or at an address. The query says which. */
const ELSEWHERE = 'tidemark-savepoint';

interface Rooms {
  /** The folder of the built pages. */
  readonly page: vscode.Uri;
  readonly process: SnapshotProcess;
  readonly documents: SnapshotDocuments;
  readonly entries: EntryDocuments;
  readonly messages: Messages;
}

/** The editor of `_metadata` files: a page about the whole snapshot, which never changes it. */
export class SavepointEditor implements vscode.CustomReadonlyEditorProvider {
  readonly #rooms: Rooms;
  /** The one that was opened last, by the text of its address. */
  readonly #views = new Map<string, SavepointView>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  register(): vscode.Disposable[] {
    const options = { webviewOptions: { retainContextWhenHidden: true }, supportsMultipleEditorsPerDocument: true };
    return [
      vscode.window.registerCustomEditorProvider(VIEW_TYPE, this, options),
      vscode.commands.registerCommand(COMMAND, (target: vscode.Uri | SavepointsNode | string | undefined, operator: unknown) =>
        this.#rooms.messages.guard(vscode.l10n.t('The snapshot could not be opened'), () =>
          this.#open(target, typeof operator === 'string' ? operator : null),
        ),
      ),
    ];
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  async resolveCustomEditor(document: vscode.CustomDocument, panel: vscode.WebviewPanel): Promise<void> {
    const { page } = this.#rooms;
    panel.webview.options = { enableScripts: true, localResourceRoots: [page] };
    panel.title = basename(locationOf(document.uri));
    const view = new SavepointView(this.#rooms, document.uri, panel);
    const key = document.uri.toString();
    this.#views.set(key, view);
    panel.onDidDispose(() => {
      view.dispose();
      if (this.#views.get(key) === view) this.#views.delete(key);
    });
    panel.webview.html = await pageHtml(panel.webview, page, 'savepoint.html');
  }

  /** A file, a folder, a location or a node of the Savepoints view; what is asked for where there is none. Shows an operator, by its id. */
  async #open(target: vscode.Uri | SavepointsNode | string | undefined, operator: string | null): Promise<void> {
    const location = typeof target === 'string' ? target : (locationIn(target) ?? (await askForSnapshot()));
    if (location === undefined) return;
    // It knows which snapshot is meant by a folder of checkpoints.
    const overview = await this.#rooms.process.request('snapshot/overview', { location });
    const uri = (await isInFiles(location))
      ? vscode.Uri.file(`${overview.location}/_metadata`)
      : vscode.Uri.from({ scheme: ELSEWHERE, path: `/${overview.name}/_metadata`, query: location });
    await vscode.commands.executeCommand('vscode.openWith', uri, VIEW_TYPE);
    if (operator !== null) this.#views.get(uri.toString())?.show(operator);
  }
}

function locationIn(target: vscode.Uri | SavepointsNode | undefined): string | undefined {
  if (target instanceof vscode.Uri) return target.fsPath;
  return target?.is === 'snapshot' ? target.location : undefined;
}

/** What the snapshot process is asked about. */
function locationOf(uri: vscode.Uri): string {
  return uri.scheme === ELSEWHERE ? uri.query : dirname(uri.fsPath);
}

/** A folder, or its `_metadata`. */
async function isInFiles(location: string): Promise<boolean> {
  if (basename(location) === '_metadata') return true;
  const found = await stat(location).catch(() => null);
  return found?.isDirectory() === true;
}

async function askForSnapshot(): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Open a savepoint or checkpoint'),
    openLabel: vscode.l10n.t('Open'),
    canSelectFiles: true,
    canSelectFolders: true,
  });
  return picked?.[0]?.fsPath;
}

/** One open editor: the page's requests go to the snapshot process, its answers back. */
class SavepointView implements vscode.Disposable {
  readonly #rooms: Rooms;
  readonly #uri: vscode.Uri;
  readonly #panel: vscode.WebviewPanel;
  readonly #requests: PageRequests<PageRequest, PageProgress>;
  readonly #watcher: vscode.FileSystemWatcher;
  #overview: SnapshotOverview | null = null;
  /** An operator to be shown as soon as the page has the overview. */
  #wanted: string | null = null;
  #isDisposed = false;

  constructor(rooms: Rooms, uri: vscode.Uri, panel: vscode.WebviewPanel) {
    this.#rooms = rooms;
    this.#uri = uri;
    this.#panel = panel;
    this.#requests = new PageRequests(
      (request, report, token) => this.#ask(request, report, token),
      (answer) => this.#post(answer),
      (text) => rooms.messages.log.warn(`${this.#location}: ${text}`),
    );
    panel.webview.onDidReceiveMessage((message: FromSavepointPage) => this.#receive(message));
    this.#watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), '_metadata'));
    // Another snapshot has taken its place.
    this.#watcher.onDidChange(() => void this.#sendOverview());
    this.#watcher.onDidCreate(() => void this.#sendOverview());
  }

  get #location(): string {
    return locationOf(this.#uri);
  }

  show(operator: string): void {
    this.#wanted = operator;
    if (this.#overview !== null) this.#showWanted();
  }

  #showWanted(): void {
    if (this.#wanted !== null) this.#post({ kind: 'show', operator: this.#wanted });
    this.#wanted = null;
  }

  async #sendOverview(): Promise<void> {
    try {
      const overview = await this.#rooms.process.request('snapshot/overview', { location: this.#location });
      this.#overview = overview;
      this.#post({ kind: 'overview', overview, can: { run: vscode.workspace.isTrusted } });
      this.#showWanted();
    } catch (error) {
      this.#rooms.messages.log.error(`${this.#uri.fsPath}: ${reasonOf(error)}`);
      this.#post({ kind: 'failed', reason: reasonOf(error) });
    }
  }

  #receive(message: FromSavepointPage): void {
    const { messages, documents, entries, process } = this.#rooms;
    switch (message.kind) {
      case 'ready':
      case 'retry':
        void this.#sendOverview();
        return;
      case 'request':
        void this.#requests.answer(message.id, message.request);
        return;
      case 'cancel':
        this.#requests.cancel(message.id);
        return;
      case 'export':
        void messages.guard(vscode.l10n.t('The export has failed'), () => exportOf(process, this.#location, message.selection));
        return;
      case 'openEntry': {
        const { selection, cursor, title } = message;
        void messages.guard(vscode.l10n.t('The entry could not be opened'), () =>
          entries.open({ location: this.#location, selection, cursor }, title),
        );
        return;
      }
      case 'copy':
        void vscode.env.clipboard.writeText(message.text);
        return;
      case 'openAsJson':
        void messages.guard(vscode.l10n.t('The snapshot could not be opened as JSON'), () => documents.open(this.#location));
        return;
      case 'runFrom':
        void this.#runFrom();
        return;
      case 'openProgram':
        if (this.#overview?.program != null) void vscode.commands.executeCommand('vscode.open', vscode.Uri.file(this.#overview.program));
        return;
      case 'showLog':
        messages.log.show();
        return;
    }
  }

  #ask({ method, params }: PageRequest, report: (value: PageProgress) => void, token: vscode.CancellationToken): Promise<unknown> {
    const { process } = this.#rooms;
    const location = this.#location;
    switch (method) {
      case 'verify':
        return process.request('snapshot/verify', { location }, token);
      case 'operators':
        return process.request('snapshot/operators', { location, operators: params.operators }, token);
      case 'statistics': {
        const { operator } = params;
        return process.requestWithProgress('snapshot/statistics', { location, operator }, report, token);
      }
      case 'entries':
        return process.requestWithProgress('snapshot/entries', { location, ...params }, report, token);
    }
  }

  async #runFrom(): Promise<void> {
    const overview = this.#overview;
    if (overview === null) return;
    const location = this.#location;
    const { pipeline, checkpointId, createdAt, sizeBytes, program } = overview;
    const kind = overview.kind === 'checkpoint' ? 'checkpoint' : 'savepoint';
    const item = { location, pipeline: pipeline ?? overview.name, kind, checkpointId, createdAt: createdAt ?? 0, sizeBytes, program };
    await vscode.commands.executeCommand('tidemark.savepoints.runFrom', { is: 'snapshot', location, item });
  }

  #post(message: ToSavepointPage): void {
    if (!this.#isDisposed) void this.#panel.webview.postMessage(message);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#watcher.dispose();
    this.#requests.dispose();
  }
}

/** Cancelling is not a failure. */
async function exportOf(...[process, location, selection]: Parameters<typeof exportSnapshot>): Promise<void> {
  try {
    await exportSnapshot(process, location, selection);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === REQUEST_CANCELLED) throw new vscode.CancellationError();
    throw error;
  }
}

/** Of JSON-RPC, as the language server protocol has it. */
const REQUEST_CANCELLED = -32_800;

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
