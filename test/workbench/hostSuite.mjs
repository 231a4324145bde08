/** Runs the mocha suite of host/ inside the extension host of a workbench: VS Code's own protocol for extension tests on the web. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allowDevelopment, startCodeServer } from './codeServer.mjs';

const TIMEOUT_MS = 300_000;

export async function hostSuite({ server, browser, paths, prepare, report }) {
  const results = join(paths.root, 'build/workbench', `host-${process.pid}.json`);
  const workbench = await startCodeServer(server, { workspace: paths.workspace, prepare, env: { TIDEMARK_TEST_RESULTS: results } });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    let ended;
    const exit = new Promise((resolve) => (ended = resolve));
    const log = [];
    await page.exposeFunction('codeAutomationLog', (type, args) => log.push(`${type}: ${args.join(' ')}`));
    await page.exposeFunction('codeAutomationExit', (code) => ended(code));
    await allowDevelopment(page);
    await page.goto(
      workbench.url([
        ['extensionDevelopmentPath', workbench.remote(paths.extension)],
        ['extensionTestsPath', workbench.remote(join(paths.tests, 'index.cjs'))],
        ['skipWelcome', 'true'],
      ]),
    );
    let timer;
    const timeout = new Promise((resolve) => (timer = setTimeout(() => resolve('timeout'), TIMEOUT_MS)));
    const code = await Promise.race([exit, timeout]);
    clearTimeout(timer);
    await page.screenshot({ path: join(paths.screenshots, 'workbench-host.png') });
    if (!existsSync(results)) {
      report(
        'the suite itself',
        `it ended with ${code} and left no results\n${log.slice(-40).join('\n')}\n${workbench.logs()}`,
        TIMEOUT_MS,
      );
      return;
    }
    const tests = JSON.parse(readFileSync(results, 'utf8'));
    for (const { title, error, ms } of tests) report(title, error, ms);
    if (code === 'timeout') report('the suite itself', `it did not end within ${TIMEOUT_MS} ms`, TIMEOUT_MS);
  } finally {
    await context.close();
    await workbench.stop();
  }
}
