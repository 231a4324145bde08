import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadBundler } from '../../src/host/bundler.ts';
import { registerEngineModules } from '../../src/host/engineModules.ts';
import { bundlePipeline } from '../../src/host/pipelineBundle.ts';
import { PipelineLoadError } from '../../src/host/pipelineLoadError.ts';
import { evaluateBundle } from '../../src/host/pipelineModule.ts';
import { ENGINE_VERSION } from '../../src/host/version.ts';

const require = createRequire(import.meta.url);
const modules = {
  tidemark: { pipeline: (name: string) => ({ name }), 'odd-name': 1 },
  'tidemark/connectors': { files: {} },
  'tidemark/testing': {},
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-bundle-'));
  write('package.json', '{}');
  registerEngineModules(modules);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const withoutNative = () =>
  loadBundler((name) => {
    if (name === 'esbuild') throw new Error('The package "@esbuild/linux-x64" could not be found');
    return require(name) as unknown;
  });
const noBundler = (): never => {
  throw new Error('a bundler was loaded');
};

async function problemOf(program: string): Promise<PipelineLoadError> {
  const error: unknown = await bundlePipeline(program, modules)
    .then(evaluateBundle)
    .catch((e: unknown) => e);
  if (error instanceof PipelineLoadError) return error;
  throw new Error('loaded without a PipelineLoadError');
}

describe('a pipeline is bundled', () => {
  it.each([
    ['native', loadBundler],
    ['WebAssembly', withoutNative],
  ])(
    'by the %s bundler, with its own modules, npm packages and the engine that runs',
    async (_name, load) => {
      write('node_modules/left/package.json', '{"name":"left","main":"index.js"}');
      write('node_modules/left/index.js', 'exports.left = (x) => x - 1; exports.sep = require("path").sep;');
      write('lib.ts', 'export const twice = (x: number): number => x * 2;');
      const program = write(
        'a.pipeline.ts',
        `import { pipeline } from 'tidemark'; import * as c from 'tidemark/connectors'; import { left } from 'left'; import { twice } from './lib';
       export default pipeline('a' + String(twice(left(4)))); export const files = c.files; export const url = import.meta.url;`,
      );
      const module = evaluateBundle(await bundlePipeline(program, modules, { load }));
      expect(module['default']).toEqual({ name: 'a6' });
      expect(module['files']).toBe(modules['tidemark/connectors'].files);
      expect(module['url']).toMatch(/^file:.*a\.pipeline\.ts$/);
    },
    60_000,
  );

  it('and the second time nothing is bundled, until a source changes', async () => {
    write('lib.ts', 'export const n = 1;');
    const program = write('a.pipeline.ts', `import { n } from './lib'; export default n;`);
    expect((await bundlePipeline(program, modules)).fromCache).toBe(false);
    const again = await bundlePipeline(program, modules, { load: noBundler });
    expect(again.fromCache).toBe(true);
    expect(evaluateBundle(again)['default']).toBe(1);
    expect(again.inputs).toContain(join(folder, 'lib.ts'));

    write('lib.ts', 'export const n = 2;');
    expect(evaluateBundle(await bundlePipeline(program, modules))['default']).toBe(2);
  });

  it('afresh when a tsconfig appears, or the engine has other exports', async () => {
    const program = write('a.pipeline.ts', 'export default 1');
    await bundlePipeline(program, modules);
    await expect(bundlePipeline(program, { ...modules, tidemark: { other: 1 } }, { load: noBundler })).rejects.toThrow(
      'a bundler was loaded',
    );
    write('tsconfig.json', '{}');
    await expect(bundlePipeline(program, modules, { load: noBundler })).rejects.toThrow('a bundler was loaded');
  });

  it('and a cache that is damaged is made anew', async () => {
    const program = write('a.pipeline.ts', 'export default 1');
    const { path } = await bundlePipeline(program, modules);
    rmSync(path);
    expect(evaluateBundle(await bundlePipeline(program, modules))['default']).toBe(1);
  });
});

describe('a pipeline that cannot be loaded says where', () => {
  it('for a syntax error', async () => {
    const program = write('a.pipeline.ts', `const x = 1;\nexport default {{;\n`);
    const error = await problemOf(program);
    expect(error.code).toBe('syntax');
    expect(error.problems[0]?.position).toEqual({ file: program, line: 2, column: 17 });
  });

  it('for a module that does not exist', async () => {
    const program = write('src/a.pipeline.ts', `import { x } from './nope';\nexport default x;\n`);
    const error = await problemOf(program);
    expect(error.message).toContain('./nope');
    expect(error.problems[0]?.position).toMatchObject({ file: program, line: 1 });
  });

  it('for a sub-path that the engine does not have', async () => {
    const error = await problemOf(write('a.pipeline.ts', `import { x } from 'tidemark/inside'; export default x;`));
    expect(error.message).toContain('tidemark/connectors');
  });

  it('for a name that the engine does not have', async () => {
    const program = write('a.pipeline.ts', `import { pipelin } from 'tidemark';\nexport default pipelin('x');`);
    const error = await problemOf(program);
    expect(error.message).toContain('pipelin');
  });

  it('for a module that throws, through a function in another file', async () => {
    const lib = write(
      'lib.ts',
      `type X = { a: number };\nexport function fail(x: X): never {\n  throw new RangeError('no ' + String(x.a));\n}\n`,
    );
    const program = write('a.pipeline.ts', `import { fail } from './lib';\n\nexport default fail({ a: 1 });\n`);
    const error = await problemOf(program);
    expect(error.message).toBe('RangeError: no 1');
    expect(error.frames.map((frame) => [frame.position?.file, frame.position?.line])).toEqual([
      [lib, 3],
      [program, 3],
    ]);
  });

  it('for a file that is not there', async () => {
    const program = join(folder, 'none.pipeline.ts');
    expect((await problemOf(program)).message).toContain(program);
  });

  it('for an installed tidemark that does not fit, with both versions', async () => {
    write('node_modules/tidemark/package.json', '{"name":"tidemark","version":"7.2.0"}');
    const error = await problemOf(write('a.pipeline.ts', 'export default 1'));
    expect(error.code).toBe('version');
    expect(error.message).toContain('7.2.0');
    expect(error.message).toContain(ENGINE_VERSION);
  });
});

it('the engine says the version of its package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(ENGINE_VERSION).toBe(version);
});
