/** The pages of the documentation: those that are made from tables are up to date, and every link leads somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { generatedPages } from '../docs.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

function pagesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return pagesIn(join(folder, entry.name));
    return entry.name.endsWith('.md') ? [join(folder, entry.name)] : [];
  });
}

const generated = await generatedPages();

const pages = [
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'examples/flights/README.md', 'examples/clicks/README.md'].map((page) =>
    join(root, page),
  ),
  ...pagesIn(join(root, 'docs')),
];

/** As GitHub makes them of headings: lower case, without punctuation, a hyphen for each space. */
function anchorsOf(text) {
  const headings = text.replaceAll(/^```[^]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function brokenLinks(page) {
  const text = readFileSync(page, 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => {
    if (/^(https?:|mailto:)/.test(target)) return [];
    const [path, anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    if (!existsSync(file)) return [`${target}: there is no such file`];
    if (anchor === undefined) return [];
    return anchorsOf(readFileSync(file, 'utf8')).includes(anchor) ? [] : [`${target}: there is no such heading`];
  });
}

describe('the documentation', () => {
  for (const page of pages) {
    it(`${relative(root, page)} has no broken link`, () => {
      expect(brokenLinks(page)).toEqual([]);
    });
  }

  it('is reached from its first page', () => {
    const first = readFileSync(join(root, 'docs/README.md'), 'utf8');
    const missing = readdirSync(join(root, 'docs')).filter(
      (name) => name.endsWith('.md') && name !== 'README.md' && !first.includes(`(${name})`),
    );
    expect(missing).toEqual([]);
  });

  it('explains only errors that are in the sources', () => {
    const sources = ['engine/src', 'server/src', 'extension/src', 'scripts'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true })
        .filter((name) => /\.(ts|mjs)$/.test(name))
        .map((name) => readFileSync(join(root, folder, name), 'utf8')),
    );
    const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
    const messages = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, message]) => message);
    expect(messages.length).toBeGreaterThan(10);
    expect(messages.filter((message) => !sources.some((source) => source.includes(message)))).toEqual([]);
  });

  it('has a page for every command, and no other', async () => {
    const written = readdirSync(join(root, 'docs/cli')).map((name) => `docs/cli/${name}`);
    expect(written.sort()).toEqual([...generated.keys()].filter((path) => path.startsWith('docs/cli/')).sort());
  });

  for (const [path, text] of generated) {
    it(`${path} is what npm run docs writes`, () => {
      expect(readFileSync(join(root, path), 'utf8')).toBe(text);
    });
  }
});
