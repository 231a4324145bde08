import { sep } from 'node:path';
import {
  CancellationTokenSource,
  DidChangeWatchedFilesNotification,
  DocumentDiagnosticReportKind,
  LSPErrorCodes,
  ResponseError,
  TextDocuments,
  TextDocumentSyncKind,
} from 'vscode-languageserver';
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
import { SavepointChecks, type SavepointCheck } from './savepointChecks.ts';
import { noSemantics, type SemanticFacts, type SemanticSources } from './semanticFacts.ts';

const CAPABILITIES: InitializeResult['capabilities'] = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
  codeLensProvider: {},
  hoverProvider: true,
  documentSymbolProvider: true,
  codeActionProvider: { codeActionKinds: ['quickfix'] },
};

/** For clients that ask for diagnostics; to others they are sent. */
const PULL: InitializeResult['capabilities'] = {
  diagnosticProvider: { identifier: 'tidemark', interFileDependencies: true, workspaceDiagnostics: false },
};

const isPipeline = (uri: string): boolean => uri.endsWith('.pipeline.ts');

/** Whether the workspace's code may run, and the folders in which it does not run all the same. */
interface Trust {
  readonly trusted: boolean;
  readonly withoutBuilder?: readonly string[];
}

/** Wires documents, plans and features to a connection. `runBuilder` runs user code: it is called in trusted workspaces only. */
export function startSession(
  connection: Connection,
  runBuilder: RunBuilder,
  createSemantics: (sources: SemanticSources) => SemanticFacts = () => noSemantics,
): void {
  const documents = new TextDocuments(TextDocument);
  const syntaxes = new WeakMap<TextDocument, { version: number; syntax: PipelineSyntax }>();
  let trusted = false;
  /** Folders of a trusted workspace whose settings want no builder to run. */
  let foldersWithoutBuilder: readonly string[] = [];
  let canRefresh = { diagnostics: false, codeLens: false };
  let pulls = false;
  let watches = false;
  /** The editor knows which savepoints pipelines are bound to. */
  let bindsSavepoints = false;

  const mayRun = (path: string): boolean => trusted && !foldersWithoutBuilder.some((folder) => path.startsWith(folder + sep));

  const refresh = (): void => {
    if (!pulls) documents.all().forEach(push);
    else if (canRefresh.diagnostics) void connection.languages.diagnostics.refresh();
  };
  const plans = new Plans(runBuilder, refresh);
  const savepoints = new SavepointChecks((program, text, signal) => askToCheck(connection, { program, text }, signal), refresh);
  const semantics = createSemantics({
    openTexts: () => new Map(documents.all().flatMap((document) => [[pathOf(document.uri) ?? '', document.getText()]])),
    onChange: refresh,
    warn: (message) => connection.console.warn(message),
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
      savepointCheck: path === null ? null : savepoints.of(path),
      trusted: path !== null && mayRun(path),
      packageInstalled: path === null || isPackageInstalled(path),
      semantics,
    };
  };

  /** Answers from a pipeline; `otherwise` for other documents. A question that nobody waits for any more costs nothing. */
  const answer = <R, P>(uri: string, token: CancellationToken, otherwise: R, provide: (module: PipelineDocument) => P): R | P => {
    if (token.isCancellationRequested) throw cancelled();
    const module = moduleOf(uri);
    return module === null ? otherwise : provide(module);
  };

  function push({ uri }: TextDocument): void {
    const module = moduleOf(uri);
    if (module !== null) void connection.sendDiagnostics({ uri, diagnostics: provideDiagnostics(module) });
  }

  const replan = (document: TextDocument): void => {
    const path = pathOf(document.uri);
    if (path !== null && mayRun(path) && isPipeline(document.uri)) plans.request(path);
  };

  /** What is being typed; what does not parse is not run. */
  const recheck = (document: TextDocument): void => {
    const path = pathOf(document.uri);
    if (path === null || !mayRun(path) || !bindsSavepoints || !isPipeline(document.uri) || syntaxOf(document).hasSyntaxErrors) return;
    savepoints.request(path, document.getText());
  };

  const setTrusted = (now: Trust): void => {
    trusted = now.trusted;
    foldersWithoutBuilder = now.withoutBuilder ?? [];
    if (!trusted || foldersWithoutBuilder.length > 0) {
      plans.clear();
      savepoints.clear();
    }
    documents.all().forEach(replan);
    documents.all().forEach(recheck);
    refresh();
    if (canRefresh.codeLens) void connection.sendRequest('workspace/codeLens/refresh').catch(() => undefined);
  };

  /** What is imported counts as well. */
  const filesChanged = (): void => {
    semantics.filesChanged();
    documents.all().forEach(replan);
    documents.all().forEach(recheck);
    refresh();
  };

  connection.onInitialize(({ initializationOptions, capabilities }: InitializeParams) => {
    const given = (initializationOptions ?? {}) as { trusted?: unknown; withoutBuilder?: string[]; bindsSavepoints?: unknown };
    trusted = given.trusted === true;
    foldersWithoutBuilder = given.withoutBuilder ?? [];
    bindsSavepoints = given.bindsSavepoints === true;
    canRefresh = {
      diagnostics: capabilities.workspace?.diagnostics?.refreshSupport === true,
      codeLens: capabilities.workspace?.codeLens?.refreshSupport === true,
    };
    pulls = capabilities.textDocument?.diagnostic !== undefined;
    watches = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    return { capabilities: pulls ? { ...CAPABILITIES, ...PULL } : CAPABILITIES, serverInfo: { name: 'Tidemark' } };
  });
  connection.onInitialized(() => {
    const watchers = ['**/*.{ts,mts,cts}', '**/{tsconfig,package}.json'].map((globPattern) => ({ globPattern }));
    if (watches) void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
  });
  connection.onDidChangeWatchedFiles(filesChanged);
  connection.onRequest('tidemark/typeErrors', ({ program }: { program: string }) => semantics.errorsWithImports(program));
  connection.onNotification('tidemark/trust', (params: Trust) => setTrusted(params));
  connection.onNotification('tidemark/savepointsBound', () => documents.all().forEach(recheck));
  connection.onShutdown(() => {
    plans.clear();
    savepoints.clear();
    semantics.dispose();
  });

  documents.onDidOpen(({ document }) => replan(document));
  documents.onDidChangeContent(({ document }) => {
    recheck(document);
    if (!pulls) push(document);
  });
  documents.onDidSave(filesChanged);
  documents.onDidClose(({ document }) => {
    if (!pulls) void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
    const path = pathOf(document.uri);
    if (path === null) return;
    plans.forget(path);
    savepoints.forget(path);
    semantics.forget(path);
  });

  connection.languages.diagnostics.on(({ textDocument }, token) =>
    answer(textDocument.uri, token, { kind: DocumentDiagnosticReportKind.Full, items: [] }, (module) => ({
      kind: DocumentDiagnosticReportKind.Full,
      items: provideDiagnostics(module),
    })),
  );
  connection.onCodeLens(({ textDocument }, token) => answer(textDocument.uri, token, [], provideCodeLenses));
  connection.onHover(({ textDocument, position }, token) =>
    answer(textDocument.uri, token, null, (module) => unlessCancelled(token, provideHover(module, module.document.offsetAt(position)))),
  );
  connection.onDocumentSymbol(({ textDocument }, token) => answer(textDocument.uri, token, [], provideDocumentSymbols));
  connection.onCodeAction(({ textDocument, context }, token) =>
    answer(textDocument.uri, token, [], (module) => provideCodeActions(module, context.diagnostics)),
  );

  documents.listen(connection);
  connection.listen();
}

function askToCheck(
  connection: Connection,
  params: { program: string; text: string },
  signal: AbortSignal,
): Promise<SavepointCheck | null> {
  const source = new CancellationTokenSource();
  signal.addEventListener('abort', () => source.cancel(), { once: true });
  return connection.sendRequest<SavepointCheck | null>('tidemark/checkSavepoint', params, source.token);
}

function cancelled(): ResponseError<undefined> {
  return new ResponseError(LSPErrorCodes.RequestCancelled, 'The request was cancelled.');
}

/** A question that nobody waits for any more is answered at once. */
function unlessCancelled<R>(token: CancellationToken, answer: Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const cancellation = token.onCancellationRequested(() => reject(cancelled()));
    void answer.then(resolve, reject).finally(() => cancellation.dispose());
  });
}
