/** Edits to savepoints in the workbench, from the installed VSIX: gathered in a document, looked at as a comparison, written beside the original. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { Steps } from './steps.mjs';

const FIXTURE = '2.3.0-hashmap-canonical';
// What is typed is what is there.
const SETTINGS = {
  'editor.autoClosingBrackets': 'never',
  'editor.autoClosingQuotes': 'never',
  'workbench.colorTheme': 'Default Light Modern',
};
const THEMES = [
  ['dark', 'Default Dark Modern', 'vscode-dark'],
  ['hc', 'Default High Contrast', 'vscode-high-contrast'],
  ['light', 'Default Light Modern', 'vscode-light'],
];

export async function repairSuite({ server, browser, paths, report }) {
  const prepare = (folder) => {
    mkdirSync(join(folder, 'savepoints'));
    mkdirSync(join(folder, '.vscode'), { recursive: true });
    writeFileSync(join(folder, '.vscode/settings.json'), JSON.stringify(SETTINGS));
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
  const choices = page.locator('.quick-input-list .monaco-list-row');
  const menu = (row, ...items) => steps.menu(row, ...items);
  /** Rows of the tree at a level: 3 are operators, 4 states, 5 entries. */
  const rows = (level, text) =>
    page.locator(`.sidebar .monaco-list-row[aria-level="${level}"]`, text === undefined ? {} : { hasText: text });
  /** Turns the wheel over the tree until the row is there, and not at its lower end. */
  const scrolledTo = async (row) => {
    await page.locator('.sidebar .monaco-list').last().hover();
    for (let turns = 0; turns < 40; turns++) {
      const box = (await row.count()) === 0 ? null : await row.boundingBox();
      if (box !== null && box.y < 500) return row;
      await page.mouse.wheel(0, 120);
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    }
    throw new Error('The row is not in the tree.');
  };
  const collapsed = async () => {
    await page.locator('.sidebar .action-label[aria-label="Collapse All"]').first().click();
    await steps.expand('workspace/savepoints');
    await rows(2).nth(1).waitFor();
  };
  const answer = async (question, text) => {
    await page.locator('.quick-input-widget', { hasText: question }).waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
  };
  const replaceDocument = async (text) => {
    await editor().click();
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await page.keyboard.insertText(text);
    // What the editor has closed by itself.
    await page.keyboard.press('Control+Shift+End');
    await page.keyboard.press('Delete');
  };
  const counted = async (name) => {
    const label = (await view().locator('.chip', { hasText: name }).getAttribute('aria-label')) ?? '';
    return Number(label.replaceAll(/\D/g, ''));
  };

  try {
    await steps.step('the uid of an operator is renamed from the tree: the edit is in a document', async () => {
      await page.goto(workbench.url());
      await page.locator('.monaco-workbench .part.statusbar').waitFor();
      await page.locator('.activitybar .action-item a[aria-label^="Tidemark"]').click();
      await steps.expand('savepoint-zoo');
      const row = page.locator('.sidebar .monaco-list-row', { hasText: 'parallelism' }).first();
      await row.waitFor();
      await menu(row, 'Rename uid…');
      await answer('New uid of', 'renamed-operator');
      await page.locator('.tab.active', { hasText: 'savepoint-zoo.tidemark-edits.jsonc' }).waitFor();
      await editor().filter({ hasText: 'renamed-operator' }).waitFor();
      await page.locator('.codelens-decoration', { hasText: 'Preview' }).waitFor();
      await steps.shot('1-document');
    });

    await steps.step('the preview shows that difference and no other; nothing is in its place yet', async () => {
      await steps.command('Tidemark: Preview Snapshot Edits');
      await page.locator('.tab.active', { hasText: 'savepoint-zoo ↔ savepoint-zoo-edited' }).waitFor();
      await view()
        .locator('.summary .caption', { hasText: /^Entries$/ })
        .waitFor();
      for (const name of ['Added', 'Removed', 'Changed']) assert.equal(await counted(name), 0, name);
      await view().locator('.states .operator-line', { hasText: 'renamed-operator' }).waitFor();
      assert.deepEqual(listed(), ['savepoint-zoo']);
      await steps.shot('2-preview');
    });

    await steps.step('it is written beside the original, which stays byte for byte, and listed', async () => {
      await view().getByRole('button', { name: 'Write Savepoint' }).click();
      await steps.row('savepoint-zoo-edited').waitFor();
      await steps.shot('3-written');
      assert.deepEqual(listed(), ['savepoint-zoo', 'savepoint-zoo-edited']);
      assert.ok(existsSync(join(folder, 'savepoint-zoo-edited/_metadata')));
      assert.equal(contentOf(join(folder, 'savepoint-zoo')), before);
      assert.equal(existsSync(join(folder, '.tidemark-previews')), false);
      // What was only to be looked at is gone, and with it its page.
      await page.locator('.tab', { hasText: '↔' }).waitFor({ state: 'detached' });
    });

    await steps.step(
      'operators and states are dropped, max parallelism is changed, values are set and entries deleted from the tree',
      async () => {
        await steps.expand('savepoint-zoo-edited');
        await rows(3, 'renamed-operator').first().waitFor();
        await steps.expand('key-row');
        await rows(4, 'count').first().waitFor();
        // A document of its own for what is edited now. The first rows do not move when the tree scrolls.
        await menu(rows(4, 'map').first(), 'Drop State…');
        await page.locator('.tab.active', { hasText: 'savepoint-zoo-edited.tidemark-edits.jsonc' }).waitFor();
        await editor().filter({ hasText: 'dropState' }).waitFor();
        await menu(rows(3, 'raw-state').first(), 'Drop Operator…');
        await editor().filter({ hasText: 'dropOperator' }).waitFor();
        await menu(rows(3, 'key-localdate').first(), 'Change Max Parallelism…');
        await answer('New max parallelism of', '64');
        await editor().filter({ hasText: 'maxParallelism' }).waitFor();
        await rows(4, 'count').first().locator('.monaco-tl-twistie').click();
        await rows(5).nth(1).waitFor();
        await menu(rows(5).nth(0), 'Set Value…');
        await editor().filter({ hasText: '"set"' }).waitFor();
        await steps.shot('4-set');
        // The number is selected, to be typed over.
        await page.keyboard.type('4242');
        await editor().filter({ hasText: '"$long":"4242"' }).waitFor();
        await menu(rows(5).nth(1), 'Delete Entry');
        await editor().filter({ hasText: '"delete"' }).waitFor();
        await steps.shot('4-gestures');
        assert.equal(await page.locator('.squiggly-error').count(), 0);
      },
    );

    await steps.step('the preview shows all of that, in every theme', async () => {
      await steps.command('Tidemark: Preview Snapshot Edits');
      await page.locator('.tab.active', { hasText: 'savepoint-zoo-edited ↔ savepoint-zoo-edited-edited' }).waitFor();
      await view()
        .locator('.summary .caption', { hasText: /^Entries$/ })
        .waitFor();
      assert.equal(await counted('Changed'), 1);
      assert.equal(await counted('Added'), 0);
      assert.ok((await counted('Removed')) > 40, 'an operator, a state and an entry');
      for (const [suffix, theme, look] of THEMES) {
        writeFileSync(join(workbench.workspace, '.vscode/settings.json'), JSON.stringify({ ...SETTINGS, 'workbench.colorTheme': theme }));
        await view().locator(`body.${look}`).waitFor();
        await steps.shot(`5-preview-${suffix}`);
      }
      await view().getByRole('button', { name: 'Discard the preview' }).click();
      await page.locator('.tab', { hasText: '↔' }).waitFor({ state: 'detached' });
      assert.equal(existsSync(join(folder, '.tidemark-previews')), false);
      assert.deepEqual(listed(), ['savepoint-zoo', 'savepoint-zoo-edited']);
    });

    await steps.step('elements of operator state are set and deleted from the tree', async () => {
      await collapsed();
      await rows(2, 'savepoint-zoo').last().locator('.monaco-tl-twistie').click();
      await rows(3).first().waitFor();
      await (await scrolledTo(rows(3, 'op-state').first())).locator('.monaco-tl-twistie').click();
      await (await scrolledTo(rows(4, /op-list\s*list: long/).first())).locator('.monaco-tl-twistie').click();
      await rows(5).nth(1).waitFor();
      await menu(await scrolledTo(rows(5).nth(0)), 'Set Value…');
      await page.locator('.tab.active', { hasText: 'savepoint-zoo.tidemark-edits.jsonc' }).waitFor();
      await editor().filter({ hasText: '"subtask": 0' }).waitFor();
      await page.locator('.statusbar', { hasText: '3 selected' }).waitFor();
      await page.keyboard.type('4242');
      await editor().filter({ hasText: '"$long":"4242"' }).waitFor();
      await menu(rows(5).nth(1), 'Delete Entry');
      await editor().filter({ hasText: '"index": 1' }).waitFor();
      await steps.shot('11-elements');
      assert.equal(await page.locator('.squiggly-error').count(), 0);
      // An index that is not there is said where it is.
      await page.keyboard.press('Control+End');
      await replaceDocument(
        JSON.stringify({
          savepoint: 'savepoints/savepoint-zoo',
          edits: [{ edit: 'delete', operator: 'op-state', state: 'op-list', index: 4242 }],
        }),
      );
      await page.locator('.squiggly-error').first().waitFor();
      await steps.command('View: Focus Problems');
      await page.locator('.markers-panel .monaco-list-row', { hasText: 'there is no element 4242' }).first().waitFor();
      await steps.shot('11-no-element');
      await steps.command('View: Toggle Panel Visibility');
    });

    await steps.step('a savepoint is redacted by rules that are made for it, and shows what was done', async () => {
      await collapsed();
      await menu(rows(2, 'savepoint-zoo').last(), 'Edit and Write', 'Redact Snapshot…');
      await choices.filter({ hasText: 'New rules' }).first().click();
      await page.locator('.tab.active', { hasText: 'savepoint-zoo.redaction.jsonc' }).waitFor();
      await editor().filter({ hasText: 'Rules of a redaction' }).waitFor();
      await steps.shot('12-rules');
      // What nobody can read has to be decided: that is said at the rules.
      await menu(rows(2, 'savepoint-zoo').last(), 'Edit and Write', 'Redact Snapshot…');
      await choices.filter({ hasText: 'savepoint-zoo.redaction.jsonc' }).first().click();
      await page.locator('.notification-toast', { hasText: 'is refused by rule' }).first().waitFor();
      await page.locator('.squiggly-error').first().waitFor();
      await steps.shot('12-refused');
      await replaceDocument(
        JSON.stringify({
          rules: [
            { type: 'opaque', action: 'keep' },
            { operator: 'everything', field: 'key', action: 'hash' },
          ],
        }),
      );
      await menu(rows(2, 'savepoint-zoo').last(), 'Edit and Write', 'Redact Snapshot…');
      await choices.filter({ hasText: 'savepoint-zoo.redaction.jsonc' }).first().click();
      await page.locator('.quick-input-widget', { hasText: 'Salt of the hashes' }).waitFor();
      assert.equal(await page.locator('.quick-input-widget input').first().getAttribute('type'), 'password');
      await steps.shot('12-salt');
      await answer('Salt of the hashes', 'a salt that is long enough');
      await page.locator('.quick-input-widget', { hasText: 'Folder of the redacted savepoint' }).waitFor();
      await page.keyboard.press('Enter');
      await page.locator('.tab.active', { hasText: 'redaction.json' }).waitFor();
      await steps.row('savepoint-zoo-redacted').waitFor();
      await page.locator('.notification-toast', { hasText: 'values redacted' }).waitFor();
      await steps.shot('12-redacted');
      const report = JSON.parse(readFileSync(join(folder, 'savepoint-zoo-redacted/redaction.json'), 'utf8'));
      assert.equal(report.operators.find(({ label }) => label === 'everything').outcome, 'redacted');
      assert.equal(contentOf(join(folder, 'savepoint-zoo')), before);
    });

    await steps.step('it is converted for an older Flink, and two are merged', async () => {
      await menu(rows(2, 'savepoint-zoo-edited').first(), 'Edit and Write', 'Convert Snapshot to Canonical…');
      await choices.filter({ hasText: 'Flink 1.16 and later' }).first().click();
      await editor().filter({ hasText: '"metadataVersion": 4' }).waitFor();
      await menu(rows(2, 'savepoint-zoo-edited').first(), 'Edit and Write', 'Split Snapshot by Keys…');
      await answer('Keep the state of which keys?', 'key > 10');
      await editor().filter({ hasText: '"where": "key > 10"' }).waitFor();
      await page.locator('.sidebar .action-label[aria-label="Collapse All"]').first().click();
      await steps.expand('workspace/savepoints');
      // A click opens a row: the lower one first, so that both stay in view.
      await rows(2).nth(1).click();
      await rows(2)
        .nth(0)
        .click({ modifiers: ['Control'] });
      await menu(rows(2).nth(0), 'Edit and Write', 'Merge Snapshots…');
      await page.locator('.tab.active', { hasText: '-merged.tidemark-edits.jsonc' }).waitFor();
      await editor().filter({ hasText: 'onConflict' }).waitFor();
      await steps.shot('6-merge');
    });

    await steps.step('a savepoint is packed into one file, sealed with a passphrase', async () => {
      await collapsed();
      await menu(rows(2, 'savepoint-zoo').last(), 'Edit and Write', 'Pack Snapshot into One File…');
      await choices.filter({ hasText: 'Sealed with a passphrase' }).first().waitFor();
      await steps.shot('9-pack');
      await choices.filter({ hasText: 'Sealed with a passphrase' }).first().click();
      await answer('New passphrase of the archive', 'correct horse');
      await answer('Confirm the passphrase', 'correct horse');
      // The dialog proposes a name that ends as sealed archives do.
      await page.locator('.quick-input-widget', { hasText: 'Pack savepoint-zoo into' }).waitFor();
      // What is typed there is completed by what it has listed meanwhile: the name that it proposes is taken.
      await choices.filter({ hasText: 'clicks.pipeline.ts' }).first().waitFor();
      await page.keyboard.press('Enter');
      await page.locator('.notification-toast', { hasText: 'is sealed in savepoint-zoo.tar.age' }).waitFor();
      await steps.shot('9-packed');
      assert.equal(readFileSync(join(workbench.workspace, 'savepoint-zoo.tar.age'), 'latin1').slice(0, 21), 'age-encryption.org/v1');
    });

    await steps.step('a document names a module that knows the hash of keys', async () => {
      const ran = join(workbench.workspace, 'hashed.txt');
      writeFileSync(
        join(workbench.workspace, 'hash.mjs'),
        `import { writeFileSync } from 'node:fs';
        writeFileSync(${JSON.stringify(ran)}, String(process.pid));
        export default ({ $long }) => Number(BigInt.asIntN(32, BigInt($long) ^ (BigInt($long) >> 32n)));`,
      );
      await page.locator('.tab', { hasText: 'savepoint-zoo.tidemark-edits' }).click();
      const edits = [
        { edit: 'keep', operator: 'key-long' },
        { edit: 'maxParallelism', value: 64 },
      ];
      await replaceDocument(
        JSON.stringify({ savepoint: 'savepoints/savepoint-zoo', target: 'savepoints/hashed', keyHash: 'hash.mjs', edits }),
      );
      await steps.command('Tidemark: Write Edited Snapshot');
      await page.locator('.notification-toast', { hasText: 'hashed is written' }).waitFor();
      assert.ok(existsSync(join(folder, 'hashed/_metadata')));
      assert.ok(existsSync(ran), 'the module ran');
    });

    await steps.step('a write that takes long is cancelled, and nothing is left of it', async () => {
      await page.locator('.tab', { hasText: 'savepoint-zoo.tidemark-edits' }).click();
      const many = Array.from({ length: 200 }, () => 'savepoints/savepoint-zoo');
      await replaceDocument(JSON.stringify({ savepoint: many, target: 'savepoints/cancelled', onConflict: 'first', edits: [] }));
      await steps.command('Tidemark: Write Edited Snapshot');
      const toast = page.locator('.notification-toast', { hasText: 'Writing cancelled' });
      await toast.getByRole('button', { name: 'Cancel' }).click();
      await toast.waitFor({ state: 'detached' });
      await steps.shot('10-cancelled');
      assert.deepEqual(
        listed().filter((name) => name.includes('cancelled')),
        [],
      );
    });

    await steps.step('a wrong plan is underlined with what is wrong, and is not written', async () => {
      await page.locator('.tab', { hasText: 'savepoint-zoo.tidemark-edits' }).click();
      await replaceDocument(
        JSON.stringify({ savepoint: 'savepoints/savepoint-zoo', edits: [{ edit: 'dropOperator', operator: 'nobody' }] }),
      );
      await page.locator('.squiggly-error').first().waitFor();
      await steps.command('View: Focus Problems');
      await page.locator('.markers-panel .monaco-list-row', { hasText: 'There is no operator "nobody"' }).first().waitFor();
      await steps.shot('7-wrong');
      const count = listed().length;
      await steps.command('Tidemark: Write Edited Snapshot');
      await page.locator('.notification-toast', { hasText: 'The savepoint could not be written' }).first().waitFor();
      assert.equal(listed().length, count);
    });

    await steps.step('names of operators are completed where one is written', async () => {
      const text = JSON.stringify({ savepoint: 'savepoints/savepoint-zoo', edits: [{ edit: 'dropOperator', operator: '' }] });
      await replaceDocument(text);
      for (let i = 0; i < '"}]}'.length; i++) await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('Control+Space');
      await page.locator('.suggest-widget .monaco-list-row', { hasText: 'key-' }).first().waitFor();
      await steps.shot('8-completion');
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
