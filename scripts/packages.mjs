/**
 * The packages that `package-lock.json` names, in `node_modules`. Every script that a user starts first (`npm start`, `npm test`,
 * `npm run bench:*`) asks for them here, so each of them works in a fresh clone. Imports nothing that has to be installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Installs the packages with `npm ci`, unless exactly those of the lock file are there. Throws when npm fails or Node is too old. */
export function installPackages({ log = console.log } = {}) {
  requireNode();
  const reason = missingPackage(root);
  if (reason === null) return;
  log(`Installing packages with npm ci: ${reason}`);
  // npm says where its program is when it starts a script; on Windows `npm` itself is a batch file.
  const program = process.env.npm_execpath;
  const [command, args] = program?.endsWith('.js') ? [process.execPath, [program]] : ['npm', []];
  const { error, status } = spawnSync(command, [...args, 'ci'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: command === 'npm' && process.platform === 'win32',
  });
  if (error !== undefined) throw new Error(`npm could not be started (${error.message}). Install Node.js with npm, then try again.`);
  if (status !== 0) throw new Error(`npm ci ended with exit code ${String(status)}. The lines above say why.`);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`Tidemark needs Node 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org.`);
}

/**
 * Why `npm ci` is needed in a folder, or null. npm writes what it installed to `node_modules/.package-lock.json` at the end of an
 * installation; an interrupted one leaves the file out.
 */
export function missingPackage(folder) {
  const installedFile = join(folder, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return 'none are installed';
  const wanted = packagesOf(join(folder, 'package-lock.json'));
  const installed = packagesOf(installedFile);
  for (const [path, entry] of Object.entries(wanted)) {
    // Workspaces are folders of the repository; npm links to them.
    if (!path.startsWith('node_modules/')) continue;
    const found = installed[path];
    // Packages for other platforms are optional, and are not installed here.
    if (found === undefined && (entry.optional === true || entry.devOptional === true)) continue;
    if (found === undefined) return `${path} is missing`;
    if (found.version !== entry.version) return `${path} has version ${String(found.version)}, not ${String(entry.version)}`;
    if (!existsSync(join(folder, path))) return `${path} was removed`;
  }
  const surplus = Object.keys(installed).find((path) => wanted[path] === undefined);
  return surplus === undefined ? null : `${surplus} is no longer used`;
}

/** @returns {Record<string, { version?: string, optional?: boolean, devOptional?: boolean }>} by path in the folder. */
function packagesOf(file) {
  const { packages } = JSON.parse(readFileSync(file, 'utf8'));
  if (packages === undefined) throw new Error(`${file} has no "packages": npm 7 or newer writes them`);
  return packages;
}
