import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { until } from './until.ts';
import { workspaceFolder } from './workspace.ts';

function errorsOf(uri: vscode.Uri): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter((each) => each.severity === vscode.DiagnosticSeverity.Error);
}

suite('new pipelines', () => {
  test('New Pipeline makes a project that type-checks and runs to its end, offline', async () => {
    const folder = join(workspaceFolder(), 'totals');
    const program = await vscode.commands.executeCommand<string>('tidemark.newPipeline', { folder, name: 'totals' });
    assert.equal(program, join(folder, 'totals.pipeline.ts'));
    const uri = vscode.Uri.file(program);
    await vscode.window.showTextDocument(uri);
    // TypeScript's own answer that it has read the project: a hover with the package's type.
    const text = await until('the type of the import', async () => {
      const line = readFileSync(program, 'utf8')
        .split('\n')
        .findIndex((each) => each.startsWith('export default pipeline('));
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        uri,
        new vscode.Position(line, 17),
      );
      const shown = hovers.flatMap((hover) => hover.contents.map((content) => (content as vscode.MarkdownString).value)).join('\n');
      return shown.includes('PipelineModule') && shown;
    });
    assert.doesNotMatch(text, /: any/);
    assert.deepEqual(
      errorsOf(uri).map((each) => each.message),
      [],
    );
    const ended = new Promise<void>((resolve) => {
      const listener = vscode.debug.onDidTerminateDebugSession((session) => {
        if (session.type !== 'tidemark') return;
        listener.dispose();
        resolve();
      });
    });
    await vscode.commands.executeCommand('tidemark.run', uri);
    await ended;
    const lines = readFileSync(join(folder, 'out/totals.jsonl'), 'utf8').trim().split('\n');
    assert.equal(lines.length, 400);
  });

  test('a lone pipeline gets the package from the command that the quick fix calls', async () => {
    const folder = join(workspaceFolder(), 'lone');
    await mkdir(folder);
    const path = join(folder, 'lone.pipeline.ts');
    writeFileSync(join(folder, 'package.json'), '{ "name": "lone", "private": true, "type": "module" }\n');
    writeFileSync(path, "import { pipeline } from 'tidemark';\nexport default pipeline('lone', () => {});\n");
    await vscode.commands.executeCommand('tidemark.addPackage', vscode.Uri.file(path).toString());
    assert.ok(existsSync(join(folder, 'node_modules/tidemark/index.d.ts')));
    assert.equal(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies.tidemark, 'file:vendor/tidemark');
  });

  test('the flights example is copied whole', async () => {
    const folder = join(workspaceFolder(), 'flights');
    const program = await vscode.commands.executeCommand<string | undefined>('tidemark.openExample', { folder });
    assert.ok(program?.endsWith('.pipeline.ts'), program);
    assert.ok(existsSync(join(folder, 'node_modules/tidemark/index.js')));
  });
});
