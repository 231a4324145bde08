/** What the bundles contain of others, with their licences: the notices that ship with every package. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Licences that allow shipping in an Apache-2.0 product. EPL-2.0 (elkjs) asks for its text and its unmodified source's address. */
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
const LICENCE_FILE = /^(licen[cs]e|notice|copying)/i;

/**
 * @param metafiles paths of esbuild metafiles
 * @param also names of packages that ship whole
 * @returns the text of the notices
 * @throws Error that names a package whose licence is missing or not allowed
 */
export function thirdPartyNotices(root, metafiles, also = []) {
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
  const packages = [...folders].sort().map((folder) => readPackage(root, folder));
  const head = `This product contains the work of others. ${packages.length} packages, each with its licence.\n`;
  return [
    head,
    ...packages.map(
      ({ name, version, licence, source, text }) => `${'-'.repeat(80)}\n${name} ${version} (${licence})\n${source}\n\n${text}`,
    ),
  ].join('\n');
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
  // `A OR B` leaves the choice to us, `A AND B` none.
  if (
    !String(licence)
      .replaceAll(/[()]/g, '')
      .split(' OR ')
      .some((choice) => choice.split(' AND ').every((each) => ALLOWED.has(each)))
  )
    throw new Error(`${folder} has the licence ${JSON.stringify(licence)}, which is not on the list of allowed ones.`);
  const files = readdirSync(join(root, folder)).filter((file) => LICENCE_FILE.test(file));
  const repository = typeof manifest.repository === 'string' ? manifest.repository : (manifest.repository?.url ?? manifest.homepage ?? '');
  return {
    name: manifest.name,
    version: manifest.version,
    licence,
    source: repository.replace(/^git\+/, ''),
    text:
      files.length === 0
        ? `Licensed under ${licence}${author(manifest)}.\n`
        : files.map((file) => readFileSync(join(root, folder, file), 'utf8')).join('\n'),
  };
}

function author(manifest) {
  const name = typeof manifest.author === 'string' ? manifest.author : manifest.author?.name;
  return name === undefined ? '' : `, copyright ${name}`;
}

/** Metafiles of the named bundles, as `npm run build` leaves them. */
export function metafilesOf(root, names) {
  return names.map((name) => join(root, 'build/meta', `${name}.json`)).filter((path) => existsSync(path));
}
