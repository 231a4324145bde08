/** Edits to savepoints in the workbench, from the installed VSIX: gathered in a document, looked at as a comparison, written beside the original. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { Steps } from './steps.mjs';

const FIXTURE = '2.3.0-hashmap-canonical';

export async function repairSuite({ server, browser, paths, report }) {
  const prepare = (folder) => {
    mkdirSync(join(folder, 'savepoints'));
    mkdirSync(join(folder, '.vscode'), { recursive: true });
    // What is typed is what stands there.
    const settings = { 'editor.autoClosingBrackets': 'never', 'editor.autoClosingQuotes': 'never' };
    writeFileSync(join(folder, '.vscode/settings.json'), JSON.stringify(settings));
    const archive = join(paths.root, `engine/test/fixtures/snapshots/${FIXTURE}.tar.gz`);
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', join(folder, 'savepoints')], { encoding: 'utf8' });
    if (unpacked.status !== 0) throw new Error(`The fixture could not be unpacked: ${unpacked.stderr}`);
    renameSync(join(folder, 'savepoints', FIXTURE), join(folder, 'savepoints/savepoint-zoo'));
  };
  const workbench = await startCodeServer(server, { workspace: paths.workspace, prepare, vsix: paths.vsix });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const steps = new Steps(page, workbench, paths.screenshots, 'repair', report);
  const view = () => steps.webview();
  const folder = join(workbench.workspace, 'savepoints');
  const before = contentOf(join(folder, 'savepoint-zoo'));
  const editor = () => page.locator('.editor-instance .view-lines').first();

  try {
    await steps.step('the uid of an operator is renamed from the tree: the edit stands in a document', async () => {
      await page.goto(workbench.url());
      await page.locator('.monaco-workbench .part.statusbar').waitFor();
      await page.locator('.activitybar .action-item a[aria-label^="Tidemark"]').click();
      await steps.expand('savepoint-zoo');
      const row = page.locator('.sidebar .monaco-list-row', { hasText: 'parallelism' }).first();
      await row.waitFor();
      await row.click({ button: 'right' });
      await page.locator('.context-view .action-item', { hasText: 'Rename uid…' }).hover();
      await page.keyboard.press('Enter');
      await page.locator('.quick-input-widget', { hasText: 'New uid of' }).waitFor();
      await page.keyboard.press('Control+A');
      await page.keyboard.type('renamed-operator');
      await page.keyboard.press('Enter');
      await page.locator('.tab.active', { hasText: 'savepoint-zoo.tidemark-edits.jsonc' }).waitFor();
      await editor().filter({ hasText: 'renamed-operator' }).waitFor();
      await page.locator('.codelens-decoration', { hasText: 'Preview' }).waitFor();
      await steps.shot('1-document');
    });

    await steps.step('the preview shows that difference and no other; nothing is in its place yet', async () => {
      await steps.command('Tidemark: Preview Savepoint Edits');
      await page.locator('.tab.active', { hasText: 'savepoint-zoo ↔ savepoint-zoo-edited' }).waitFor();
      await view()
        .locator('.summary .caption', { hasText: /^Entries$/ })
        .waitFor();
      for (const name of ['Added', 'Removed', 'Changed']) {
        const label = (await view().locator('.chip', { hasText: name }).getAttribute('aria-label')) ?? '';
        assert.equal(Number(label.replaceAll(/\D/g, '')), 0, `${name}: ${label}`);
      }
      await view().locator('.states .operator-line', { hasText: 'renamed-operator' }).waitFor();
      assert.deepEqual(listed(), ['savepoint-zoo']);
      await steps.shot('2-preview');
    });

    await steps.step('it is written beside the original, which stays byte for byte, and listed', async () => {
      await steps.command('Tidemark: Write Edited Savepoint');
      await steps.row('savepoint-zoo-edited').waitFor();
      await steps.shot('3-written');
      assert.deepEqual(listed(), ['savepoint-zoo', 'savepoint-zoo-edited']);
      assert.ok(existsSync(join(folder, 'savepoint-zoo-edited/_metadata')));
      assert.equal(contentOf(join(folder, 'savepoint-zoo')), before);
      assert.equal(existsSync(join(folder, '.tidemark-previews')), false);
    });

    await steps.step('a wrong plan is underlined with what is wrong, and is not written', async () => {
      await page.locator('.tab', { hasText: 'tidemark-edits' }).click();
      await editor().click();
      await page.keyboard.press('Control+A');
      const plan = { savepoint: 'savepoints/savepoint-zoo', edits: [{ edit: 'dropOperator', operator: 'nobody' }] };
      await page.keyboard.press('Delete');
      await page.keyboard.insertText(JSON.stringify(plan));
      // What the editor has closed by itself.
      await page.keyboard.press('Control+Shift+End');
      await page.keyboard.press('Delete');
      await page.locator('.squiggly-error').first().waitFor();
      await steps.command('View: Focus Problems');
      await page.locator('.markers-panel .monaco-list-row', { hasText: 'There is no operator "nobody"' }).first().waitFor();
      await steps.shot('4-wrong');
      const count = listed().length;
      await steps.command('Tidemark: Write Edited Savepoint');
      await page.locator('.notification-toast', { hasText: 'The savepoint could not be written' }).first().waitFor();
      assert.equal(listed().length, count);
    });
  } finally {
    await context.close();
    await workbench.stop();
  }

  function listed() {
    return readdirSync(folder)
      .filter((name) => name !== '.tidemark-previews')
      .sort();
  }
}

function contentOf(folder) {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}
