/** A workspace of two folders that both have an `orders.pipeline.ts`, and a run whose window is reloaded. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { Steps } from './steps.mjs';

const FOLDERS = ['north', 'south'];
const WORKSPACE = 'two.code-workspace';

export async function rootsSuite({ server, browser, paths, prepare, report }) {
  const withFolders = (workspace) => {
    const pipeline = readFileSync(join(workspace, 'clicks.pipeline.ts'), 'utf8').replace("pipeline('clicks'", "pipeline('orders'");
    for (const name of FOLDERS) {
      const folder = join(workspace, name);
      mkdirSync(folder);
      for (const file of ['package.json', 'tsconfig.json']) cpSync(join(workspace, file), join(folder, file));
      writeFileSync(join(folder, 'orders.pipeline.ts'), pipeline);
      prepare(folder);
    }
    renameSync(join(workspace, 'clicks.pipeline.ts'), join(workspace, 'clicks.ts'));
    writeFileSync(join(workspace, WORKSPACE), JSON.stringify({ folders: FOLDERS.map((path) => ({ path })) }));
  };
  const workbench = await startCodeServer(server, { workspace: paths.workspace, prepare: withFolders, vsix: paths.vsix });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const steps = new Steps(page, workbench, paths.screenshots, 'roots', report);
  const statusItem = (folder) => page.locator('.statusbar-item', { hasText: `orders (${folder}): ` });
  const open = async (folder) => {
    await page.keyboard.press('Control+P');
    const input = page.locator('.quick-input-widget input[type=text]').first();
    await input.waitFor();
    await input.fill(`${folder}/orders.pipeline.ts`);
    await page.locator('.quick-input-list .monaco-list-row', { hasText: folder }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.tab.active', { hasText: 'orders.pipeline.ts' }).waitFor();
  };

  try {
    await steps.step('the workbench shows both folders', async () => {
      await page.goto(workbench.urlOfWorkspace(WORKSPACE));
      await page.locator('.monaco-workbench .part.statusbar').waitFor();
      for (const name of FOLDERS) await page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).waitFor();
    });

    for (const folder of FOLDERS) {
      await steps.step(`the pipeline of ${folder} runs under its folder's name, and leaves a savepoint`, async () => {
        await open(folder);
        // The key belongs to the extension once it has been activated.
        await page.locator('.codelens-decoration', { hasText: 'Debug' }).first().waitFor();
        await page.locator('.editor-instance .view-lines').first().click();
        await page.keyboard.press('F5');
        await statusItem(folder).filter({ hasText: 'records' }).waitFor();
        await page.locator('.tab', { hasText: `Dataflow: orders (${folder})` }).waitFor();
        await steps.shot(`1-${folder}`);
        await steps.command('Tidemark: Stop with Savepoint');
        await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
      });
    }

    await steps.step('the Savepoints view has both apart', async () => {
      await page.locator('.activitybar .action-item a[aria-label^="Tidemark"]').click();
      for (const folder of FOLDERS) await steps.row(new RegExp(`^orders \\(.*${folder}\\)`)).waitFor();
      await steps.shot('2-savepoints');
    });

    await steps.step('a reload of the window interrupts the run, and the next window goes on from its last checkpoint', async () => {
      await open('south');
      await steps.command('Tidemark: Restore Pipeline from Savepoint');
      await page.locator('.quick-input-list .monaco-list-row', { hasText: 'orders (south)' }).first().waitFor();
      await page.keyboard.press('Enter');
      await statusItem('south').filter({ hasText: 'records' }).waitFor();
      await page.reload();
      const toast = page.locator('.notification-toast', { hasText: 'orders (south) was running' });
      await toast.waitFor();
      assert.match(await toast.innerText(), /Go on from checkpoint \d+/);
      await steps.shot('3-interrupted');
      await toast.locator('.monaco-button', { hasText: 'Go On' }).click();
      await statusItem('south').filter({ hasText: 'records' }).waitFor();
      await steps.shot('4-went-on');
      await page.keyboard.press('Shift+F5');
      await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    });
  } finally {
    await context.close();
    await workbench.stop();
  }
}
