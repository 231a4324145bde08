/** The language server, `dist/lsp.cjs`: the Language Server Protocol over stdin and stdout. With `--plan FILE` the throw-away process that runs a builder. */

// Parts are loaded when needed: the process that runs a builder has no use for the TypeScript compiler.
async function serve(): Promise<void> {
  const { createConnection } = await import('vscode-languageserver/node');
  const { startSession } = await import('./session.ts');
  const { runBuilderInChild } = await import('./planFacts.ts');
  startSession(createConnection(process.stdin, process.stdout), runBuilderInChild);
}

async function plan(program: string): Promise<void> {
  const { buildPlanFacts } = await import('./buildPlanFacts.ts');
  process.send?.(await buildPlanFacts(program));
}

const at = process.argv.indexOf('--plan');
const program = at < 0 ? undefined : process.argv[at + 1];
void (program === undefined ? serve() : plan(program));
