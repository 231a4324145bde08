/**
 * The examples of docs/: every TypeScript block that has a pipeline is run, and what it prints is what the block after it shows.
 * A block without a default export is a program of its own, such as a test with `tidemark/testing`: it has to end without an error.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tidemark from 'tidemark';
import * as connectors from 'tidemark/connectors';
import { loadPlan, nodeHost, pipelineFolders, registerEngineModules, snapshotFiles } from 'tidemark/host';
import { createSnapshotStore } from 'tidemark/restore';
import { createEngine } from 'tidemark/runtime';
import * as testing from 'tidemark/testing';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const docs = join(root, 'docs');

interface Example {
  /** The page and the line where it begins. */
  readonly name: string;
  readonly file: string;
  readonly text: string;
  /** What it prints; null where the page does not say. */
  readonly printed: string | null;
}

/** The TypeScript blocks of a page that are whole modules, each with the block of output that follows it at once. */
function examplesOf(page: string): Example[] {
  const text = readFileSync(join(docs, page), 'utf8');
  const blocks = [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)];
  return blocks.flatMap((block, index) => {
    const [, language, code = ''] = block;
    if (language !== 'ts' || !code.startsWith('import ')) return [];
    const next = blocks[index + 1];
    const line = text.slice(0, block.index).split('\n').length;
    const file = `${page.slice(0, -3)}-${String(line)}${isPipeline(code) ? '.pipeline' : ''}.ts`;
    return [{ name: `${page}:${String(line)}`, file, text: code, printed: next?.[1] === 'jsonl' ? (next[2] ?? '') : null }];
  });
}

function isPipeline(code: string): boolean {
  return code.includes('export default pipeline(');
}

const examples = readdirSync(docs)
  .filter((name) => name.endsWith('.md'))
  .flatMap(examplesOf);

let folder = '';
beforeAll(() => {
  registerEngineModules({ tidemark, 'tidemark/connectors': connectors, 'tidemark/testing': testing });
  // Inside the repository, so that TypeScript finds the package that the examples import.
  mkdirSync(join(root, 'build'), { recursive: true });
  folder = mkdtempSync(join(root, 'build/docs-examples-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const { file, text } of examples) writeFileSync(join(folder, file), text);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function printedBy(program: string): Promise<string> {
  const { plan } = await loadPlan(program, { parallelism: null, parameters: {} });
  const lines: string[] = [];
  const failures: Error[] = [];
  const host = { ...nodeHost(dirname(program), () => undefined), print: (line: string) => void lines.push(line) };
  const { savepoints, checkpoints } = pipelineFolders(program, plan.name);
  const store = createSnapshotStore({
    files: snapshotFiles(folder),
    ...{ plan, program, now: () => host.now(), clock: () => performance.now(), random: () => host.random() },
    ...{ savepoints, checkpoints, claimed: null },
  });
  const engine = createEngine(
    { ...plan, options: { ...plan.options, restart: { kind: 'none' } } },
    {
      ...{ host, store, gate: null },
      listener: (event) => {
        if (event.kind === 'failure') failures.push(event.error);
      },
      restore: () => {
        throw new Error('an example does not restart');
      },
    },
  );
  for (let slice = engine.runSlice(50); slice.kind !== 'done'; slice = engine.runSlice(50)) {
    if (slice.kind === 'idle') await new Promise((resolve) => setImmediate(resolve));
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return lines.map((line) => `${line}\n`).join('');
}

describe('the examples of the documentation', () => {
  it('are there', () => {
    expect(examples.length).toBeGreaterThan(25);
  });

  it('compile under strict types', () => {
    const files = examples.map(({ file }) => join(folder, file));
    const program = ts.createProgram(files, {
      ...{ strict: true, noEmit: true, skipLibCheck: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
      ...{ target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
      ...{ allowImportingTsExtensions: true, types: ['node'] },
    });
    const problems = files.flatMap((file) => {
      const source = program.getSourceFile(file);
      if (source === undefined) throw new Error(`${file} was not read`);
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((each) => {
        const { line } = source.getLineAndCharacterOfPosition(each.start ?? 0);
        return `${file}:${String(line + 1)} ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`;
      });
    });
    expect(problems).toEqual([]);
  });

  for (const example of examples) {
    it(`${example.name} ${isPipeline(example.text) ? 'runs and prints what the page shows' : 'runs'}`, async () => {
      const program = join(folder, example.file);
      if (isPipeline(example.text)) {
        const printed = await printedBy(program);
        if (example.printed !== null) expect(printed).toBe(example.printed);
      } else {
        const outfile = program.replace(/\.ts$/, '.mjs');
        await build({ entryPoints: [program], bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' });
        await import(/* @vite-ignore */ outfile);
      }
    });
  }
});
