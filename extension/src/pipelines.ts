import * as vscode from 'vscode';

const SUFFIX = '.pipeline.ts';

export function isPipeline(uri: vscode.Uri): boolean {
  return uri.scheme === 'file' && uri.path.endsWith(SUFFIX);
}

/** The pipeline in the active editor, if there is one. */
export function activePipeline(): vscode.Uri | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  return uri !== undefined && isPipeline(uri) ? uri : undefined;
}

export async function findPipelines(): Promise<vscode.Uri[]> {
  const found = await vscode.workspace.findFiles('**/*.pipeline.ts', '**/node_modules/**', 1000);
  return found.sort((a, b) => a.fsPath.localeCompare(b.fsPath));
}

/** The pipeline a command means: the one it was given, the one being edited, the only one there is, or the one chosen. */
export async function choosePipeline(given?: unknown): Promise<vscode.Uri | undefined> {
  return toUri(given) ?? activePipeline() ?? pickPipeline(vscode.l10n.t('Which pipeline?'));
}

/** Asks for a pipeline of the workspace, where there are several; undefined when the user gave up. */
export async function pickPipeline(title: string): Promise<vscode.Uri | undefined> {
  const found = await findPipelines();
  if (found.length === 0) {
    const create = vscode.l10n.t('New Pipeline');
    const chosen = await vscode.window.showInformationMessage(vscode.l10n.t('There is no *.pipeline.ts in this workspace.'), create);
    if (chosen === create) await vscode.commands.executeCommand('tidemark.newPipeline');
    return undefined;
  }
  if (found.length === 1) return found[0];
  const items = found.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri }));
  const picked = await vscode.window.showQuickPick(items, { title });
  return picked?.uri;
}

/** Commands are called with a Uri by menus, with its text by code lenses, and with nothing by the palette. */
function toUri(given: unknown): vscode.Uri | undefined {
  if (given instanceof vscode.Uri) return given;
  return typeof given === 'string' && given !== '' ? vscode.Uri.parse(given) : undefined;
}

/** With its folder, where the workspace has several: pipelines of two folders may have one name. */
export function withFolder(name: string, file: vscode.Uri): string {
  const several = (vscode.workspace.workspaceFolders ?? []).length > 1;
  const folder = vscode.workspace.getWorkspaceFolder(file);
  return several && folder !== undefined ? `${name} (${folder.name})` : name;
}

export function pipelineTitle(uri: vscode.Uri): string {
  const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
}
