import * as vscode from 'vscode';
import type { ComparedPair, ComparedSelection, ValueText } from '../../server/src/protocol.ts';
import { indented } from './prettyJson.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const SCHEME = 'tidemark-compared';
const VALUE_LIMIT = 64 * 2 ** 20;

interface Place {
  readonly pair: ComparedPair;
  readonly selection: ComparedSelection;
  readonly cursor: string;
}

type Side = 'before' | 'after';

/** Both sides of one entry of a comparison as read-only documents of JSON, whole, for the editor's own diff editor. */
export class ComparedEntries implements vscode.TextDocumentContentProvider {
  readonly #process: SnapshotProcess;

  constructor(process: SnapshotProcess) {
    this.#process = process;
  }

  register(): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const { pair, selection, cursor, side } = JSON.parse(uri.query) as Place & { readonly side: Side };
    const request = { ...pair, ...selection, cursor, limit: 1, valueLimit: VALUE_LIMIT };
    const { rows } = await this.#process.request('compare/entries', request, token);
    const [row] = rows;
    if (row === undefined) throw new Error(vscode.l10n.t('this entry is not there any more: a snapshot has been replaced'));
    // A side without the entry is empty.
    if (row.change === (side === 'before' ? 'added' : 'removed')) return '';
    const operator = side === 'before' ? selection.operatorBefore : selection.operatorAfter;
    const parts: [string, string][] = [
      ['operator', JSON.stringify(operator)],
      ['state', JSON.stringify(selection.state)],
    ];
    if (row.timestamp !== null) parts.push(['timestamp', row.timestamp]);
    const add = (name: string, value: ValueText | null): void => {
      if (value !== null) parts.push([name, value.cut ? JSON.stringify(value.json) : value.json]);
    };
    add('key', row.key);
    add('namespace', row.namespace);
    add('userKey', row.userKey);
    add('value', row[side]);
    return `${indented(`{${parts.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`)}\n`;
  }

  async open(place: Place, title: string): Promise<void> {
    const name = title.replaceAll(/[^\p{L}\p{N}._ -]/gu, '_').slice(0, 60) || 'entry';
    const uri = (side: Side): vscode.Uri =>
      vscode.Uri.from({ scheme: SCHEME, path: `/${side}/${name}.json`, query: JSON.stringify({ ...place, side }) });
    await vscode.commands.executeCommand('vscode.diff', uri('before'), uri('after'), title, {
      preview: true,
    } satisfies vscode.TextDocumentShowOptions);
  }
}
