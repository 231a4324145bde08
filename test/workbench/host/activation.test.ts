import assert from 'node:assert/strict';
import * as vscode from 'vscode';

suite('activation', () => {
  test('a workspace with pipelines activates the extension, and every command of the manifest exists', async () => {
    const extension = vscode.extensions.getExtension('tidemark.tidemark');
    assert.ok(extension, 'the extension is not installed');
    await extension.activate();
    const { contributes } = extension.packageJSON as { contributes: { commands: { command: string }[] } };
    const known = new Set(await vscode.commands.getCommands(true));
    const missing = contributes.commands.map(({ command }) => command).filter((command) => !known.has(command));
    assert.deepEqual(missing, []);
  });

  test('every text of the manifest is there', () => {
    const manifest = JSON.stringify(vscode.extensions.getExtension('tidemark.tidemark')?.packageJSON);
    assert.doesNotMatch(manifest, /"%[\w.]+%"/);
  });
});
