import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import type { Diagnostic, Position, Range } from 'vscode-languageserver';
import { createConnection } from 'vscode-languageserver/node';
import type { PlanFacts } from '../../src/lsp/planFacts.ts';
import type { SavepointCheck } from '../../src/lsp/savepointChecks.ts';
import type { SemanticFacts, SemanticSources } from '../../src/lsp/semanticFacts.ts';
import { startSession } from '../../src/lsp/session.ts';

/** `‹` and `›` are around what an answer must point at; the first pair is number 0. */
export interface Marked {
  readonly text: string;
  readonly ranges: readonly Range[];
}

export function marked(source: string): Marked {
  const ranges: Range[] = [];
  const open: { index: number; start: Position }[] = [];
  let [text, line, character, count] = ['', 0, 0, 0];
  for (const char of source) {
    if (char === '‹') open.push({ index: count++, start: { line, character } });
    else if (char === '›') {
      const { index, start } = open.pop()!;
      ranges[index] = { start, end: { line, character } };
    } else {
      text += char;
      if (char === '\n') [line, character] = [line + 1, 0];
      else character += char.length;
    }
  }
  return { text, ranges };
}

/** A language server at the other end of two streams, with a workspace folder of its own. */
export class Client {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-lsp-'));
  readonly connection: MessageConnection;
  readonly built: string[] = [];
  #version = 1;
  /** What was sent to a client that does not ask. */
  readonly published: { readonly uri: string; readonly diagnostics: readonly Diagnostic[] }[] = [];
  #publishes: () => void = () => undefined;
  #refreshed: () => void = () => undefined;
  /** What running a builder finds. */
  facts: PlanFacts | null = null;
  /** What a check of a text against its savepoint finds. */
  check: (text: string) => SavepointCheck | null = () => null;

  constructor(createSemantics?: (sources: SemanticSources) => SemanticFacts) {
    const [toServer, toClient] = [new PassThrough(), new PassThrough()];
    const server = createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient));
    const runBuilder = (program: string): Promise<PlanFacts | null> => {
      this.built.push(program);
      return Promise.resolve(this.facts);
    };
    startSession(server, runBuilder, createSemantics);
    this.connection = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
    this.connection.onRequest('workspace/diagnostic/refresh', () => {
      this.#refreshed();
      return null;
    });
    this.connection.onNotification('textDocument/publishDiagnostics', (params) => {
      this.published.push(params);
      this.#publishes();
    });
    this.connection.onRequest('tidemark/checkSavepoint', ({ text }: { text: string }) => this.check(text));
    this.connection.listen();
    this.install('node_modules/tidemark/package.json', '{}');
  }

  async initialize(trusted: boolean, pulls = true, bindsSavepoints = false): Promise<unknown> {
    const capabilities = { workspace: { diagnostics: { refreshSupport: true } }, textDocument: pulls ? { diagnostic: {} } : {} };
    const result = await this.connection.sendRequest('initialize', {
      ...{ processId: null, rootUri: null, capabilities, initializationOptions: { trusted, bindsSavepoints } },
    });
    await this.connection.sendNotification('initialized', {});
    return result;
  }

  /** Writes a file into the workspace folder. */
  install(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  async open(text: string, name = 'a.pipeline.ts'): Promise<string> {
    const uri = pathToFileURL(this.install(name, text)).href;
    await this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'typescript', version: this.#version, text },
    });
    return uri;
  }

  async change(uri: string, text: string): Promise<void> {
    const textDocument = { uri, version: ++this.#version };
    await this.connection.sendNotification('textDocument/didChange', { textDocument, contentChanges: [{ text }] });
  }

  async request<R = any>(method: string, uri: string, rest: object = {}): Promise<R> {
    return this.connection.sendRequest(method, { textDocument: { uri }, ...rest });
  }

  async diagnostics(uri: string): Promise<Diagnostic[]> {
    return (await this.request('textDocument/diagnostic', uri)).items;
  }

  publishes(): Promise<void> {
    return new Promise((resolve) => (this.#publishes = resolve));
  }

  refreshed(): Promise<void> {
    return new Promise((resolve) => (this.#refreshed = resolve));
  }

  async dispose(): Promise<void> {
    await this.connection.sendRequest('shutdown');
    this.connection.dispose();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
