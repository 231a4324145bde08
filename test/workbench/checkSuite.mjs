/** Checks and examinations of savepoints in the workbench, from the installed VSIX: by hand, while one types, and before a pipeline starts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { Steps } from './steps.mjs';

const FIXTURE = '2.3.0-rocksdb-native';
const SETTINGS = { 'files.autoSave': 'off', 'tidemark.dataflow.openOnStart': false, 'workbench.colorTheme': 'Default Dark Modern' };
const THEMES = [
  ['light', 'Default Light Modern', 'vscode-light'],
  ['hc', 'Default High Contrast', 'vscode-high-contrast'],
  ['dark', 'Default Dark Modern', 'vscode-dark'],
];

export async function checkSuite({ server, browser, paths, prepare, report }) {
  const prepareAll = (folder) => {
    prepare(folder);
    mkdirSync(join(folder, 'savepoints'));
    mkdirSync(join(folder, '.vscode'), { recursive: true });
    writeFileSync(join(folder, '.vscode/settings.json'), JSON.stringify(SETTINGS));
    const archive = join(paths.root, `engine/test/fixtures/snapshots/${FIXTURE}.tar.gz`);
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', join(folder, 'savepoints')], { encoding: 'utf8' });
    if (unpacked.status !== 0) throw new Error(`The fixture could not be unpacked: ${unpacked.stderr}`);
    renameSync(join(folder, 'savepoints', FIXTURE), join(folder, 'savepoints/savepoint-zoo'));
  };
  const workbench = await startCodeServer(server, { workspace: paths.workspace, prepare: prepareAll, vsix: paths.vsix });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const steps = new Steps(page, workbench, paths.screenshots, 'check', report);
  const view = () => steps.webview();
  const program = join(workbench.workspace, 'clicks.pipeline.ts');
  const text = readFileSync(program, 'utf8');
  const own = /\d\d:\d\d savepoint \d+/;
  const choices = page.locator('.quick-input-list .monaco-list-row');
  const problem = (said) => page.locator('.markers-panel .monaco-list-row', { hasText: said }).first();

  /** Selects the text that is followed by another in the editor, and types over it. No quotes and brackets: the editor pairs them. */
  const replace = async (from, following, to) => {
    const before = text.slice(0, text.indexOf(from + following)).split('\n');
    await page.keyboard.press('Control+G');
    const input = page.locator('.quick-input-widget input[type=text]').first();
    await input.waitFor();
    await input.fill(`:${before.length}:${before.at(-1).length + 1}`);
    await page.keyboard.press('Enter');
    await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    for (let i = 0; i < from.length; i++) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.insertText(to);
  };
  const quickFix = async (title) => {
    await page.keyboard.press('Control+.');
    await page.locator('.action-widget .monaco-list-row', { hasText: title }).first().click();
  };
  const shotsInThemes = async (name) => {
    for (const [suffix, theme, look] of THEMES) {
      writeFileSync(join(workbench.workspace, '.vscode/settings.json'), JSON.stringify({ ...SETTINGS, 'workbench.colorTheme': theme }));
      await view().locator(`body.${look}`).waitFor();
      await steps.shot(`${name}-${suffix}`);
    }
  };

  try {
    await steps.step('a pipeline is checked by hand against its own savepoint: all of it is restored', async () => {
      await page.goto(workbench.url());
      await page.locator('.monaco-workbench .part.statusbar').waitFor();
      await page.locator('.activitybar .action-item a[aria-label^="Tidemark"]').click();
      await steps.open('clicks.pipeline.ts');
      // F5 is ours from when the extension is there.
      await page.locator('.codelens-decoration', { hasText: 'Debug' }).first().waitFor();
      await page.locator('.statusbar-item', { hasText: 'Tidemark' }).waitFor();
      await page.locator('.editor-instance .view-lines').first().click();
      await page.keyboard.press('F5');
      await page.locator('.statusbar-item', { hasText: /clicks: .*records/ }).waitFor();
      await steps.command('Tidemark: Take Savepoint');
      await steps.row(own).waitFor();
      await page.keyboard.press('Shift+F5');
      await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
      await steps.command('Tidemark: Check Snapshot Against Pipeline…');
      await choices.filter({ hasText: own }).first().click();
      await page.locator('.tab.active', { hasText: /clicks ← savepoint-/ }).waitFor();
      await view().locator('.tag.ok', { hasText: 'It can be restored' }).waitFor();
      await view().locator('.finding', { hasText: 'pages' }).filter({ hasText: 'restored as is' }).waitFor();
      await steps.shot('1-fits');
    });

    await steps.step('a uid that is typed wrong gets a problem before it is saved, and its quick fix takes that away', async () => {
      // One page at a time: the report is the webview that is shown.
      await page.locator('.tab.active', { hasText: '←' }).click({ button: 'middle' });
      await page.locator('.tab.active', { hasText: 'clicks.pipeline.ts' }).waitFor();
      await steps.command('View: Focus Problems');
      await page.locator('.editor-instance .view-lines').first().click();
      await replace('visits', "', {", 'visitors');
      await problem('does not fit here').waitFor();
      await steps.shot('2-typed');
      assert.equal(readFileSync(program, 'utf8'), text, 'nothing was saved');
      await quickFix('Call the operator "visits" again');
      await problem('does not fit here').waitFor({ state: 'detached' });
    });

    await steps.step('so does a type that the state cannot have', async () => {
      await replace('t.int', '), pages', 't.string');
      await problem('does not fit here').waitFor();
      await steps.shot('3-type');
      await quickFix('Declare "count" as t.int again');
      await problem('does not fit here').waitFor({ state: 'detached' });
    });

    await steps.step('a start from a savepoint that does not fit asks first, and shows the report', async () => {
      await replace('t.int', '), pages', 't.string');
      await page.keyboard.press('Control+S');
      await steps.command('Tidemark: Restore Pipeline from Savepoint…');
      await choices.filter({ hasText: own }).first().click();
      // The other type of the state is a type error where it is used.
      const typeError = page.locator('.monaco-dialog-box', { hasText: 'has a type error' });
      await typeError.locator('.monaco-button', { hasText: 'Run Anyway' }).click();
      const dialog = page.locator('.monaco-dialog-box', { hasText: 'does not fit the pipeline' });
      await dialog.waitFor();
      await steps.shot('4-asked');
      assert.equal(await page.locator('.debug-toolbar').isVisible(), false, 'nothing runs');
      await dialog.locator('.monaco-button', { hasText: 'Show Report' }).click();
      await view().locator('.tag.error', { hasText: 'It cannot be restored' }).waitFor();
      await view().locator('.finding .schemas').first().waitFor();
      await shotsInThemes('5-report');
      await view().getByRole('button', { name: 'Flink 2.3' }).click();
      await view().locator('[aria-label="Flink 2.3"][aria-pressed=true]').waitFor();
      await view().locator('.finding').first().waitFor();
    });

    await steps.step(
      'what Flink would spoil or refuse is migrated before: the edits, the preview, and nothing left to migrate',
      async () => {
        await steps.command('View: Close All Editors');
        // A wider type, which this engine reads the old values with, and Flink refuses.
        writeFileSync(program, text.replace('t.state.map(t.string, t.int)', 't.state.map(t.string, t.long)'));
        await steps.open('clicks.pipeline.ts');
        await steps.command('Tidemark: Check Snapshot Against Pipeline for Flink…');
        await choices.filter({ hasText: 'Flink 2.3' }).first().click();
        await choices.filter({ hasText: own }).first().waitFor();
        // It is the first, and chosen; its row moves while the list opens.
        await page.keyboard.press('Enter');
        await view().locator('.finding', { hasText: 'pages' }).filter({ hasText: 'does not fit' }).first().waitFor();
        await steps.shot('6-for-flink');
        await view().getByRole('button', { name: 'Migrate the savepoint…' }).click();
        await page.locator('.tab.active', { hasText: '.tidemark-edits.jsonc' }).waitFor();
        await page.locator('.editor-instance .view-lines').first().filter({ hasText: '"migrateTo": "clicks.pipeline.ts"' }).waitFor();
        // One page at a time: the comparison is the webview that is shown.
        await page.locator('.tab', { hasText: '←' }).click({ button: 'middle' });
        await steps.command('Tidemark: Preview Snapshot Edits');
        await page.locator('.tab.active', { hasText: '↔' }).waitFor();
        await view().getByRole('button', { name: 'Write Savepoint' }).click();
        await steps.row(/-edited/).waitFor();
        await steps.shot('7-migrated');
        await page.locator('.tab', { hasText: '.tidemark-edits.jsonc' }).click();
        await steps.command('View: Revert and Close Editor');
        await page.locator('.tab', { hasText: '.tidemark-edits.jsonc' }).waitFor({ state: 'detached' });
        writeFileSync(program, text);
      },
    );

    await steps.step('a savepoint of a Flink job is examined for what will hurt later', async () => {
      await steps.command('View: Close All Editors');
      await steps.command('Tidemark: Examine Snapshot');
      await choices.filter({ hasText: 'savepoint-zoo' }).first().click();
      await page.locator('.tab.active', { hasText: /zoo/ }).waitFor();
      await view().locator('.finding', { hasText: 'v-kryo' }).filter({ hasText: 'warning' }).first().waitFor();
      await view().locator('.finding .remedy').first().waitFor();
      await shotsInThemes('8-examined');
      await view().getByRole('button', { name: 'Show everything in the savepoint' }).click();
      await page.locator('.tab:not(.active)', { hasText: 'examination' }).click({ button: 'middle' });
      await page.locator('.tab', { hasText: 'examination' }).waitFor({ state: 'detached' });
      await view().locator('.operators [aria-selected=true]', { hasText: 'everything' }).waitFor();
      await steps.shot('9-operator');
    });
  } finally {
    await context.close();
    await workbench.stop();
  }
}
