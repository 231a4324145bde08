import * as vscode from 'vscode';
import { activePipeline } from './pipelines.ts';

/**
 * F5 in a pipeline starts it when no launch configuration exists. Without this, VS Code would ask which of all debuggers for
 * TypeScript to use. Where there is a launch.json, F5 is left alone. The manifest's `when` looks at the file's name itself, so that
 * the key works before the extension has been activated.
 */
export function watchLaunchKey(): vscode.Disposable {
  const update = (): void => {
    const pipeline = activePipeline();
    const configurations = vscode.workspace.getConfiguration('launch', pipeline ?? null).get<unknown[]>('configurations', []);
    void vscode.commands.executeCommand('setContext', 'tidemark.hasLaunchConfigurations', configurations.length > 0);
  };
  update();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(update),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('launch')) update();
    }),
  );
}
