/** What UI suites do in a workbench, in a user's words. */
import { join } from 'node:path';

export class Steps {
  constructor(page, workbench, screenshots, prefix, report) {
    this.page = page;
    this.workbench = workbench;
    this.screenshots = screenshots;
    this.prefix = prefix;
    this.report = report;
    this.hasFailed = false;
  }

  /** One test. A step builds on those before it: after a failure the rest would only repeat it. */
  async step(name, work) {
    const from = Date.now();
    if (this.hasFailed) {
      this.report(name, 'not tried: a step before it failed', 0);
      return;
    }
    try {
      await work();
      this.report(name, null, Date.now() - from);
    } catch (error) {
      this.hasFailed = true;
      await this.shot(`failed-${name.replaceAll(/\W+/g, '-')}`);
      this.report(
        name,
        `${error.stack?.split('\n').slice(0, 12).join('\n') ?? String(error)}\n${this.workbench.logs()}`,
        Date.now() - from,
      );
    }
  }

  shot(name) {
    return this.page.screenshot({ path: join(this.screenshots, `${this.prefix}-${name}.png`) });
  }

  /** Runs a command from the palette by its full title. */
  async command(title) {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget input[type=text]').first();
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first().waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** Opens a file of the workspace by name. */
  async open(file) {
    await this.page.keyboard.press('Control+P');
    const input = this.page.locator('.quick-input-widget input[type=text]').first();
    await input.waitFor();
    await input.fill(file);
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: file }).first().waitFor();
    await this.page.keyboard.press('Enter');
    await this.page.locator('.tab.active', { hasText: file }).waitFor();
  }

  /** A row of a tree or list in the side bar. */
  row(text) {
    return this.page.locator('.sidebar .monaco-list-row', { hasText: text }).first();
  }

  /** Opens a row of a tree, if it is not open yet. */
  async expand(text) {
    const row = this.row(text);
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) === 'false') await row.locator('.monaco-tl-twistie').click();
  }

  /** Chooses an item of a row's context menu; of its submenus, by the way to it. */
  async menu(row, ...items) {
    await row.click({ button: 'right' });
    for (const [index, item] of items.entries()) {
      // The workbench takes a click that comes right after the menu for the end of the one that opened it: the key is always meant.
      await this.page.locator('.monaco-menu .action-item', { hasText: item }).last().hover();
      await this.page.keyboard.press(index < items.length - 1 ? 'ArrowRight' : 'Enter');
    }
  }

  /** The inside of the webview that is shown. */
  webview() {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  }
}
