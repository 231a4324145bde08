import * as vscode from 'vscode';
import type { StateSelection, ValueText } from '../../server/src/protocol.ts';
import { indented } from './prettyJson.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const SCHEME = 'tidemark-entry';
const VALUE_LIMIT = 64 * 2 ** 20;

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
    const parts: [string, string][] = [
      ['operator', JSON.stringify(selection.operator)],
      ['state', JSON.stringify(selection.state)],
      ['subtask', String(row.subtask)],
    ];
    if (row.keyGroup !== null) parts.push(['keyGroup', String(row.keyGroup)]);
    if (row.timestamp !== null) parts.push(['timestamp', row.timestamp]);
    const add = (name: string, value: ValueText | null): void => {
      if (value !== null) parts.push([name, value.cut ? JSON.stringify(value.json) : value.json]);
    };
    add('key', row.key);
    add('namespace', row.namespace);
    add('userKey', row.userKey);
    add('value', row.value);
    return indented(`{${parts.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`);
  }

  async open(place: Place, title: string): Promise<void> {
    const name = title.replaceAll(/[^\p{L}\p{N}._ -]/gu, '_').slice(0, 60) || 'entry';
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}.json`, query: JSON.stringify(place) });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }
}
