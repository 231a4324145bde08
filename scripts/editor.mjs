/**
 * Opens an editor with Tidemark in it: desktop VS Code where `code` is on the PATH, else a VS Code workbench in the browser
 * (code-server, on loopback only, behind a password of its own). `node scripts/editor.mjs [FOLDER]`
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installCodeServer, onPath, WorkbenchUnavailable } from './installWorkbench.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const vsix = join(root, `build/tidemark-${version}.vsix`);
const unpacked = join(root, 'build/vsix');
const home = join(root, '.cache/editor');

/** A quiet workbench at its first start; afterwards its settings are the user's. */
const FIRST_SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
};

/**
 * @param options.workspace folder to open
 * @param options.signal ends the browser workbench; Ctrl-C does so anyway
 * @returns when the desktop editor was told to open, when the browser workbench ended, or when there is no editor to be had
 */
export async function openEditor({ workspace, log = console.log, signal = undefined }) {
  packageIfNeeded();
  if (onPath('code') !== null) {
    openDesktop(workspace, log);
    return;
  }
  try {
    const server = await installCodeServer({ log });
    await serveWorkbench(server, workspace, log, signal);
  } catch (error) {
    if (!(error instanceof WorkbenchUnavailable)) throw error;
    log(`No editor can be opened on this machine: ${error.message.split('\n')[0]}.`);
    log(`Install the extension where VS Code is: code --install-extension ${vsix}`);
    log(`or in VS Code: Extensions, "...", Install from VSIX. Then open ${workspace}.`);
  }
}

/** The editor runs what a user would get: the packaged extension, not the sources. */
function packageIfNeeded() {
  const isPackaged = existsSync(vsix) && existsSync(join(unpacked, 'dist/extension.cjs'));
  const isFresh =
    isPackaged &&
    existsSync(join(root, 'dist/extension.cjs')) &&
    statSync(vsix).mtimeMs >= statSync(join(root, 'dist/extension.cjs')).mtimeMs;
  if (isFresh) return;
  const packaged = spawnSync(process.execPath, [join(root, 'scripts/package.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (packaged.status !== 0) throw new Error('The extension could not be packaged: run npm run package and see why.');
}

/** As an extension under development: nothing is installed into the user's own VS Code. */
function openDesktop(workspace, log) {
  const child = spawn('code', ['--new-window', `--extensionDevelopmentPath=${unpacked}`, workspace], {
    detached: true,
    stdio: 'ignore',
    shell: process.platform === 'win32',
  });
  child.on('error', (error) => log(`VS Code could not be started: ${error.message}. Install ${vsix} by hand.`));
  child.unref();
  log(`VS Code opens ${workspace} with Tidemark in it.`);
}

async function serveWorkbench(server, workspace, log, signal) {
  const folders = { userData: join(home, 'data'), extensions: join(home, 'extensions') };
  const settings = join(folders.userData, 'User/settings.json');
  mkdirSync(dirname(settings), { recursive: true });
  if (!existsSync(settings)) writeFileSync(settings, `${JSON.stringify(FIRST_SETTINGS, null, 2)}\n`);
  // A workbench is a shell on this machine: not even other users of it, or web pages, may come in without the password.
  const password = randomBytes(9).toString('base64url');
  const config = join(home, 'config.yaml');
  writeFileSync(config, `auth: password\npassword: ${password}\n`, { mode: 0o600 });
  const common = [server.entry, '--config', config, '--user-data-dir', folders.userData, '--extensions-dir', folders.extensions];
  const installed = spawnSync(server.node, [...common, '--install-extension', vsix, '--force'], { encoding: 'utf8' });
  if (installed.status !== 0) throw new Error(`The extension could not be installed:\n${installed.stderr}`);
  const port = await freePort();
  // The folder is the one that was asked for: nothing is gained by asking whether it is trusted.
  const args = [
    '--bind-addr',
    `127.0.0.1:${port}`,
    '--disable-telemetry',
    '--disable-update-check',
    '--disable-getting-started-override',
    '--disable-workspace-trust',
  ];
  const child = spawn(server.node, [...common, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  const ended = new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code) => (code === 0 || code === null ? done() : fail(new Error(`code-server ended with exit code ${code}.`))));
  });
  const stop = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, stop);
  await Promise.race([ended, whenUp(url)]);
  log(`VS Code in the browser: ${url}/?folder=${encodeURIComponent(workspace)}`);
  log(`Password: ${password}    (Ctrl-C here ends it)`);
  await ended;
}

async function whenUp(url) {
  for (;;) {
    try {
      if ((await fetch(`${url}/healthz`)).ok) return;
    } catch {
      // Not yet.
    }
    await new Promise((done) => setTimeout(done, 100));
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer()
      .listen(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => done(port));
      })
      .on('error', fail);
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await openEditor({ workspace: resolve(process.argv[2] ?? join(root, 'examples/flights')) });
}
