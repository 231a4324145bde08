import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sbomText } from '../sbom.mjs';
import { bundledPackages, thirdPartyNotices } from '../thirdParty.mjs';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tidemark-third-party-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const root = join(import.meta.dirname, '../..');
const product = { name: 'tidemark', version: '1.0.0', licence: 'Apache-2.0' };

function install(path, manifest) {
  mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, path, 'package.json'), JSON.stringify({ version: '1.2.3', license: 'MIT', ...manifest }));
}

/** A metafile of a bundle with these inputs. */
function bundleOf(...paths) {
  const inputs = Object.fromEntries(paths.map((path) => [path, { bytesInOutput: 1 }]));
  writeFileSync(
    join(folder, 'meta.json'),
    JSON.stringify({ outputs: { 'x.cjs': { inputs: { ...inputs, 'ours.ts': { bytesInOutput: 1 } } } } }),
  );
  return [join(folder, 'meta.json')];
}

/** Two packages, one with a scope, which is in two folders. */
function bundled() {
  install('node_modules/b', { name: 'b', license: '(MIT OR GPL-3.0-or-later)', repository: 'b-makers/b' });
  for (const path of ['node_modules/@a/x', 'node_modules/b/node_modules/@a/x'])
    install(path, { name: '@a/x', version: '1.0.0+5', repository: { url: 'git+https://example.org/x.git' } });
  const meta = bundleOf('node_modules/b/i.js', 'node_modules/b/node_modules/@a/x/i.js', 'node_modules/@a/x/lib/i.js');
  return bundledPackages(folder, meta);
}

describe('the bill of materials', () => {
  it('has every package once, as CycloneDX 1.6 has it', () => {
    const locked = { 'node_modules/b': { integrity: 'sha512-AQID' } };
    const a = 'pkg:npm/%40a/x@1.0.0%2B5';
    expect(JSON.parse(sbomText(product, bundled(), locked))).toEqual({
      $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: {
        component: {
          type: 'application',
          'bom-ref': 'pkg:npm/tidemark@1.0.0',
          name: 'tidemark',
          version: '1.0.0',
          licenses: [{ license: { id: 'Apache-2.0' } }],
          purl: 'pkg:npm/tidemark@1.0.0',
        },
      },
      components: [
        {
          ...{ type: 'library', 'bom-ref': a, group: '@a', name: 'x', version: '1.0.0+5', licenses: [{ license: { id: 'MIT' } }] },
          ...{ purl: a, scope: 'required', externalReferences: [{ type: 'vcs', url: 'https://example.org/x.git' }] },
        },
        {
          ...{ type: 'library', 'bom-ref': 'pkg:npm/b@1.2.3', name: 'b', version: '1.2.3' },
          ...{ licenses: [{ expression: '(MIT OR GPL-3.0-or-later)' }], purl: 'pkg:npm/b@1.2.3', scope: 'required' },
          hashes: [{ alg: 'SHA-512', content: '010203' }],
          externalReferences: [{ type: 'vcs', url: 'https://github.com/b-makers/b' }],
        },
      ],
    });
  });

  it('is the same text for the same packages', () => {
    const packages = bundled();
    expect(sbomText(product, packages.toReversed(), {})).toBe(sbomText(product, packages, {}));
  });

  it('has the hashes that package-lock.json has', () => {
    const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const { components } = JSON.parse(sbomText(product, bundledPackages(root, [], ['elkjs']), locked));
    expect(components).toMatchObject([{ name: 'elkjs', hashes: [{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }] }]);
  });
});

describe('the notices', () => {
  it('say of elkjs under which licence it is used and where its source is, and have the licence', () => {
    const notices = thirdPartyNotices(bundledPackages(root, [], ['elkjs', 'esbuild-wasm']));
    expect(notices).toContain('This product uses elkjs under EPL-2.0. Its code is not changed');
    expect(notices).toMatch(/The source code of elkjs \S+ is available under EPL-2.0 at https:\/\/github.com\/kieler\/elkjs/);
    expect(notices).toContain('Eclipse Public License - v 2.0');
    expect(notices.match(/This product uses/g)).toHaveLength(1);
  });

  it('are not made where a licence is not allowed, or the source of one that asks for it is not known', () => {
    install('node_modules/c', { name: 'c', license: 'GPL-3.0-or-later' });
    expect(() => bundledPackages(folder, bundleOf('node_modules/c/i.js'))).toThrow('node_modules/c has the licence "GPL-3.0-or-later"');
    install('node_modules/d', { name: 'd', license: 'EPL-2.0' });
    expect(() => thirdPartyNotices(bundledPackages(folder, bundleOf('node_modules/d/i.js')))).toThrow('its manifest does not say it');
  });
});
