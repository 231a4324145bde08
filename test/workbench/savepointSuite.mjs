/** The savepoint editor in the workbench, from the installed VSIX: a savepoint that Flink wrote, opened, read, searched and exported. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { Steps } from './steps.mjs';

const FIXTURE = '2.3.0-hashmap-canonical';
const PASSPHRASE = 'correct horse battery staple';

export async function savepointSuite({ server, browser, paths, report }) {
  const prepare = (folder) => {
    const archive = join(paths.root, `engine/test/fixtures/snapshots/${FIXTURE}.tar.gz`);
    mkdirSync(join(folder, 'savepoints'));
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', join(folder, 'savepoints')], { encoding: 'utf8' });
    if (unpacked.status !== 0) throw new Error(`The fixture could not be unpacked: ${unpacked.stderr}`);
    renameSync(join(folder, 'savepoints', FIXTURE), join(folder, 'savepoints/savepoint-zoo'));
    const cli = join(paths.root, 'bin/tidemark.js');
    writeFileSync(join(folder, 'passphrase'), `${PASSPHRASE}\n`);
    const args = ['pack', 'savepoints/savepoint-zoo', '--out', 'sealed.tar.age', '--encrypt', '--new-passphrase-file', 'passphrase'];
    const packed = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' });
    if (packed.status !== 0) throw new Error(`The fixture could not be packed: ${packed.stderr}`);
  };
  const workbench = await startCodeServer(server, { workspace: paths.workspace, prepare, vsix: paths.vsix });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const steps = new Steps(page, workbench, paths.screenshots, 'savepoint-editor', report);
  const view = () => steps.webview();
  const explorer = (text) => page.locator('.explorer-folders-view .monaco-list-row', { hasText: text }).first();
  const results = () => view().locator('.entries tbody tr');
  const focused = (attribute, around = '*') =>
    view()
      .locator('body')
      .evaluate(
        (body, [name, selector]) => body.ownerDocument.activeElement?.closest(selector)?.getAttribute(name) ?? null,
        [attribute, around],
      );

  try {
    await steps.step('a _metadata file opens in the savepoint editor by double click', async () => {
      await page.goto(workbench.url());
      await page.locator('.monaco-workbench .part.statusbar').waitFor();
      // Before the workbench knows the extension, it opens the file as text.
      await page.locator('.activitybar .action-item a[aria-label^="Tidemark"]').waitFor();
      await explorer('savepoints').click();
      await explorer('_metadata')
        .waitFor({ timeout: 10_000 })
        .catch(() => explorer('savepoint-zoo').click());
      await explorer('_metadata').dblclick();
      await view().getByRole('heading', { name: 'savepoint-zoo' }).waitFor();
    });

    await steps.step('it says what the snapshot is, and that its files are complete', async () => {
      await view().getByText('files complete').waitFor();
      await view().getByText('canonical, metadata v6').waitFor();
      assert.ok((await view().locator('.operators .line[data-index]').count()) > 5);
    });

    await steps.step('all entries are read by themselves: counts, keys, sizes and key groups appear', async () => {
      await view().locator('dt', { hasText: 'Keyed entries' }).waitFor();
      await view().locator('.keys tr').first().waitFor();
      await view().locator('section[aria-label="Entry size"] rect.bar').first().waitFor();
      assert.equal(await view().locator('.reading').isVisible(), false);
      assert.ok((await view().locator('rect[data-group]').count()) >= 16);
      await results().first().waitFor();
      await steps.shot('1-overview');
    });

    await steps.step('arrow keys move through operators, F6 through regions', async () => {
      const selected = view().locator('.operators .line[aria-selected=true]');
      const before = await selected.getAttribute('id');
      await selected.click();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowUp');
      assert.equal(await selected.getAttribute('id'), before);
      const region = () => focused('aria-label', 'header, section, [role=search]');
      assert.equal(await region(), 'Operators');
      await page.keyboard.press('F6');
      assert.equal(await region(), 'Key groups');
      await page.keyboard.press('ArrowRight');
      assert.equal(await focused('data-group'), '1');
      await page.keyboard.press('Shift+F6');
      assert.equal(await region(), 'Operators');
    });

    await steps.step('a search by expression finds entries, a wrong one says what is wrong, Escape shows all', async () => {
      await results().first().waitFor();
      const group = await results().first().locator('td').first().innerText();
      await view().getByRole('button', { name: 'Expression' }).click();
      await page.keyboard.type(`keyGroup == ${group}`);
      await page.keyboard.press('Enter');
      await view().getByRole('heading', { name: 'Results' }).waitFor();
      await results().first().waitFor();
      const groups = new Set(await results().locator('td:first-child').allInnerTexts());
      assert.deepEqual([...groups], [group]);
      await steps.shot('2-search');
      await page.keyboard.press('Control+A');
      await page.keyboard.type('value >');
      await page.keyboard.press('Enter');
      await view().getByText('The entries could not be read').waitFor();
      await page.keyboard.press('Escape');
      await view().getByRole('heading', { name: 'Entries' }).waitFor();
    });

    await steps.step('the largest key is looked up by Enter', async () => {
      const key = view().locator('.keys tr').first();
      const text = await key.locator('td').first().innerText();
      await key.focus();
      await page.keyboard.press('Enter');
      await view().getByRole('heading', { name: 'Results' }).waitFor();
      await results().first().waitFor();
      assert.deepEqual([...new Set(await results().locator('td:nth-child(2)').allInnerTexts())], [text]);
    });

    await steps.step('results are exported to a file', async () => {
      const found = await results().count();
      await view().getByRole('button', { name: 'Export results…' }).click();
      await page.locator('.quick-input-list .monaco-list-row', { hasText: 'CSV' }).first().click();
      const target = join(workbench.workspace, 'found.csv');
      // The dialog for files comes in the place of the list of forms, with a name in it.
      await page.waitForFunction(() =>
        [...document.querySelectorAll('.quick-input-widget input')].some((input) => input.value.endsWith('.csv')),
      );
      await page.locator('.quick-input-widget input[type=text]').first().fill(target);
      await page.keyboard.press('Enter');
      await page.locator('.notification-toast', { hasText: /entr(y is|ies are) in/ }).waitFor();
      assert.ok(existsSync(target));
      const lines = readFileSync(target, 'utf8').trimEnd().split('\r\n');
      assert.equal(lines.length, found + 1, lines.join('\n'));
      await steps.shot('3-exported');
    });

    await steps.step('an entry opens as JSON by Enter', async () => {
      await results().first().focus();
      await page.keyboard.press('Enter');
      await page.locator('.tab.active', { hasText: '.json' }).waitFor();
      await page.locator('.editor-instance .view-lines', { hasText: '"keyGroup"' }).first().waitFor();
      await steps.shot('4-entry');
    });

    await steps.step('the Savepoints view opens it too', async () => {
      await steps.command('View: Close All Editors');
      await page.locator('.activitybar .action-item a[aria-label^="Tidemark"]').click();
      const row = steps.row('savepoint-zoo');
      await row.waitFor();
      await steps.menu(row, 'Open in Snapshot Editor');
      await view().getByRole('heading', { name: 'savepoint-zoo' }).waitFor();
      await results().first().waitFor();
    });

    await steps.step('a sealed archive opens in it with its passphrase', async () => {
      await steps.command('View: Close All Editors');
      await steps.command('Tidemark: Open in Snapshot Editor');
      const dialog = page.locator('.quick-input-widget', { hasText: 'Open a savepoint or checkpoint' });
      // It lists a folder of its own choice before it hears of another.
      await dialog.locator('.monaco-list-row', { hasText: '..' }).first().waitFor();
      await dialog.locator('input[type=text]').fill(join(workbench.workspace, 'sealed.tar.age'));
      await dialog.locator('.monaco-list-row', { hasText: 'sealed.tar.age' }).first().waitFor();
      await page.keyboard.press('Enter');
      await page.locator('.quick-input-widget', { hasText: 'Passphrase of the sealed archive' }).waitFor();
      await page.keyboard.type(PASSPHRASE);
      await page.keyboard.press('Enter');
      await view().getByRole('heading', { name: 'savepoint-zoo' }).waitFor();
      await results().first().waitFor();
      await steps.shot('5-sealed');
    });
  } finally {
    await context.close();
    await workbench.stop();
  }
}
