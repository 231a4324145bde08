/** What the bundles contain of others, with their licences, and the notices about it that ship with every package. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Licences that allow shipping in an Apache-2.0 product. */
const ALLOWED = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'EPL-2.0',
  'CC0-1.0',
  'Unlicense',
]);
/** Of these, licences that ask to say where the source code is had (EPL-2.0, section 3.2 a). */
const SOURCE_OFFERED = ['EPL-2.0'];
const LICENCE_FILE = /^(licen[cs]e|notice|copying)/i;

/**
 * @param metafiles paths of esbuild metafiles
 * @param also names of packages that ship whole
 * @returns the packages, by folder: `{ folder, name, version, licence, source, text }`, `licence` as an SPDX expression
 * @throws Error that names a package whose licence is missing or not allowed
 */
export function bundledPackages(root, metafiles, also = []) {
  const folders = new Set(also.map((name) => join('node_modules', name)));
  for (const path of metafiles) {
    const { outputs } = JSON.parse(readFileSync(path, 'utf8'));
    for (const { inputs } of Object.values(outputs)) {
      for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
        const folder = bytesInOutput > 0 ? packageFolder(input) : null;
        if (folder !== null) folders.add(folder);
      }
    }
  }
  return [...folders].sort().map((folder) => readPackage(root, folder));
}

/** The text of the notices about what `bundledPackages` found. */
export function thirdPartyNotices(packages) {
  const head = `This product contains the work of others. ${packages.length} packages, each with its licence.\n`;
  return [
    head,
    ...packages.map(
      ({ name, version, licence, source, text }) =>
        `${'-'.repeat(80)}\n${name} ${version} (${licence})\n${source}\n${sourceOffer(name, version, licence, source)}\n${text}`,
    ),
  ].join('\n');
}

function sourceOffer(name, version, licence, source) {
  const chosen = choices(licence).find((choice) => SOURCE_OFFERED.includes(choice));
  if (chosen === undefined) return '';
  if (!source.startsWith('https://'))
    throw new Error(`${name} is ${chosen}, which asks where its source is had, and its manifest does not say it.`);
  return `\nThis product uses ${name} under ${chosen}. Its code is not changed; it is bundled with ours.
The source code of ${name} ${version} is available under ${chosen} at ${source}
Neither its contributors nor we give a warranty for it or are liable for it, as its licence below says.\n`;
}

/** `(A OR B)` leaves the choice to us. */
function choices(licence) {
  return String(licence).replaceAll(/[()]/g, '').split(' OR ');
}

/** `node_modules/a/node_modules/@b/c/lib/x.js` -> `node_modules/a/node_modules/@b/c` */
function packageFolder(input) {
  const clean = input.replace(/^[a-z-]+:/, '').replaceAll('\\', '/');
  const at = clean.lastIndexOf('node_modules/');
  if (at < 0) return null;
  const parts = clean.slice(at + 'node_modules/'.length).split('/');
  const name = parts[0].startsWith('@') ? `${parts[0]}/${parts[1]}` : parts[0];
  return `${clean.slice(clean.indexOf('node_modules/'), at)}node_modules/${name}`;
}

function readPackage(root, folder) {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const licence = typeof manifest.license === 'string' ? manifest.license : manifest.license?.type;
  // `A AND B` leaves no choice.
  if (!choices(licence).some((choice) => choice.split(' AND ').every((each) => ALLOWED.has(each))))
    throw new Error(`${folder} has the licence ${JSON.stringify(licence)}, which is not on the list of allowed ones.`);
  const files = readdirSync(join(root, folder)).filter((file) => LICENCE_FILE.test(file));
  const repository = typeof manifest.repository === 'string' ? manifest.repository : (manifest.repository?.url ?? manifest.homepage ?? '');
  return {
    folder,
    name: manifest.name,
    version: manifest.version,
    licence,
    source: address(repository),
    text:
      files.length === 0
        ? `Licensed under ${licence}${author(manifest)}.\n`
        : files.map((file) => readFileSync(join(root, folder, file), 'utf8')).join('\n'),
  };
}

/** npm also takes `git+https:`, `git:` and `owner/name` on GitHub. */
function address(repository) {
  const plain = repository.replace(/^(git\+https|git):/, 'https:').replace(/^github:/, '');
  return /^[\w.-]+\/[\w.-]+$/.test(plain) ? `https://github.com/${plain}` : plain;
}

function author(manifest) {
  const name = typeof manifest.author === 'string' ? manifest.author : manifest.author?.name;
  return name === undefined ? '' : `, copyright ${name}`;
}

/** Metafiles of the named bundles, as `npm run build` leaves them. */
export function metafilesOf(root, names) {
  return names.map((name) => join(root, 'build/meta', `${name}.json`)).filter((path) => existsSync(path));
}
