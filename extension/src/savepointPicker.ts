import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { SnapshotListItem } from '../../server/src/protocol.ts';
import type { SavepointFolders } from './savepointFolders.ts';
import { snapshotDescription, snapshotIcon } from './snapshotLabels.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

interface SnapshotChoice extends vscode.QuickPickItem {
  readonly location: string | null;
}

/** Asks for a snapshot: newest first, those of the pipeline in question before all others. */
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

  /** A snapshot for a purpose, which the title says; undefined when the user gave up. Those of `program` come first. */
  async pick(title = vscode.l10n.t('Restore from which savepoint or checkpoint?'), program?: string): Promise<string | undefined> {
    const { snapshots } = await this.#process.request('snapshot/list', { folders: this.#folders.roots });
    const isOwn = (item: SnapshotListItem): boolean => item.program === program;
    const own = snapshots.filter(isOwn);
    const others = snapshots.filter((item) => !isOwn(item));
    const listed = new Set(snapshots.map(({ location }) => location));
    const opened = this.#folders.opened.filter((location) => !listed.has(location));
    const browse: SnapshotChoice = { label: vscode.l10n.t('$(folder-opened) Another folder…'), location: null, alwaysShow: true };
    const choices: SnapshotChoice[] = [
      ...own.map(choice),
      ...(own.length > 0 && others.length > 0 ? [separator(vscode.l10n.t('other pipelines'))] : []),
      ...others.map(choice),
      ...(opened.length > 0 ? [separator(vscode.l10n.t('opened from elsewhere'))] : []),
      ...opened.map((location) => ({ label: `$(folder-library) ${basename(location)}`, detail: location, location })),
      separator(''),
      browse,
    ];
    const isEmpty = snapshots.length === 0 && opened.length === 0;
    const chosen = await vscode.window.showQuickPick(choices, {
      title,
      placeHolder: isEmpty
        ? vscode.l10n.t('There is none in this workspace yet. Run a pipeline and take a savepoint, or open one from another folder.')
        : vscode.l10n.t('Newest first'),
      matchOnDescription: true,
      matchOnDetail: true,
    });
    if (chosen === undefined) return undefined;
    return chosen.location ?? this.#folders.browse();
  }
}

function choice(item: SnapshotListItem): SnapshotChoice {
  return {
    label: `$(${snapshotIcon(item)}) ${item.title}`,
    description: snapshotDescription(item),
    detail: item.location,
    location: item.location,
  };
}

function separator(label: string): SnapshotChoice {
  return { label, kind: vscode.QuickPickItemKind.Separator, location: null };
}
