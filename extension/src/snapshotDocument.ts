import { basename } from 'node:path';
import * as vscode from 'vscode';
import { count } from './figures.ts';
import type { Messages } from './messages.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

const SCHEME = 'tidemark-snapshot';

/** A snapshot as a read-only document of JSON lines: `tidemark-snapshot:/name.jsonl?<folder>`. */
export class SnapshotDocuments implements vscode.TextDocumentContentProvider {
  readonly #process: SnapshotProcess;
  readonly #messages: Messages;

  constructor(process: SnapshotProcess, messages: Messages) {
    this.#process = process;
    this.#messages = messages;
  }

  register(): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const limit = vscode.workspace.getConfiguration('tidemark', vscode.Uri.file(uri.query)).get('savepoints.jsonLines', 10_000);
    const { text, truncated } = await this.#process.request('snapshot/dump', { location: uri.query, limit }, token);
    if (truncated) {
      this.#messages.warn(
        vscode.l10n.t(
          '{0} has more than {1} lines; only these are shown. "tidemark dump {2}" writes all of them.',
          basename(uri.query),
          count(limit),
          uri.query,
        ),
      );
    }
    return text;
  }

  async open(location: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${basename(location)}.jsonl`, query: location });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }
}
