import * as vscode from 'vscode';
import type { StateSelection } from '../../server/src/protocol.ts';
import { entryJson, fileNameOf, VALUE_LIMIT } from './entryJson.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const SCHEME = 'tidemark-entry';

interface Place {
  readonly location: string;
  readonly selection: StateSelection;
  readonly cursor: string;
}

/** One entry of a state as a read-only document of JSON, whole. */
export class EntryDocuments implements vscode.TextDocumentContentProvider {
  readonly #process: SnapshotProcess;

  constructor(process: SnapshotProcess) {
    this.#process = process;
  }

  register(): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const { location, selection, cursor } = JSON.parse(uri.query) as Place;
    const { rows } = await this.#process.request(
      'snapshot/entries',
      { location, ...selection, cursor, limit: 1, valueLimit: VALUE_LIMIT, progress: null },
      token,
    );
    const [row] = rows;
    if (row === undefined) throw new Error(vscode.l10n.t('this entry is not there any more: the snapshot has been replaced'));
    return entryJson([
      ['operator', JSON.stringify(selection.operator)],
      ['state', JSON.stringify(selection.state)],
      ['subtask', String(row.subtask)],
      ['keyGroup', row.keyGroup === null ? null : String(row.keyGroup)],
      ['timestamp', row.timestamp],
      ['key', row.key],
      ['namespace', row.namespace],
      ['userKey', row.userKey],
      ['value', row.value],
    ]);
  }

  async open(place: Place, title: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${fileNameOf(title)}`, query: JSON.stringify(place) });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }
}
