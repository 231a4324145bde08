/**
 * A VS Code workbench from package registries alone: code-server (VS Code in the browser) on its own Node, and a Chromium to drive it.
 * Everything lands in .cache/workbench and is reused; a half-finished install is never taken for a whole one.
 * `node scripts/installWorkbench.mjs` installs both and says where; `--server` leaves Chromium out.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache/workbench');

/** VS Code 1.139.1; it wants Node 24, which npm has as a package with headers, so its native parts compile without a download. */
const CODE_SERVER = '4.139.1';
const NODE = '24.21.0';
const SPARTICUZ = '143.0.0';

/** Native parts of VS Code's server that terminals, logging and file watching need. */
const NATIVE_PARTS = ['node-pty', '@vscode/spdlog', '@vscode/native-watchdog', '@parcel/watcher', '@vscode/sqlite3', '@vscode/fs-copyfile'];

/** Says why a workbench cannot be had on this machine. */
export class WorkbenchUnavailable extends Error {}

/** @returns {Promise<{ node: string, entry: string, version: string }>} the Node binary and code-server's entry script. */
export async function installCodeServer({ log = console.error } = {}) {
  const os = { linux: 'linux', darwin: 'darwin' }[process.platform];
  if (os === undefined) throw new WorkbenchUnavailable(`code-server does not run on ${process.platform}; use desktop VS Code`);
  const folder = join(cache, `code-server-${CODE_SERVER}`);
  const nodePackage = `node-${os}-${process.arch}`;
  const found = {
    node: join(folder, 'node_modules', nodePackage, 'bin/node'),
    entry: join(folder, 'node_modules/code-server/out/node/entry.js'),
    version: CODE_SERVER,
  };
  const marker = join(folder, 'complete.json');
  if (existsSync(marker) && existsSync(found.node) && existsSync(found.entry)) return found;

  for (const tool of ['make', 'c++', 'python3']) {
    if (onPath(tool) === null)
      throw new WorkbenchUnavailable(`code-server's native parts need a C++ compiler, make and Python: ${tool} is not on the PATH`);
  }
  log(`Installing code-server ${CODE_SERVER} (once, 1 to 3 minutes, about 800 MB) into ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');

  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const install = (cwd, ...args) => npm(cwd, ['install', ...quiet, '--ignore-scripts', ...args]);
  await install(folder, `code-server@${CODE_SERVER}`, `${nodePackage}@${NODE}`);
  // From here the pinned Node runs npm: native parts are compiled against its headers.
  const nodeHome = join(folder, 'node_modules', nodePackage);
  const env = { PATH: join(nodeHome, 'bin') + delimiter + process.env.PATH, npm_config_nodedir: nodeHome, npm_config_yes: 'true' };
  const server = join(folder, 'node_modules/code-server');
  const code = join(server, 'lib/vscode');
  await npm(server, ['rebuild', 'argon2'], env, folder);
  await install(code, '--omit=dev');
  await npm(code, ['rebuild', ...NATIVE_PARTS], env);
  await install(join(code, 'extensions'), '--omit=dev');
  writeFileSync(`${marker}.tmp`, JSON.stringify({ codeServer: CODE_SERVER, node: NODE }));
  renameSync(`${marker}.tmp`, marker);
  return found;
}

/** @returns {Promise<string>} the path of a Chromium or Chrome: CHROMIUM, one that is installed, the system's package, or one from npm. */
export async function installChromium({ log = console.error } = {}) {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new WorkbenchUnavailable(`CHROMIUM is ${named}, which does not exist`);
    return named;
  }
  const installed = () =>
    ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(onPath).find((path) => path !== null);
  const apps = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];
  const found = installed() ?? apps.find((path) => existsSync(path));
  if (found !== undefined) return found;
  if (process.platform !== 'linux') throw new WorkbenchUnavailable('no Chromium or Chrome found; install one, or set CHROMIUM to its path');
  if (process.getuid?.() === 0 && onPath('apt-get') !== null) {
    log('Installing Chromium with apt-get');
    const apt = (...args) =>
      spawnSync('apt-get', args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0;
    if (apt('update') && apt('install', '-y', '--no-install-recommends', 'chromium')) {
      const fresh = installed();
      if (fresh !== undefined) return fresh;
    }
  }
  return chromiumFromNpm(log);
}

async function chromiumFromNpm(log) {
  const folder = join(cache, `chromium-${SPARTICUZ}`);
  if (!existsSync(join(folder, 'node_modules/@sparticuz/chromium/bin'))) {
    log('Installing Chromium from npm (@sparticuz/chromium)');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    try {
      await npm(folder, ['install', '--no-audit', '--no-fund', '--loglevel=error', `@sparticuz/chromium@${SPARTICUZ}`]);
    } catch (error) {
      throw new WorkbenchUnavailable(`no Chromium on the PATH, and npm could not install one: ${error.message}`);
    }
  }
  const entry = createRequire(join(folder, 'package.json')).resolve('@sparticuz/chromium');
  const { default: chromium } = await import(pathToFileURL(entry).href);
  return chromium.executablePath();
}

/** The path of a command, or null. */
export function onPath(command) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const suffix of process.platform === 'win32' ? ['.exe', '.cmd', ''] : ['']) {
      const path = join(folder, command + suffix);
      if (folder !== '' && existsSync(path)) return path;
    }
  }
  return null;
}

/** Runs npm in `cwd`; on failure the end of its output is the error's message. */
function npm(cwd, args, env = {}, prefix = undefined) {
  const child = spawn('npm', prefix === undefined ? args : [...args, '--prefix', prefix], {
    cwd: prefix ?? cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk) => (output = (output + String(chunk)).slice(-4000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new WorkbenchUnavailable(`npm ${args.join(' ')} failed in ${cwd}:\n${output}`)),
    );
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const server = await installCodeServer();
    console.log(`code-server ${server.version}: ${server.entry}`);
    if (!process.argv.includes('--server')) console.log(`Chromium: ${await installChromium()}`);
  } catch (error) {
    console.error(error instanceof WorkbenchUnavailable ? error.message : error);
    process.exitCode = 1;
  }
}
