/** The server with the type checker in its thread: what is withheld where TypeScript errs, and types in hovers. */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { CancellationTokenSource, createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LSPErrorCodes } from 'vscode-languageserver';
import type { SemanticSources } from '../../src/lsp/semanticFacts.ts';
import { TypeCheckerThread } from '../../src/lsp/typeCheckerThread.ts';
import { Client, marked } from './client.ts';
import { buildProgram, typescriptLibraries } from './program.ts';

let built: Awaited<ReturnType<typeof buildProgram>>;
let client: Client;
let workers: Worker[];

beforeAll(async () => {
  built = await buildProgram();
});
afterAll(() => built.remove());
beforeEach(() => {
  workers = [];
});
afterEach(() => client.dispose());

/** The library's types in a few lines. */
const LIBRARY = `
export interface Type<T> { readonly of: T }
export interface Stream<T> {
  map<O>(uid: string, emits: Type<O>, fn: (record: T) => O): Stream<O>;
  sink(uid: string, sink: (record: T) => void): void;
}
export interface Builder { source<T>(uid: string, type: Type<T>): Stream<T> }
export declare function pipeline(name: string, build: (p: Builder) => void): unknown;
export declare const t: { readonly string: Type<string>; readonly flight: Type<{ origin: string; delay: number }> };
`;
const HEAD = "import { pipeline, t } from 'tidemark';\n";
const pipeline = (body: string): string => `${HEAD}export default pipeline('x', (p) => {\n${body}\n});\n`;

/** A client of a server with a checker; `tidemark` is where the types are, for a project that has none or as its own. */
async function connect(tidemark: 'carried' | 'installed' = 'installed', trusted = false): Promise<void> {
  const startWorker = (newest: SharedArrayBuffer): Worker => {
    const settings = { libFolder: typescriptLibraries, carriedPackage: join(client.folder, 'carried') };
    const worker = new Worker(built.program, { workerData: { settings, newest }, argv: [] });
    workers.push(worker);
    return worker;
  };
  client = new Client((sources: SemanticSources) => new TypeCheckerThread(startWorker, sources));
  if (tidemark === 'carried') client.install('carried/index.d.ts', LIBRARY);
  else {
    client.install('node_modules/tidemark/package.json', '{ "name": "tidemark", "types": "index.d.ts" }');
    client.install('node_modules/tidemark/index.d.ts', LIBRARY);
  }
  await client.initialize(trusted);
}

const codes = async (uri: string): Promise<unknown[]> => (await client.diagnostics(uri)).map(({ code }) => code);

/** Codes before types were looked at, and after. */
async function twice(text: string): Promise<unknown[]> {
  const uri = await client.open(text);
  const refreshed = client.refreshed();
  const before = await codes(uri);
  await refreshed;
  return [before, await codes(uri)];
}

describe('what TypeScript already tells', () => {
  test('is withheld in a statement with an error', async () => {
    await connect();
    expect(await twice(pipeline(`p.source('a', t.flight).map('b', t.string, (f) => f.orign);\np.source('c', t.flight);`))).toEqual([
      ['no-sink', 'no-sink'],
      ['no-sink'],
    ]);
  });

  test('an error in a statement within a function hides nothing of the chain around it', async () => {
    await connect();
    const chain = `p.source('a', t.flight).map('b', t.string, (f) => {\n const n: number = f.origin;\n return f.origin;\n});`;
    // The other chain is what shows that types have been looked at.
    expect(await twice(pipeline(`${chain}\np.source(3 as string, t.flight);`))).toEqual([['no-sink', 'no-sink'], ['no-sink']]);
  });

  test('a variable that is not used is a hint, even where the project makes an error of it', async () => {
    await connect();
    client.install('tsconfig.json', '{ "compilerOptions": { "noUnusedLocals": true, "module": "esnext", "moduleResolution": "bundler" } }');
    expect(await twice(pipeline(`const dead = p.source('a', t.flight);\nconst wrong: number = p.source('b', t.flight);`))).toEqual([
      ['no-sink', 'no-sink'],
      ['no-sink'],
    ]);
  });

  test('the options are those of the nearest tsconfig.json', async () => {
    await connect();
    client.install('tsconfig.json', '{ "compilerOptions": { "strict": true } }');
    client.install('inner/tsconfig.json', '{ "compilerOptions": { "strict": false, "module": "esnext", "moduleResolution": "bundler" } }');
    // The first is an error in strict code only, the second in any.
    const text = pipeline(`const n: number = null, a = p.source('a', t.flight);\nconst m: number = '', b = p.source('b', t.flight);`);
    const uri = await client.open(text, 'inner/a.pipeline.ts');
    const refreshed = client.refreshed();
    expect(await codes(uri)).toHaveLength(2);
    await refreshed;
    expect((await client.diagnostics(uri)).map(({ range }) => range.start.line)).toEqual([2]);
  });

  test('what user code threw is withheld while the file has type errors, what the builder refused is not', async () => {
    await connect('installed', true);
    client.facts = {
      operators: [],
      problems: [
        { severity: 'error', code: 'threw', message: 'TypeError: undefined', uid: null, position: null },
        { severity: 'error', code: 'plan', message: 'no watermarks', uid: 'c', position: null },
      ],
    };
    const text = pipeline(`const n: number = t.strng;\np.source('c', t.flight).sink('d', (f) => {});`);
    const planned = client.refreshed();
    const uri = await client.open(text);
    await planned;
    const checked = client.refreshed();
    expect((await client.diagnostics(uri)).map(({ message }) => message)).toEqual(['TypeError: undefined', 'no watermarks']);
    await checked;
    expect((await client.diagnostics(uri)).map(({ message }) => message)).toEqual(['no watermarks']);
  });

  test('unsaved text counts, and errors move along with an edit before they are looked at again', async () => {
    await connect();
    const wrong = pipeline(`p.source('a', t.flight).map('b', t.string, (f) => f.orign);`);
    const uri = await client.open(wrong);
    let refreshed = client.refreshed();
    expect(await codes(uri)).toEqual(['no-sink']);
    await refreshed;
    await client.change(uri, `// a line more\n${wrong}`);
    expect(await codes(uri)).toEqual([]);
    // What is wrong now is not saved anywhere.
    const right = wrong.replace('orign', 'origin');
    await client.change(uri, right);
    expect(await codes(uri)).toEqual(['no-sink']);
    refreshed = client.refreshed();
    await client.change(uri, right.replace('t.string', 't.flight'));
    await codes(uri);
    await refreshed;
    expect(await codes(uri)).toEqual([]);
  });

  test('a module that is imported, changed on disk', async () => {
    await connect();
    client.install('flight.ts', 'export const field = 3;');
    const text = `import { field } from './flight.js';\n${pipeline(`const name: string = field, dead = p.source('a', t.flight);`)}`;
    expect(await twice(text)).toEqual([['no-sink'], []]);
    const uri = pathToFileURL(join(client.folder, 'a.pipeline.ts')).href;
    client.install('flight.ts', "export const field = 'origin';");
    const seen = client.refreshed();
    await client.connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [] });
    await seen;
    const refreshed = client.refreshed();
    await codes(uri);
    await refreshed;
    expect(await codes(uri)).toEqual(['no-sink']);
  });

  test('a project without the package is checked against the one that the extension carries', async () => {
    await connect('carried');
    rmSync(join(client.folder, 'node_modules'), { recursive: true });
    expect(await twice(pipeline(`p.source('a', t.flight).map('b', t.string, (f) => f.orign);\np.source('c', t.flight);`))).toEqual([
      ['no-sink', 'no-sink', 'missing-package'],
      ['no-sink', 'missing-package'],
    ]);
  });
});

describe('hover without a plan', () => {
  test('shows the type of the records; of a sink, of what it takes', async () => {
    await connect();
    const { text, ranges } = marked(pipeline(`p.source(‹'a'›, t.flight)\n .map(‹'b'›, t.string, (f) => f.origin).sink(‹'c'›, (f) => {});`));
    const uri = await client.open(text);
    const hovers = await Promise.all(
      ranges.map(async ({ start }) => (await client.request('textDocument/hover', uri, { position: start })).contents.value),
    );
    expect(hovers).toEqual([
      '**a** · source\n\nrecords `{ origin: string; delay: number; }`',
      '**b** · map\n\nrecords `string`',
      '**c** · sink\n\nrecords `string`',
    ]);
    expect(workers).toHaveLength(1);
  });

  test('no thread is started for a text with nothing to say about', async () => {
    await connect();
    const uri = await client.open(pipeline(`p.source('a', t.flight).sink('b', (f) => {});`));
    expect(await codes(uri)).toEqual([]);
    expect(workers).toEqual([]);
  });

  test('that nobody waits for any more is answered at once', async () => {
    await connect();
    const { text, ranges } = marked(pipeline(`p.source(‹'a'›, t.flight).sink('b', (f) => {});`));
    const uri = await client.open(text);
    const cancellation = new CancellationTokenSource();
    const hover = client.connection.sendRequest(
      'textDocument/hover',
      { textDocument: { uri }, position: ranges[0]!.start },
      cancellation.token,
    );
    // The symbols come back when the hover is being worked on.
    await client.request('textDocument/documentSymbol', uri);
    expect(workers).toHaveLength(1);
    cancellation.cancel();
    await expect(hover).rejects.toMatchObject({ code: LSPErrorCodes.RequestCancelled });
  });
});

test('as it is shipped: a process over stdin and stdout, with libraries beside it', async () => {
  await connect();
  const server = spawn(process.execPath, [built.program, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const connection = createMessageConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
  let refresh: () => void = () => undefined;
  const refreshed = new Promise<void>((resolve) => (refresh = resolve));
  connection.onRequest('workspace/diagnostic/refresh', () => refresh());
  connection.listen();
  const capabilities = { workspace: { diagnostics: { refreshSupport: true } }, textDocument: { diagnostic: {} } };
  await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri: null,
    capabilities,
    initializationOptions: { trusted: false },
  });
  await connection.sendNotification('initialized', {});
  const text = pipeline(
    `const list: Array<number> = ['x'], dead = p.source('a', t.flight);\nconst right = [1].map((n) => n + 1), end = p.source('b', t.flight);`,
  );
  const path = join(client.folder, 'b.pipeline.ts');
  writeFileSync(path, text);
  const uri = pathToFileURL(path).href;
  await connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'typescript', version: 1, text } });
  const pull = async (): Promise<string[]> =>
    ((await connection.sendRequest('textDocument/diagnostic', { textDocument: { uri } })) as any).items.map(({ message }: any) => message);
  expect(await pull()).toHaveLength(2);
  await refreshed;
  // Without the libraries there is no Array, and "end" would be withheld as well.
  expect(await pull()).toEqual([expect.stringContaining('"b"')]);
  await connection.sendRequest('shutdown');
  await connection.sendNotification('exit');
  connection.dispose();
});

test('a start is told of type errors in the pipeline and in what it imports, and of nothing else', async () => {
  await connect();
  client.install('delays.ts', "export const late: number = 'text';\n");
  client.install('unused.ts', "export const other: number = 'text';\n");
  const path = client.install(
    'flights.pipeline.ts',
    `import { late } from './delays.ts';\n${pipeline("  p.source('flights', t.flight).sink('out', (f) => f.nothing + late);")}`,
  );
  const errors = await client.connection.sendRequest<{ path: string; line: number; message: string }[]>('tidemark/typeErrors', {
    program: path,
  });
  expect(errors.map(({ path: file, line, message }) => [file.split('/').at(-1), line, message])).toEqual([
    ['flights.pipeline.ts', 4, expect.stringContaining("'nothing' does not exist")],
    ['delays.ts', 1, expect.stringContaining("'string' is not assignable")],
  ]);
});
