/** Comparisons in the workbench, from the installed VSIX: savepoints of one job that Flink wrote at different times and in different forms. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { Steps } from './steps.mjs';

const SAVEPOINTS = {
  'savepoint-old': '1.20.5-hashmap-canonical',
  'savepoint-new': '2.3.0-hashmap-canonical',
  'savepoint-rocksdb': '2.3.0-rocksdb-native',
};

export async function compareSuite({ server, browser, paths, prepare, report }) {
  const prepareAll = (folder) => {
    prepare(folder);
    mkdirSync(join(folder, 'savepoints'));
    mkdirSync(join(folder, '.vscode'), { recursive: true });
    // One page at a time: the comparison is the webview that is shown.
    writeFileSync(join(folder, '.vscode/settings.json'), JSON.stringify({ 'tidemark.dataflow.openOnStart': false }));
    for (const [name, fixture] of Object.entries(SAVEPOINTS)) {
      const archive = join(paths.root, `engine/test/fixtures/snapshots/${fixture}.tar.gz`);
      const unpacked = spawnSync('tar', ['-xzf', archive, '-C', join(folder, 'savepoints')], { encoding: 'utf8' });
      if (unpacked.status !== 0) throw new Error(`The fixture could not be unpacked: ${unpacked.stderr}`);
      renameSync(join(folder, 'savepoints', fixture), join(folder, 'savepoints', name));
    }
  };
  const workbench = await startCodeServer(server, { workspace: paths.workspace, prepare: prepareAll, vsix: paths.vsix });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const steps = new Steps(page, workbench, paths.screenshots, 'compare', report);
  const view = () => steps.webview();
  const entries = () => view().locator('.changes .entry-row');
  /** Which number a chip has. */
  const chip = async (name) =>
    Number(((await view().locator('.chip', { hasText: name }).getAttribute('aria-label')) ?? '').replaceAll(/\D/g, ''));
  const menu = (row, ...items) => steps.menu(row, ...items);

  try {
    await steps.step('a snapshot is selected in the Savepoints view, and another compared with it', async () => {
      await page.goto(workbench.url());
      await page.locator('.monaco-workbench .part.statusbar').waitFor();
      await page.locator('.activitybar .action-item a[aria-label^="Tidemark"]').click();
      await steps.row('savepoint-old').waitFor();
      await menu(steps.row('savepoint-old'), 'Compare', 'Select Snapshot for Compare');
      await page.locator('.statusbar', { hasText: 'savepoint-old is selected for compare' }).waitFor();
      await menu(steps.row('savepoint-new'), 'Compare', 'Compare Snapshot with Selected');
      await page.locator('.tab.active', { hasText: 'savepoint-old ↔ savepoint-new' }).waitFor();
    });

    await steps.step('counts by operator and state come, and the entries of the first state', async () => {
      await view()
        .locator('.summary .caption', { hasText: /^Entries$/ })
        .waitFor();
      assert.ok((await chip('Added')) + (await chip('Removed')) + (await chip('Changed')) > 0, 'two runs of the job differ');
      assert.ok((await view().locator('.states .operator-line').count()) > 0);
      await entries().first().waitFor();
      await view().getByRole('button', { name: 'Bytes', exact: true }).click();
      await view().locator('.growth rect.bar').first().waitFor();
      await steps.shot('1-compared');
    });

    await steps.step('an entry opens in the diff editor, side by side', async () => {
      await view().locator('.states .state-line', { hasText: 'v-int' }).click();
      await entries().filter({ hasText: '~' }).first().click();
      await page.keyboard.press('Enter');
      await page.locator('.monaco-diff-editor .editor.modified .view-lines', { hasText: '"state"' }).waitFor();
      await page.locator('.monaco-diff-editor .editor.original .view-lines', { hasText: '"state"' }).waitFor();
      await page.locator('.monaco-diff-editor .char-insert, .monaco-diff-editor .line-insert').first().waitFor();
      await steps.shot('2-entry');
      await page.locator('.tab', { hasText: '↔' }).click();
    });

    await steps.step('a filter by change leaves only such entries, F7 goes on to the next', async () => {
      await entries().first().waitFor();
      await view().locator('.chip', { hasText: 'Changed' }).click();
      await view().locator('.chip[aria-pressed=false]', { hasText: 'Changed' }).waitFor();
      await view().getByRole('button', { name: 'Next change (F7)' }).click();
      await page.keyboard.press('F7');
      await entries().first().waitFor();
      assert.equal(await entries().filter({ hasText: '~' }).count(), 0);
      await view().locator('.chip', { hasText: 'Changed' }).click();
    });

    await steps.step('a snapshot that is dragged onto another is compared with it, the older one first', async () => {
      await steps.command('View: Close All Editors');
      await steps.row('savepoint-new').dragTo(steps.row('savepoint-rocksdb'));
      await page.locator('.tab.active', { hasText: 'savepoint-new ↔ savepoint-rocksdb' }).waitFor();
      await view()
        .locator('.summary .caption', { hasText: /^Entries$/ })
        .waitFor();
      await steps.shot('3-dragged');
    });

    await steps.step('an own savepoint is compared with the pipeline as it runs on', async () => {
      await steps.command('View: Close All Editors');
      await steps.open('clicks.pipeline.ts');
      await page.locator('.editor-instance .view-lines').first().click();
      await page.keyboard.press('F5');
      await page.locator('.debug-toolbar').waitFor();
      await page.locator('.statusbar-item', { hasText: /clicks: .*records/ }).waitFor();
      await steps.command('Tidemark: Take Savepoint');
      await steps.row(/\d\d:\d\d savepoint \d+/).waitFor();
      // Not by the menu of the row: checkpoints refresh the tree every two seconds.
      await steps.command('Tidemark: Compare Snapshot with Running Pipeline');
      await page
        .locator('.quick-input-list .monaco-list-row', { hasText: /\d\d:\d\d savepoint \d+/ })
        .first()
        .click();
      await page.locator('.tab.active', { hasText: '↔' }).waitFor();
      await view()
        .locator('.summary .caption', { hasText: /^Entries$/ })
        .waitFor();
      assert.ok((await chip('Added')) + (await chip('Changed')) > 0, 'records went on between the two');
      await entries().first().waitFor();
      await steps.shot('4-running');
      await page.keyboard.press('Shift+F5');
      await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    });

    await steps.step('a savepoint is compared with the checkpoint before it', async () => {
      await steps.command('View: Close All Editors');
      await menu(steps.row(/\d\d:\d\d savepoint \d+/), 'Compare', 'Compare Snapshot with Previous Checkpoint');
      await page.locator('.tab.active', { hasText: '↔' }).waitFor();
      await view()
        .locator('.summary .caption', { hasText: /^Entries$/ })
        .waitFor();
    });

    await steps.step('folders of the Explorer are selected and compared too', async () => {
      const explorer = (text) => page.locator('.explorer-folders-view .monaco-list-row', { hasText: text }).first();
      await steps.command('View: Close All Editors');
      await page.keyboard.press('Control+Shift+E');
      await explorer('savepoints').click();
      await explorer('savepoint-new').waitFor();
      await menu(explorer('savepoint-new'), 'Select Snapshot for Compare');
      await page.locator('.statusbar', { hasText: 'savepoint-new is selected for compare' }).waitFor();
      await menu(explorer('savepoint-old'), 'Compare Snapshot with Selected');
      await page.locator('.tab.active', { hasText: 'savepoint-new ↔ savepoint-old' }).waitFor();
      await view()
        .locator('.summary .caption', { hasText: /^Entries$/ })
        .waitFor();
    });
  } finally {
    await context.close();
    await workbench.stop();
  }
}
