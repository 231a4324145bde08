import * as vscode from 'vscode';
import { activePipeline } from './pipelines.ts';

/**
 * F5 in a pipeline starts it when no launch configuration exists. Without this, VS Code would ask which of all debuggers for
 * TypeScript to use. Where there is a launch.json, F5 is left alone.
 */
export function watchLaunchKey(): vscode.Disposable {
  const update = (): void => {
    const pipeline = activePipeline();
    const configurations = vscode.workspace.getConfiguration('launch', pipeline ?? null).get<unknown[]>('configurations', []);
    void vscode.commands.executeCommand('setContext', 'tidemark.startsWithF5', pipeline !== undefined && configurations.length === 0);
  };
  update();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(update),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('launch')) update();
    }),
  );
}
