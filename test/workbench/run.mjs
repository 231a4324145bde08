/**
 * Tidemark in a real VS Code workbench (code-server driven by Chromium), from the packaged VSIX.
 *   node test/workbench/run.mjs [--only host|ui|savepoint|compare|check|repair|trust|roots]
 * host: a mocha suite inside the extension host, from the unpacked VSIX. ui: what a user sees and does, from the installed VSIX.
 * savepoint: the savepoint editor, likewise. compare: two snapshots compared.
 * check: a savepoint against a pipeline, and examined. repair: edits to savepoints. trust: the same VSIX in a workspace that is not trusted.
 * roots: a workspace of two folders with pipelines of one name; a run that its window leaves. Screenshots go to build/screenshots. The last line counts.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { installChromium, installCodeServer, WorkbenchUnavailable } from '../../scripts/installWorkbench.mjs';
import { buildHostSuite } from './hostBundle.mjs';
import { checkSuite } from './checkSuite.mjs';
import { compareSuite } from './compareSuite.mjs';
import { hostSuite } from './hostSuite.mjs';
import { repairSuite } from './repairSuite.mjs';
import { rootsSuite } from './rootsSuite.mjs';
import { savepointSuite } from './savepointSuite.mjs';
import { trustSuite } from './trustSuite.mjs';
import { uiSuite } from './uiSuite.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const { values: options } = parseArgs({ options: { only: { type: 'string' } } });
const suites = {
  host: hostSuite,
  ui: uiSuite,
  savepoint: savepointSuite,
  compare: compareSuite,
  check: checkSuite,
  repair: repairSuite,
  trust: trustSuite,
  roots: rootsSuite,
};
const named = Object.keys(suites).filter((name) => options.only === undefined || options.only === name);

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const paths = {
  root,
  vsix: join(root, `build/tidemark-${manifest.version}.vsix`),
  /** The VSIX's contents, unpacked. */
  extension: join(root, 'build/vsix'),
  tests: join(root, 'build/workbench/host'),
  workspace: join(here, 'workspace'),
  screenshots: join(root, 'build/screenshots'),
};
const count = { passed: 0, failed: 0 };

/** Records one test's outcome. */
function report(suite, name, error, ms) {
  if (error === null) count.passed += 1;
  else count.failed += 1;
  console.log(
    `${error === null ? 'ok    ' : 'FAILED'} ${suite}: ${name} (${(ms / 1000).toFixed(1)} s)${error === null ? '' : `\n${error}`}`,
  );
}

/** The workspace of a suite gets the carried package, as a project has it. */
function prepare(folder) {
  cpSync(join(paths.extension, 'package'), join(folder, 'node_modules/tidemark'), { recursive: true });
}

async function main() {
  let server, executablePath;
  try {
    server = await installCodeServer();
    executablePath = await installChromium();
  } catch (error) {
    if (!(error instanceof WorkbenchUnavailable)) throw error;
    for (const name of named) console.log(`SKIPPED workbench ${name}: ${error.message.split('\n')[0]}`);
    if (process.env.CI === 'true') count.failed += named.length;
    return;
  }
  // Always again: an old package would test yesterday's code.
  const packaged = spawnSync(process.execPath, [join(root, 'scripts/package.mjs')], { stdio: 'inherit' });
  if (packaged.status !== 0) throw new Error('The extension could not be packaged, see above.');
  await buildHostSuite(root);
  mkdirSync(paths.screenshots, { recursive: true });
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
    ],
  });
  try {
    for (const name of named) await runSuite(name, { server, browser, paths, prepare });
  } finally {
    await browser.close();
  }
}

async function runSuite(name, environment) {
  const from = Date.now();
  try {
    await suites[name]({ ...environment, report: (test, error, ms) => report(name, test, error, ms) });
  } catch (error) {
    report(name, 'the suite itself', error instanceof Error ? (error.stack ?? error.message) : String(error), Date.now() - from);
  }
}

try {
  await main();
} catch (error) {
  console.error(error);
  count.failed += 1;
}
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exit(count.failed === 0 ? 0 : 1);
