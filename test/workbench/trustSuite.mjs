/** A workspace that is not trusted: its savepoints can be looked at, nothing of it is run. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { Steps } from './steps.mjs';

/** A savepoint that a real Flink wrote. */
const SNAPSHOT = 'engine/test/fixtures/snapshots/2.3.0-hashmap-canonical.tar.gz';

export async function trustSuite({ server, browser, paths, prepare, report }) {
  const withSavepoint = (folder) => {
    prepare(folder);
    const savepoint = join(folder, '.tidemark/orders/savepoints/savepoint-1');
    mkdirSync(savepoint, { recursive: true });
    const edits = { savepoint: '.tidemark/orders/savepoints/savepoint-1', target: 'hashed', keyHash: 'own.mjs', edits: [] };
    writeFileSync(join(folder, 'own.tidemark-edits.jsonc'), JSON.stringify(edits));
    const ran = JSON.stringify(join(folder, 'ran.txt'));
    writeFileSync(
      join(folder, 'own.mjs'),
      `import { writeFileSync } from 'node:fs';\nwriteFileSync(${ran}, '');\nexport default () => null;\n`,
    );
    execFileSync('tar', ['-xzf', join(paths.root, SNAPSHOT), '-C', savepoint, '--strip-components', '1']);
  };
  const workbench = await startCodeServer(server, { workspace: paths.workspace, prepare: withSavepoint, vsix: paths.vsix, trust: true });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const steps = new Steps(page, workbench, paths.screenshots, 'untrusted', report);

  try {
    await steps.step('the workbench is in restricted mode', async () => {
      await page.goto(workbench.url());
      await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
    });

    await steps.step('savepoints are shown, and what is inside', async () => {
      await page.locator('.activitybar .action-item a[aria-label^="Tidemark"]').click();
      await steps.expand('savepoint-1');
      await page.locator('.sidebar .monaco-list-row[aria-level="3"]').first().waitFor();
      await steps.shot('1-savepoint');
    });

    await steps.step('a pipeline cannot be started: not by F5, not by a command', async () => {
      await steps.open('clicks.pipeline.ts');
      await page.locator('.editor-instance .view-lines').first().click();
      await page.locator('.statusbar-item', { hasText: 'Tidemark' }).waitFor();
      await page.keyboard.press('F1');
      const input = page.locator('.quick-input-widget input[type=text]').first();
      await input.waitFor();
      // A list of few commands: of a long one only the rows in view are there.
      await input.fill('>Tidemark: Pipeline');
      await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Tidemark: Stop Checking Pipeline' }).waitFor();
      const offered = await page.locator('.quick-input-list .monaco-list-row').allTextContents();
      for (const title of ['Debug Pipeline', 'Run Pipeline', 'Restore Pipeline', 'Check Snapshot Against Pipeline']) {
        assert.ok(!offered.some((text) => text.includes(title)), `${title} is offered: ${offered.join(', ')}`);
      }
      await steps.shot('2-palette');
      await page.keyboard.press('Escape');
      assert.ok(!existsSync(join(workbench.workspace, '.tidemark/clicks')), 'a pipeline ran');
    });

    await steps.step('edits are looked at and written, but not where the document names a module', async () => {
      await steps.open('own.tidemark-edits.jsonc');
      await page.locator('.editor-instance .view-lines').first().click();
      await steps.command('Tidemark: Write Edited Snapshot');
      await page.locator('.notification-toast', { hasText: 'its modules not run' }).first().waitFor();
      await steps.shot('3-module');
      assert.ok(!existsSync(join(workbench.workspace, 'ran.txt')), 'the module ran');
      assert.ok(!existsSync(join(workbench.workspace, 'hashed')), 'a savepoint was written');
    });
  } finally {
    await context.close();
    await workbench.stop();
  }
}
