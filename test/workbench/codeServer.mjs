/** A code-server of its own for one suite: own user data, own extensions, own copy of the workspace, a free port on loopback. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What would talk to the network, or cover what a test looks at. */
const SETTINGS = {
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'extensions.ignoreRecommendations': true,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'git.enabled': false,
  'typescript.disableAutomaticTypeAcquisition': true,
  'window.menuBarVisibility': 'compact',
  'debug.openDebug': 'openOnDebugBreak',
  'workbench.enableExperiments': false,
  'update.mode': 'none',
  'npm.fetchOnlinePackageInfo': false,
  'editor.accessibilitySupport': 'off',
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.banner': 'never',
};

/**
 * @param server node and entry of an installed code-server
 * @param options.workspace folder to copy; `prepare(folder)` may change the copy
 * @param options.vsix path of a VSIX to install, or null
 * @param options.trust whether workspace trust is on, and the workspace hence untrusted
 */
export async function startCodeServer(server, { workspace, prepare, vsix = null, trust = false, env: extra = {} }) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-workbench-')));
  const folder = (name) => {
    const path = join(home, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const opened = folder('workspace');
  cpSync(workspace, opened, { recursive: true });
  await prepare?.(opened);
  const userData = folder('data');
  folder('data/User');
  writeFileSync(join(userData, 'User/settings.json'), JSON.stringify({ ...SETTINGS, 'security.workspace.trust.enabled': trust }));
  writeFileSync(join(home, 'config.yaml'), 'auth: none\n');
  const env = {
    PATH: process.env.PATH,
    HOME: folder('home'),
    LANG: 'C.UTF-8',
    XDG_CONFIG_HOME: folder('xdg/config'),
    XDG_DATA_HOME: folder('xdg/data'),
    XDG_CACHE_HOME: folder('xdg/cache'),
    ...extra,
  };
  const common = [
    server.entry,
    '--config',
    join(home, 'config.yaml'),
    '--user-data-dir',
    userData,
    '--extensions-dir',
    folder('extensions'),
  ];
  const clean = () => rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  if (vsix !== null) {
    const installed = spawnSync(server.node, [...common, '--install-extension', vsix], { env, encoding: 'utf8' });
    if (installed.status !== 0) {
      clean();
      throw new Error(`The VSIX could not be installed:\n${installed.stdout}${installed.stderr}`);
    }
  }
  const port = await freePort();
  const logPath = join(home, 'server.log');
  const log = openSync(logPath, 'w');
  const child = spawn(
    server.node,
    [
      ...common,
      '--bind-addr',
      `127.0.0.1:${port}`,
      '--auth',
      'none',
      '--disable-telemetry',
      '--disable-update-check',
      '--disable-getting-started-override',
      '--disable-file-downloads',
      ...(trust ? [] : ['--disable-workspace-trust']),
    ],
    { env, detached: true, stdio: ['ignore', log, log] },
  );
  const base = `http://127.0.0.1:${port}`;
  const stop = async () => {
    // The whole group: code-server leaves its extension hosts behind otherwise.
    const gone = new Promise((resolve) => child.once('exit', resolve));
    signalGroup(child.pid, 'SIGTERM');
    await Promise.race([gone, sleep(3000)]);
    signalGroup(child.pid, 'SIGKILL');
    clean();
  };
  for (let attempt = 0; ; attempt++) {
    if (await isUp(base)) break;
    if (attempt > 600 || child.exitCode !== null) {
      const text = readFileSync(logPath, 'utf8');
      await stop();
      throw new Error(`code-server did not start:\n${text}`);
    }
    await sleep(100);
  }
  return {
    home,
    workspace: opened,
    /** The workbench's address; `payload` is for development: extensions and tests from folders. */
    urlOfWorkspace: (file) => `${base}/?workspace=${encodeURIComponent(join(opened, file))}`,
    url: (payload = []) =>
      `${base}/?folder=${encodeURIComponent(opened)}${payload.length === 0 ? '' : `&payload=${encodeURIComponent(JSON.stringify(payload))}`}`,
    /** A path as the workbench in the browser names it. */
    remote: (path) => `vscode-remote://127.0.0.1:${port}${path}`,
    /** The ends of the logs that say why something failed: the extension's own, and what the extension host says of extensions. */
    logs: () =>
      readdirSync(userData, { recursive: true, encoding: 'utf8' })
        .filter((name) => /Tidemark.*\.log$|remoteexthost\.log$/.test(name))
        .map((name) => `--- ${name}\n${readFileSync(join(userData, name), 'utf8').slice(-4000)}`)
        .join('\n'),
    stop,
  };
}

/**
 * Built products of newer VS Codes ignore the development payload unless the smoke-test driver is enabled, which code-server has no
 * option for. So the workbench's configuration is changed before the workbench reads it.
 */
export function allowDevelopment(page) {
  return page.addInitScript(() => {
    if (window !== top) return;
    const original = Element.prototype.getAttribute;
    Element.prototype.getAttribute = function (name) {
      const value = original.call(this, name);
      if (name !== 'data-settings' || this.id !== 'vscode-workbench-web-configuration') return value;
      Element.prototype.getAttribute = original;
      const configuration = JSON.parse(value);
      configuration.developmentOptions = { ...configuration.developmentOptions, enableSmokeTestDriver: true };
      return JSON.stringify(configuration);
    };
  });
}

async function isUp(base) {
  try {
    return (await fetch(`${base}/healthz`)).ok;
  } catch {
    return false;
  }
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
      .listen(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => resolve(port));
      })
      .on('error', reject);
  });
}
