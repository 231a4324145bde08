import { DocumentDiagnosticReportKind, TextDocuments, TextDocumentSyncKind } from 'vscode-languageserver';
import type { CancellationToken, Connection, InitializeParams, InitializeResult } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { provideCodeActions } from './features/codeActions.ts';
import { provideCodeLenses } from './features/codeLens.ts';
import { provideDiagnostics } from './features/diagnostics.ts';
import { provideDocumentSymbols } from './features/documentSymbols.ts';
import { provideHover } from './features/hover.ts';
import { isPackageInstalled, pathOf, readSyntax, type PipelineDocument } from './pipelineDocument.ts';
import type { PipelineSyntax } from './pipelineSyntax.ts';
import type { RunBuilder } from './planFacts.ts';
import { Plans } from './plans.ts';
import { noSemantics, type SemanticFacts } from './semanticFacts.ts';

const CAPABILITIES: InitializeResult['capabilities'] = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
  diagnosticProvider: { identifier: 'tidemark', interFileDependencies: true, workspaceDiagnostics: false },
  codeLensProvider: {},
  hoverProvider: true,
  documentSymbolProvider: true,
  codeActionProvider: { codeActionKinds: ['quickfix'] },
};

const isPipeline = (uri: string): boolean => uri.endsWith('.pipeline.ts');

/** Wires documents, plans and features to a connection. `runBuilder` runs user code: it is called in trusted workspaces only. */
export function startSession(
  connection: Connection,
  runBuilder: RunBuilder,
  createSemantics: (textOf: (path: string) => { text: string; version: number } | null) => SemanticFacts = () => noSemantics,
): void {
  const documents = new TextDocuments(TextDocument);
  const syntaxes = new WeakMap<TextDocument, { version: number; syntax: PipelineSyntax }>();
  let trusted = false;
  let canRefresh = { diagnostics: false, codeLens: false };

  const refresh = (): void => {
    if (canRefresh.diagnostics) void connection.languages.diagnostics.refresh();
  };
  const plans = new Plans(runBuilder, refresh);
  const semantics = createSemantics((path) => {
    const document = documents.all().find(({ uri }) => pathOf(uri) === path);
    return document === undefined ? null : { text: document.getText(), version: document.version };
  });

  const syntaxOf = (document: TextDocument): PipelineSyntax => {
    const known = syntaxes.get(document);
    if (known?.version === document.version) return known.syntax;
    const syntax = readSyntax(document);
    syntaxes.set(document, { version: document.version, syntax });
    return syntax;
  };

  /** Null for documents that are closed or no pipelines. */
  const moduleOf = (uri: string): PipelineDocument | null => {
    const document = documents.get(uri);
    if (document === undefined || !isPipeline(uri)) return null;
    const path = pathOf(uri);
    return {
      document,
      path,
      syntax: syntaxOf(document),
      plan: path === null ? null : plans.ofText(path, document.getText()),
      lastPlan: path === null ? null : plans.last(path),
      trusted,
      packageInstalled: path === null || isPackageInstalled(path),
      semantics,
    };
  };

  /** Answers from a pipeline; `otherwise` for other documents and for a question that nobody waits for any more. */
  const answer = <R>(uri: string, token: CancellationToken, otherwise: R, provide: (module: PipelineDocument) => R): R => {
    if (token.isCancellationRequested) return otherwise;
    const module = moduleOf(uri);
    return module === null ? otherwise : provide(module);
  };

  const replan = (document: TextDocument): void => {
    const path = pathOf(document.uri);
    if (trusted && path !== null && isPipeline(document.uri)) plans.request(path);
  };

  const setTrusted = (now: boolean): void => {
    trusted = now;
    if (trusted) documents.all().forEach(replan);
    else plans.clear();
    refresh();
    if (canRefresh.codeLens) void connection.sendRequest('workspace/codeLens/refresh').catch(() => undefined);
  };

  connection.onInitialize(({ initializationOptions, capabilities }: InitializeParams) => {
    trusted = (initializationOptions as { trusted?: unknown } | undefined)?.trusted === true;
    canRefresh = {
      diagnostics: capabilities.workspace?.diagnostics?.refreshSupport === true,
      codeLens: capabilities.workspace?.codeLens?.refreshSupport === true,
    };
    return { capabilities: CAPABILITIES, serverInfo: { name: 'Tidemark' } };
  });
  connection.onNotification('tidemark/trust', (params: { trusted: boolean }) => setTrusted(params.trusted));
  connection.onShutdown(() => {
    plans.clear();
    semantics.dispose();
  });

  documents.onDidOpen(({ document }) => replan(document));
  // A module that a pipeline imports may have changed as well.
  documents.onDidSave(() => documents.all().forEach(replan));
  documents.onDidClose(({ document }) => {
    const path = pathOf(document.uri);
    if (path !== null) plans.forget(path);
  });

  connection.languages.diagnostics.on(({ textDocument }, token) =>
    answer(textDocument.uri, token, { kind: DocumentDiagnosticReportKind.Full, items: [] }, (module) => ({
      kind: DocumentDiagnosticReportKind.Full,
      items: provideDiagnostics(module),
    })),
  );
  connection.onCodeLens(({ textDocument }, token) => answer(textDocument.uri, token, [], provideCodeLenses));
  connection.onHover(({ textDocument, position }, token) =>
    answer(textDocument.uri, token, null, (module) => provideHover(module, module.document.offsetAt(position))),
  );
  connection.onDocumentSymbol(({ textDocument }, token) => answer(textDocument.uri, token, [], provideDocumentSymbols));
  connection.onCodeAction(({ textDocument, context }, token) =>
    answer(textDocument.uri, token, [], (module) => provideCodeActions(module, context.diagnostics)),
  );

  documents.listen(connection);
  connection.listen();
}
