import * as vscode from 'vscode';
import { LanguageClient, State, TransportKind } from 'vscode-languageclient/node';
import type { Messages } from './messages.ts';

/** Starts the language server and tells it whether it may run pipeline builders. */
export function startLanguageClient(program: string, messages: Messages): vscode.Disposable {
  const server = { module: program, transport: TransportKind.stdio };
  const mayRunBuilder = (): boolean =>
    vscode.workspace.isTrusted && vscode.workspace.getConfiguration('tidemark').get<boolean>('languageServer.runBuilder', true);
  const client = new LanguageClient(
    'tidemark',
    'Tidemark Language Server',
    { run: server, debug: server },
    {
      documentSelector: [{ scheme: 'file', language: 'typescript', pattern: '**/*.pipeline.ts' }],
      initializationOptions: { trusted: mayRunBuilder() },
      outputChannel: messages.log,
    },
  );
  const tell = (): void => {
    if (client.state === State.Running) void client.sendNotification('tidemark/trust', { trusted: mayRunBuilder() });
  };
  void client.start().catch((error: unknown) => messages.error(vscode.l10n.t('The language server could not be started'), error));
  return vscode.Disposable.from(
    vscode.workspace.onDidGrantWorkspaceTrust(tell),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('tidemark.languageServer.runBuilder')) tell();
    }),
    { dispose: () => void client.dispose() },
  );
}
