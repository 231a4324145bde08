import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';

export function workspaceFolder(): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'the tests need an open workspace');
  return folder.uri.fsPath;
}

export function file(name: string): vscode.Uri {
  return vscode.Uri.file(join(workspaceFolder(), name));
}

export async function show(name: string): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(file(name)));
}
