import * as vscode from 'vscode';
import { activePipeline } from './pipelines.ts';

/** Of the folder that a file is in. */
export function launchConfigurations(file: vscode.Uri | undefined): vscode.DebugConfiguration[] {
  return vscode.workspace.getConfiguration('launch', file ?? null).get<vscode.DebugConfiguration[]>('configurations', []);
}

/**
 * F5 in a pipeline starts it when no launch configuration exists. Without this, VS Code would ask which of all debuggers for
 * TypeScript to use. Where there is a launch.json, F5 is left alone. The manifest's `when` looks at the file's name itself, so that
 * the key works before the extension has been activated.
 */
export function watchLaunchKey(): vscode.Disposable {
  const update = (): void => {
    const hasSome = launchConfigurations(activePipeline()).length > 0;
    void vscode.commands.executeCommand('setContext', 'tidemark.hasLaunchConfigurations', hasSome);
  };
  update();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(update),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('launch')) update();
    }),
  );
}
