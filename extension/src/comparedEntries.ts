import * as vscode from 'vscode';
import type { ComparedPair, ComparedSelection } from '../../server/src/protocol.ts';
import { entryJson, fileNameOf, VALUE_LIMIT } from './entryJson.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const SCHEME = 'tidemark-compared';

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
    const json = entryJson([
      ['operator', JSON.stringify(operator)],
      ['state', JSON.stringify(selection.state)],
      ['timestamp', row.timestamp],
      ['key', row.key],
      ['namespace', row.namespace],
      ['userKey', row.userKey],
      ['value', row[side]],
    ]);
    return `${json}\n`;
  }

  async open(place: Place, title: string): Promise<void> {
    const uri = (side: Side): vscode.Uri =>
      vscode.Uri.from({ scheme: SCHEME, path: `/${side}/${fileNameOf(title)}`, query: JSON.stringify({ ...place, side }) });
    await vscode.commands.executeCommand('vscode.diff', uri('before'), uri('after'), title, {
      preview: true,
    } satisfies vscode.TextDocumentShowOptions);
  }
}
