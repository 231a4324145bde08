/**
 * The language server, `dist/lsp.cjs`: the Language Server Protocol over stdin and stdout. The same program is, with `--plan FILE`,
 * the throw-away process that runs a builder, and in a thread of the server the type checker.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import type { TypeCheckerData } from './typeCheckerWorker.ts';

const self = fileURLToPath(import.meta.url);

// Parts are loaded when needed: the process that runs a builder has no use for the TypeScript compiler.
async function serve(): Promise<void> {
  const { createConnection } = await import('vscode-languageserver/node');
  const { startSession } = await import('./session.ts');
  const { runBuilderInChild } = await import('./planFacts.ts');
  const { TypeCheckerThread } = await import('./typeCheckerThread.ts');
  // Beside this program in the extension: the compiler's library, and the package for projects that have none.
  const settings = { libFolder: join(dirname(self), 'typescript'), carriedPackage: join(dirname(self), '..', 'package') };
  const startWorker = (newest: SharedArrayBuffer): Worker =>
    new Worker(self, { workerData: { settings, newest } satisfies TypeCheckerData, argv: [], stdout: true, stderr: true });
  startSession(
    createConnection(process.stdin, process.stdout),
    runBuilderInChild,
    (sources) => new TypeCheckerThread(startWorker, sources),
  );
}

async function checkTypes(): Promise<void> {
  const { serveTypeChecker } = await import('./typeCheckerWorker.ts');
  serveTypeChecker(workerData as TypeCheckerData);
}

async function plan(program: string): Promise<void> {
  const { buildPlanFacts } = await import('./buildPlanFacts.ts');
  process.send?.(await buildPlanFacts(program));
}

const at = process.argv.indexOf('--plan');
const program = at < 0 ? undefined : process.argv[at + 1];
void (program !== undefined ? plan(program) : isMainThread ? serve() : checkTypes());
