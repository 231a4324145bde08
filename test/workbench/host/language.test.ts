import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { until } from './until.ts';
import { file, show } from './workspace.ts';

suite('language server', () => {
  test('CodeLens: Run, Debug and Restore above the pipeline', async () => {
    await show('clicks.pipeline.ts');
    const commands = await until('three lenses', async () => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        'vscode.executeCodeLensProvider',
        file('clicks.pipeline.ts'),
        10,
      );
      const own = lenses.map((lens) => lens.command?.command).filter((command) => command?.startsWith('tidemark.'));
      return own.length >= 3 && own;
    });
    assert.deepEqual([...new Set(commands)].sort(), ['tidemark.debug', 'tidemark.restore', 'tidemark.run']);
  });

  test('a uid that is used twice is a diagnostic at both operators or the second', async () => {
    await show('twice.pipeline.ts');
    const found = await until('a diagnostic', () => {
      const own = vscode.languages.getDiagnostics(file('twice.pipeline.ts')).filter((each) => each.source === 'tidemark');
      return own.length > 0 && own;
    });
    assert.ok(
      found.some((each) => each.message.includes('double')),
      found.map((each) => each.message).join('\n'),
    );
  });

  test('a pipeline that is right has no diagnostics of ours', async () => {
    await show('clicks.pipeline.ts');
    const own = vscode.languages.getDiagnostics(file('clicks.pipeline.ts')).filter((each) => each.source === 'tidemark');
    assert.deepEqual(own, []);
  });

  test('operators are document symbols', async () => {
    const pipeline = await until('the pipeline as a symbol', async () => {
      const uri = file('clicks.pipeline.ts');
      const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', uri);
      return symbols.find(({ name, kind }) => name === 'clicks' && kind === vscode.SymbolKind.Module);
    });
    const names = pipeline.children.map(({ name }) => name);
    assert.deepEqual(names, ['clicks', 'event-time', 'visits', 'visits-file']);
  });
});
