import * as vscode from 'vscode';
import { LanguageClient, State, TransportKind } from 'vscode-languageclient/node';
import type { CheckFinding, TypeProblem } from '../../server/src/protocol.ts';
import type { CheckBindings } from './checkBindings.ts';
import type { Messages } from './messages.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

/** As the language server has it. */
interface SavepointCheck {
  readonly savepoint: string;
  readonly findings: readonly CheckFinding[];
}

export interface LanguageServer {
  readonly subscription: vscode.Disposable;
  /** What TypeScript reports in a pipeline and its imports; null where it is not known, such as when the server does not run. */
  typeErrors(program: string): Promise<readonly TypeProblem[] | null>;
}

/** Starts the language server, tells it whether it may run pipeline builders, and checks pipelines for it against their savepoints. */
export function startLanguageClient(
  program: string,
  { messages, process, bindings }: { readonly messages: Messages; readonly process: SnapshotProcess; readonly bindings: CheckBindings },
): LanguageServer {
  const server = { module: program, transport: TransportKind.stdio };
  const wantsBuilder = (place: vscode.Uri | undefined): boolean =>
    vscode.workspace.getConfiguration('tidemark', place).get<boolean>('languageServer.runBuilder', true);
  const trust = (): { trusted: boolean; withoutBuilder: string[] } => {
    const folders = vscode.workspace.workspaceFolders ?? [];
    const trusted = vscode.workspace.isTrusted && (folders.length > 0 || wantsBuilder(undefined));
    return { trusted, withoutBuilder: folders.filter(({ uri }) => !wantsBuilder(uri)).map(({ uri }) => uri.fsPath) };
  };
  const client = new LanguageClient(
    'tidemark',
    'Tidemark Language Server',
    { run: server, debug: server },
    {
      documentSelector: [{ scheme: 'file', language: 'typescript', pattern: '**/*.pipeline.ts' }],
      initializationOptions: { ...trust(), bindsSavepoints: true },
      outputChannel: messages.log,
    },
  );
  const tell = (): void => {
    if (client.state === State.Running) void client.sendNotification('tidemark/trust', trust());
  };
  client.onRequest(
    'tidemark/checkSavepoint',
    async (
      { program: module, text }: { program: string; text: string },
      token: vscode.CancellationToken,
    ): Promise<SavepointCheck | null> => {
      const savepoint = bindings.of(module);
      if (savepoint === null || !vscode.workspace.isTrusted || !wantsBuilder(vscode.Uri.file(module))) return null;
      const params = { location: savepoint, program: module, text, allowNonRestoredState: false, flink: null };
      return { savepoint, findings: (await process.request('snapshot/check', params, token)).findings };
    },
  );
  void client.start().catch((error: unknown) => messages.error(vscode.l10n.t('The language server could not be started'), error));
  const subscription = vscode.Disposable.from(
    bindings.onDidChange(() => {
      if (client.state === State.Running) void client.sendNotification('tidemark/savepointsBound');
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(tell),
    vscode.workspace.onDidChangeWorkspaceFolders(tell),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('tidemark.languageServer.runBuilder')) tell();
    }),
    { dispose: () => void client.dispose() },
  );
  return {
    subscription,
    typeErrors: async (module): Promise<readonly TypeProblem[] | null> => {
      if (client.state !== State.Running) return null;
      const found: readonly TypeProblem[] | null = await client.sendRequest('tidemark/typeErrors', { program: module });
      return found;
    },
  };
}
