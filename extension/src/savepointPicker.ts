import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { SnapshotListItem } from '../../server/src/protocol.ts';
import { ago, bytes } from './figures.ts';
import type { SavepointFolders } from './savepointFolders.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

interface SnapshotChoice extends vscode.QuickPickItem {
  readonly location: string | null;
}

/** Asks for a snapshot to restore: newest first, those of the pipeline in question before all others. */
export class SavepointPicker {
  readonly #process: SnapshotProcess;
  readonly #folders: SavepointFolders;

  constructor(process: SnapshotProcess, folders: SavepointFolders) {
    this.#process = process;
    this.#folders = folders;
  }

  /** All snapshots of the workspace, newest first; of one program only, where that is given and has some. */
  async list(program?: string): Promise<SnapshotListItem[]> {
    const { snapshots } = await this.#process.request('snapshot/list', { folders: this.#folders.roots });
    const own = program === undefined ? [] : snapshots.filter((item) => item.program === program);
    return own.length > 0 ? own : snapshots;
  }

  /** A snapshot of the workspace; undefined when the user gave up. */
  async choose(title: string): Promise<string | undefined> {
    const chosen = await vscode.window.showQuickPick((await this.list()).map(choice), { title, matchOnDescription: true });
    return chosen?.location ?? undefined;
  }

  /** The folder chosen, or undefined when the user gave up. */
  async pick(program?: string): Promise<string | undefined> {
    const { snapshots } = await this.#process.request('snapshot/list', { folders: this.#folders.roots });
    const isOwn = (item: SnapshotListItem): boolean => item.program === program;
    const own = snapshots.filter(isOwn);
    const others = snapshots.filter((item) => !isOwn(item));
    const browse: SnapshotChoice = { label: vscode.l10n.t('$(folder-opened) Another folder…'), location: null, alwaysShow: true };
    const choices: SnapshotChoice[] = [
      ...own.map(choice),
      ...(own.length > 0 && others.length > 0 ? [separator(vscode.l10n.t('other pipelines'))] : []),
      ...others.map(choice),
      ...(this.#folders.opened.length > 0 ? [separator(vscode.l10n.t('opened from elsewhere'))] : []),
      ...this.#folders.opened.map((location) => ({ label: `$(folder-library) ${basename(location)}`, detail: location, location })),
      separator(''),
      browse,
    ];
    const chosen = await vscode.window.showQuickPick(choices, {
      title: vscode.l10n.t('Restore from which savepoint or checkpoint?'),
      placeHolder: snapshots.length === 0 ? vscode.l10n.t('There is none in this workspace yet') : vscode.l10n.t('Newest first'),
      matchOnDescription: true,
      matchOnDetail: true,
    });
    if (chosen === undefined) return undefined;
    return chosen.location ?? this.#folders.browse();
  }
}

function choice(item: SnapshotListItem): SnapshotChoice {
  const icon = item.kind === 'savepoint' ? 'save' : 'history';
  const time = new Date(item.createdAt).toLocaleString();
  return {
    label: `$(${icon}) ${basename(item.location)}`,
    description: `${item.pipeline} · ${ago(item.createdAt, Date.now())} · ${bytes(item.sizeBytes)}`,
    detail: `${time} · ${item.location}`,
    location: item.location,
  };
}

function separator(label: string): SnapshotChoice {
  return { label, kind: vscode.QuickPickItemKind.Separator, location: null };
}
