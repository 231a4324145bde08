/** The first journey of a new user, in the workbench, from the installed VSIX: run, pause, look, savepoint, stop, restore. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { Steps } from './steps.mjs';

/** How a savepoint of a run is listed: by its time, and with its age and size in sight. */
const OWN = /\d\d:\d\d savepoint \d+/;

/** A type error that is the reason why it fails, too. */
const WRONG = `import { pipeline, t } from 'tidemark';
import { discard, generator } from 'tidemark/connectors';

const Word = t.record('Word', { text: t.string, n: t.int });

export default pipeline('wrong', { restart: { kind: 'none' } }, (p) => {
  p.source('words', generator({ type: Word, rate: 100, next: (n) => ({ text: 'a', n }) }))
    .map('lengths', t.int, (word) => word.nothing.length)
    .sink('out', discard());
});
`;

export async function uiSuite({ server, browser, paths, prepare, report }) {
  const workbench = await startCodeServer(server, { workspace: paths.workspace, prepare, vsix: paths.vsix });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const steps = new Steps(page, workbench, paths.screenshots, 'workbench', report);
  const savepoints = join(workbench.workspace, '.tidemark/clicks/savepoints');
  const taken = () =>
    existsSync(savepoints) ? readdirSync(savepoints).filter((name) => existsSync(join(savepoints, name, '_metadata'))) : [];
  const pick = (text) => page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
  const statusItem = page.locator('.statusbar-item', { hasText: /clicks: / });

  try {
    await steps.step('the workbench shows the workspace', async () => {
      await page.goto(workbench.url());
      await page.locator('.monaco-workbench .part.statusbar').waitFor();
      await page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'clicks.pipeline.ts' }).waitFor();
    });

    await steps.step('the Savepoints view says what to do when there are none', async () => {
      await page.locator('.activitybar .action-item a[aria-label^="Tidemark"]').click();
      await page.locator('.sidebar .welcome-view', { hasText: 'No savepoints yet' }).waitFor();
      await steps.shot('1-welcome');
    });

    await steps.step('a pipeline has code lenses', async () => {
      await steps.open('clicks.pipeline.ts');
      await page.locator('.codelens-decoration', { hasText: 'Debug' }).first().waitFor();
    });

    await steps.step('F5 without launch.json: records flow, the dataflow view opens by itself', async () => {
      await page.keyboard.press('Control+Shift+D');
      await page.locator('.editor-instance .view-lines').first().click();
      await page.keyboard.press('F5');
      await page.locator('.debug-toolbar').waitFor();
      await statusItem.filter({ hasText: 'records' }).waitFor();
      for (const uid of ['clicks', 'event-time', 'visits', 'visits-file'])
        await steps.webview().getByText(uid, { exact: true }).first().waitFor();
      await steps.shot('2-running');
    });

    await steps.step('pause: operators are the call stack; record, key and state are variables', async () => {
      await page.locator('.debug-toolbar .codicon-debug-pause').click();
      await page.locator('.debug-call-stack .monaco-list-row', { hasText: 'clicks' }).first().waitFor();
      await page.locator('.debug-variables .monaco-list-row', { hasText: 'Record' }).waitFor();
      await page.locator('.debug-top-stack-frame-line, .debug-top-stack-frame-column').first().waitFor({ state: 'attached' });
      await steps.shot('3-paused');
    });

    await steps.step('a savepoint is taken while it is paused, and the tree shows it', async () => {
      await steps.command('Tidemark: Take Savepoint');
      await page.locator('.activitybar .action-item a[aria-label^="Tidemark"]').click();
      await steps.row(OWN).waitFor();
      assert.match(await steps.row(OWN).innerText(), /\d\d:\d\d savepoint \d+\s*\d+ s ago · [\d.]+ [KM]?B · clicks/);
      assert.equal(taken().length, 1);
    });

    await steps.step('the menu of a savepoint has at most nine items of one level', async () => {
      await steps.row(OWN).click({ button: 'right' });
      await page.locator('.monaco-menu .action-item', { hasText: 'Run from this Snapshot' }).waitFor();
      const items = await page.locator('.monaco-menu .action-item:not(.disabled)').allInnerTexts();
      assert.ok(items.length >= 6 && items.length <= 9, items.join(', '));
      await steps.shot('4-menu');
      await page.keyboard.press('Escape');
    });

    await steps.step('the tree leads down to the values of a key', async () => {
      await steps.expand(OWN);
      await steps.expand(/^visits(?!-)/);
      await steps.expand('count');
      await steps.row(/user-\d+/).waitFor();
      await steps.shot('4-savepoint');
    });

    await steps.step('stop with savepoint ends the run', async () => {
      await steps.command('Tidemark: Stop with Savepoint');
      await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
      assert.equal(taken().length, 2);
    });

    await steps.step('restore: the picker shows both, newest first, and the run goes on', async () => {
      await steps.open('clicks.pipeline.ts');
      await steps.command('Tidemark: Restore Pipeline from Savepoint');
      await pick(OWN).waitFor();
      await steps.shot('5-picker');
      await page.keyboard.press('Enter');
      await page.locator('.debug-toolbar').waitFor();
      await statusItem.filter({ hasText: 'records' }).waitFor();
      await steps.shot('6-restored');
      await page.keyboard.press('Shift+F5');
      await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    });

    await steps.step('deleting asks first', async () => {
      await steps.command('Focus on Savepoints View');
      await steps.menu(steps.row(OWN), 'Delete Snapshot');
      await page.locator('.monaco-dialog-box', { hasText: 'The state in it is lost' }).waitFor();
      await steps.shot('7-delete');
      await page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Cancel' }).click();
      assert.equal(taken().length, 2);
    });

    await steps.step('F5 warns of type errors; run anyway, the failed operator is red and the status bar says so', async () => {
      writeFileSync(join(workbench.workspace, 'wrong.pipeline.ts'), WRONG);
      await steps.open('wrong.pipeline.ts');
      await page.locator('.editor-instance .view-lines', { hasText: "pipeline('wrong'" }).first().click();
      await page.keyboard.press('F5');
      const dialog = page.locator('.monaco-dialog-box', { hasText: 'wrong.pipeline.ts has a type error' });
      await dialog.waitFor();
      await steps.shot('8-type-error');
      await dialog.locator('.monaco-button', { hasText: 'Run Anyway' }).click();
      await page.locator('.statusbar-item', { hasText: /wrong: failed/ }).waitFor();
      await steps.webview().locator('.failed').first().waitFor();
      await steps.shot('9-failed');
      await page.keyboard.press('Shift+F5');
      await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    });
  } finally {
    await context.close();
    await workbench.stop();
  }
}
