import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { SnapshotListItem, SnapshotNode } from '../../server/src/protocol.ts';
import { bytes, count } from './figures.ts';
import { plainMarkdown } from './plainText.ts';
import type { SavepointFolders } from './savepointFolders.ts';
import { snapshotDescription, snapshotIcon } from './snapshotLabels.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

/** Pipelines, their savepoints and checkpoints, and everything inside, read when it is opened and page by page. */
export type SavepointsNode = PipelineNode | SnapshotRoot | ContentNode | MoreNode;

interface PipelineNode {
  readonly is: 'pipeline';
  /** With its folder, where pipelines of several projects have one name. */
  readonly name: string;
  readonly snapshots: readonly SnapshotRoot[];
}

export interface SnapshotRoot {
  readonly is: 'snapshot';
  readonly location: string;
  /** Null for a folder that was opened by hand. */
  readonly item: SnapshotListItem | null;
}

interface ContentNode {
  readonly is: 'content';
  readonly location: string;
  readonly parent: string;
  readonly node: SnapshotNode;
}

interface MoreNode {
  readonly is: 'more';
  readonly of: SnapshotRoot | ContentNode;
  readonly shown: number;
  /** Null where nobody has counted them. */
  readonly total: number | null;
}

/** What the view itself drags, as VS Code names it. */
const DRAGGED_SNAPSHOT = 'application/vnd.code.tree.tidemark.savepoints';

const ICONS: Record<SnapshotNode['kind'], string> = {
  operator: 'symbol-event',
  state: 'database',
  key: 'key',
  entry: 'symbol-field',
  timers: 'watch',
  timer: 'clock',
  operatorState: 'archive',
  element: 'symbol-array',
  fact: 'info',
  error: 'error',
};

interface ReadChildren {
  readonly nodes: readonly SnapshotNode[];
  readonly total: number | null;
  wantsMore: boolean;
}

export class SavepointsView
  implements vscode.TreeDataProvider<SavepointsNode>, vscode.TreeDragAndDropController<SavepointsNode>, vscode.Disposable
{
  readonly dropMimeTypes = ['text/uri-list', DRAGGED_SNAPSHOT];
  readonly dragMimeTypes: readonly string[] = [DRAGGED_SNAPSHOT];
  readonly #process: SnapshotProcess;
  readonly #folders: SavepointFolders;
  readonly #changed = new vscode.EventEmitter<SavepointsNode | undefined>();
  readonly #subscription: vscode.Disposable;
  /** What has been read of a node's children so far: one more page at each "load more". */
  readonly #read = new Map<string, ReadChildren>();

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(process: SnapshotProcess, folders: SavepointFolders) {
    this.#process = process;
    this.#folders = folders;
    this.#subscription = folders.onDidChange(() => this.refresh());
  }

  refresh(): void {
    this.#read.clear();
    this.#changed.fire(undefined);
  }

  loadMore(more: MoreNode): void {
    const read = this.#read.get(pageKey(more.of));
    if (read !== undefined) read.wantsMore = true;
    this.#changed.fire(more.of);
  }

  handleDrag(nodes: readonly SavepointsNode[], data: vscode.DataTransfer): void {
    const [node] = nodes;
    if (node?.is === 'snapshot') data.set(DRAGGED_SNAPSHOT, new vscode.DataTransferItem(node));
  }

  /** A snapshot that is dropped on another is compared with it; folders and archives from elsewhere are opened in the view. */
  async handleDrop(target: SavepointsNode | undefined, data: vscode.DataTransfer): Promise<void> {
    const dragged = data.get(DRAGGED_SNAPSHOT)?.value as SavepointsNode | undefined;
    if (dragged?.is === 'snapshot') {
      if (target?.is === 'snapshot') await vscode.commands.executeCommand('tidemark.compare.both', dragged, target);
      return;
    }
    const list = (await data.get('text/uri-list')?.asString()) ?? '';
    for (const line of list.split(/\r?\n/)) {
      if (line !== '' && !line.startsWith('#')) await this.#folders.open(vscode.Uri.parse(line).fsPath);
    }
  }

  /** The node of a snapshot that is listed; undefined where there is none. */
  async find(location: string): Promise<SnapshotRoot | undefined> {
    const roots = await this.#roots();
    return roots
      .flatMap((node) => (node.is === 'pipeline' ? node.snapshots : node.is === 'snapshot' ? [node] : []))
      .find((node) => node.location === location);
  }

  /** Only snapshots are revealed. */
  getParent(node: SavepointsNode): SavepointsNode | undefined {
    return node.is === 'snapshot' && node.item !== null ? { is: 'pipeline', name: node.item.origin, snapshots: [node] } : undefined;
  }

  async getChildren(parent?: SavepointsNode): Promise<SavepointsNode[]> {
    if (parent?.is === 'pipeline') return [...parent.snapshots];
    if (parent?.is === 'more') return [];
    try {
      return parent === undefined ? await this.#roots() : await this.#contents(parent);
    } catch (error) {
      // Said where the children would be: the rest of the tree stays of use.
      return [errorNode(parent, error)];
    }
  }

  async #roots(): Promise<SavepointsNode[]> {
    const roots = this.#folders.roots;
    const listed = roots.length === 0 ? [] : (await this.#process.request('snapshot/list', { folders: roots })).snapshots;
    const byPipeline = new Map<string, SnapshotRoot[]>();
    for (const item of listed) {
      const snapshot: SnapshotRoot = { is: 'snapshot', location: item.location, item };
      const known = byPipeline.get(item.origin);
      if (known === undefined) byPipeline.set(item.origin, [snapshot]);
      else known.push(snapshot);
    }
    const pipelines = [...byPipeline].map(([name, snapshots]): PipelineNode => ({ is: 'pipeline', name, snapshots }));
    const known = new Set(listed.map((item) => item.location));
    const opened = this.#folders.opened
      .filter((location) => !known.has(location))
      .map((location): SnapshotRoot => ({ is: 'snapshot', location, item: null }));
    return [...pipelines, ...opened];
  }

  async #contents(parent: SnapshotRoot | ContentNode): Promise<SavepointsNode[]> {
    const key = pageKey(parent);
    const known = this.#read.get(key);
    const read = known === undefined || known.wantsMore ? await this.#readMore(parent, known?.nodes ?? []) : known;
    this.#read.set(key, read);
    const nodes: SavepointsNode[] = read.nodes.map((node) => ({ is: 'content', location: parent.location, parent: key, node }));
    if (read.total === null || nodes.length < read.total) nodes.push({ is: 'more', of: parent, shown: nodes.length, total: read.total });
    return nodes;
  }

  async #readMore(parent: SnapshotRoot | ContentNode, before: readonly SnapshotNode[]): Promise<ReadChildren> {
    const page = await this.#process.request('snapshot/children', {
      location: parent.location,
      node: parent.is === 'content' ? parent.node.id : null,
      offset: before.length,
      limit: vscode.workspace.getConfiguration('tidemark', vscode.Uri.file(parent.location)).get('savepoints.pageSize', 100),
    });
    return { nodes: [...before, ...page.nodes], total: page.total, wantsMore: false };
  }

  getTreeItem(node: SavepointsNode): vscode.TreeItem {
    switch (node.is) {
      case 'pipeline':
        return pipelineItem(node);
      case 'snapshot':
        return node.item === null ? openedItem(node) : snapshotItem(node.item);
      case 'content':
        return contentItem(node);
      case 'more':
        return moreItem(node);
    }
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}

function pageKey(node: SnapshotRoot | ContentNode): string {
  return node.is === 'snapshot' ? `${node.location}\n` : `${node.location}\n${node.node.id}`;
}

function errorNode(parent: SnapshotRoot | ContentNode | undefined, error: unknown): ContentNode {
  const reason = error instanceof Error ? error.message : String(error);
  const node: SnapshotNode = {
    id: 'error',
    kind: 'error',
    label: reason,
    description: '',
    tooltip: reason,
    sizeBytes: null,
    expandable: false,
  };
  return { is: 'content', location: parent?.location ?? '', parent: parent === undefined ? '' : pageKey(parent), node };
}

function pipelineItem(node: PipelineNode): vscode.TreeItem {
  const item = new vscode.TreeItem(node.name, vscode.TreeItemCollapsibleState.Expanded);
  item.id = `pipeline:${node.name}`;
  item.iconPath = new vscode.ThemeIcon('type-hierarchy');
  const savepoints = node.snapshots.filter((snapshot) => snapshot.item?.kind === 'savepoint').length;
  item.description = [plural(savepoints, 'savepoint'), plural(node.snapshots.length - savepoints, 'checkpoint')]
    .filter((text) => text !== '')
    .join(', ');
  item.contextValue = 'pipeline';
  return item;
}

function plural(number: number, word: string): string {
  if (number === 0) return '';
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

function snapshotItem(listed: SnapshotListItem): vscode.TreeItem {
  const item = new vscode.TreeItem(listed.title, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = `snapshot:${listed.location}`;
  item.iconPath = new vscode.ThemeIcon(snapshotIcon(listed));
  item.description = snapshotDescription(listed);
  const lines = [
    `${listed.kind === 'savepoint' ? 'Savepoint' : 'Checkpoint'} ${count(listed.checkpointId)} of ${listed.origin}`,
    `${new Date(listed.createdAt).toLocaleString()} · ${bytes(listed.sizeBytes)}`,
    basename(listed.location),
    ...(listed.program === null ? [] : [`Program: ${listed.program}`]),
    listed.location,
  ];
  item.tooltip = plainMarkdown(lines);
  item.contextValue = `snapshot.${listed.kind}${listed.owned ? '.owned' : ''}`;
  item.accessibilityInformation = { label: `${listed.title}, ${item.description}` };
  return item;
}

function openedItem(node: SnapshotRoot): vscode.TreeItem {
  const item = new vscode.TreeItem(basename(node.location), vscode.TreeItemCollapsibleState.Collapsed);
  item.id = `snapshot:${node.location}`;
  item.iconPath = new vscode.ThemeIcon('folder-library');
  item.description = node.location;
  item.tooltip = node.location;
  item.contextValue = 'snapshot.opened';
  return item;
}

function contentItem({ node, parent }: ContentNode): vscode.TreeItem {
  const state = node.expandable ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
  const item = new vscode.TreeItem(node.label, state);
  item.id = `${parent}\n${node.id}`;
  item.iconPath = new vscode.ThemeIcon(ICONS[node.kind], node.kind === 'error' ? new vscode.ThemeColor('errorForeground') : undefined);
  item.description = [node.description, node.sizeBytes === null ? '' : bytes(node.sizeBytes)].filter((text) => text !== '').join(' · ');
  if (node.tooltip !== null) item.tooltip = node.tooltip;
  item.contextValue = node.kind;
  return item;
}

function moreItem(node: MoreNode): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Load more'));
  item.iconPath = new vscode.ThemeIcon('ellipsis');
  item.description = node.total === null ? count(node.shown) : `${count(node.shown)} of ${count(node.total)}`;
  item.command = { command: 'tidemark.savepoints.loadMore', title: vscode.l10n.t('Load more'), arguments: [node] };
  item.contextValue = 'more';
  return item;
}
