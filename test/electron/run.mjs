/**
 * `npm run test:electron`: the extension-host suite of test/workbench in desktop VS Code, which @vscode/test-electron downloads.
 * `VSCODE_VERSION` chooses another than the newest; the oldest that the manifest allows is worth a run.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTests } from '@vscode/test-electron';
import { buildHostSuite } from '../workbench/hostBundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const extension = join(root, 'build/vsix');
if (!existsSync(join(extension, 'dist/extension.cjs'))) {
  const packaged = spawnSync(process.execPath, [join(root, 'scripts/package.mjs')], { stdio: 'inherit' });
  if (packaged.status !== 0) process.exit(1);
}
const tests = await buildHostSuite(root);
const home = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-electron-')));
const workspace = join(home, 'workspace');
const results = join(home, 'results.json');
cpSync(join(root, 'test/workbench/workspace'), workspace, { recursive: true });
cpSync(join(extension, 'package'), join(workspace, 'node_modules/tidemark'), { recursive: true });

let exitCode = 0;
try {
  await runTests({
    ...(process.env.VSCODE_VERSION === undefined ? {} : { version: process.env.VSCODE_VERSION }),
    extensionDevelopmentPath: extension,
    extensionTestsPath: join(tests, 'index.cjs'),
    extensionTestsEnv: { TIDEMARK_TEST_RESULTS: results },
    launchArgs: [workspace, '--disable-extensions', '--disable-workspace-trust', '--user-data-dir', join(home, 'data')],
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  exitCode = 1;
}
const outcomes = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : [];
for (const { title, error, ms } of outcomes)
  console.log(`${error === null ? 'ok    ' : 'FAILED'} ${title} (${(ms / 1000).toFixed(1)} s)${error === null ? '' : `\n${error}`}`);
rmSync(home, { recursive: true, force: true });
console.log(
  `${outcomes.filter(({ error }) => error === null).length} passed, ${outcomes.filter(({ error }) => error !== null).length} failed`,
);
process.exit(exitCode);
