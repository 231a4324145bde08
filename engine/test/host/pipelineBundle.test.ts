import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadBundler } from '../../src/host/bundler.ts';
import { registerEngineModules } from '../../src/host/engineModules.ts';
import { cacheName } from '../../src/host/folders.ts';
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
let cache: string;
let environment: NodeJS.ProcessEnv;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-bundle-'));
  cache = mkdtempSync(join(tmpdir(), 'tidemark-cache-'));
  environment = { ...process.env };
  process.env['XDG_CACHE_HOME'] = cache;
  write('package.json', '{}');
  registerEngineModules(modules);
});
afterEach(() => {
  process.env = environment;
  for (const each of [folder, cache]) rmSync(each, { recursive: true, force: true });
});

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
});

describe('a bundle that is remembered runs only where nobody else can have written it', () => {
  const cached = (name: RegExp): string => {
    const bundles = join(cache, 'tidemark', 'bundles');
    const found = readdirSync(bundles).find((each) => name.test(each));
    if (found === undefined) throw new Error(`there is no ${String(name)}`);
    return join(bundles, found);
  };
  const changeManifest = (change: object): void => {
    const path = cached(/^a\.pipeline-.*\.json$/);
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...manifest, ...change }));
  };
  const result = async (program: string): Promise<unknown> => evaluateBundle(await bundlePipeline(program, modules))['default'];
  let program = '';
  beforeEach(async () => {
    program = write('a.pipeline.ts', 'export default 1');
    await bundlePipeline(program, modules);
  });

  it('in the cache of its user, and nothing is written into the project', () => {
    expect(readdirSync(folder).sort()).toEqual(['a.pipeline.ts', 'package.json']);
    if (process.platform !== 'win32') expect(statSync(cached(/\.cjs$/)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['is gone', () => rmSync(cached(/\.cjs$/))],
    ['was changed', () => writeFileSync(cached(/\.cjs$/), 'exports.default = 2;')],
    ['has a map that was changed', () => writeFileSync(cached(/\.cjs\.map$/), '{}')],
    ['is made of no inputs', () => changeManifest({ inputs: {} })],
    ['does not name the program', () => changeManifest({ inputs: { [join(folder, 'package.json')]: null } })],
    ['is of another program', () => changeManifest({ program: '/other.pipeline.ts' })],
    ['is elsewhere', () => changeManifest({ content: '../evil' })],
    ['is a link', () => linkTo(cached(/\.cjs$/))],
    ['is written by others', () => chmodSync(cached(/\.cjs$/), 0o622)],
    ['is in a folder of others', () => chmodSync(join(cache, 'tidemark', 'bundles'), 0o777)],
    ['is in a folder that others can replace', () => chmodSync(join(cache, 'tidemark'), 0o777)],
  ])('one that %s is made again', async (_name, spoil) => {
    spoil();
    await expect(bundlePipeline(program, modules, { load: noBundler })).rejects.toThrow('a bundler was loaded');
    expect(await result(program)).toBe(1);
  });

  function linkTo(path: string): void {
    const elsewhere = join(folder, 'elsewhere');
    renameSync(path, elsewhere);
    symlinkSync(elsewhere, path);
  }

  it('a cache that a repository brings along is not looked at', async () => {
    const shipped = { engine: ENGINE_VERSION, bundle: 'evil.cjs', inputs: {} };
    write(`.tidemark/cache/${cacheName(program)}.json`, JSON.stringify(shipped));
    write('.tidemark/cache/evil.cjs', 'exports.default = "evil"');
    write('.tidemark/cache/evil.cjs.map', '{}');
    write('a.pipeline.ts', 'export default 3');
    expect(await result(program)).toBe(3);
  });

  it('without a place for it, the program is bundled each time', async () => {
    process.env['XDG_CACHE_HOME'] = join(program, 'no-folder');
    process.env['TMPDIR'] = join(program, 'no-folder');
    expect(await result(program)).toBe(1);
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
