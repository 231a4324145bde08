import { cp, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { Messages } from './messages.ts';
import { choosePipeline } from './pipelines.ts';
import { plainText } from './plainText.ts';

/** The `tidemark` npm package that the extension carries, and how it gets into a project without a network. */
export class TidemarkPackage {
  readonly #carried: string;
  readonly #messages: Messages;

  /** `carried` is the package's folder in the extension. */
  constructor(carried: string, messages: Messages) {
    this.#carried = carried;
    this.#messages = messages;
  }

  register(): vscode.Disposable {
    return vscode.commands.registerCommand('tidemark.addPackage', (given?: unknown) =>
      this.#messages.guard(vscode.l10n.t('The tidemark package could not be added'), async () => {
        const pipeline = await choosePipeline(given);
        if (pipeline === undefined) return;
        const folder = await projectOf(pipeline);
        await this.addTo(folder);
        // TypeScript's server looks for packages again when it is told that the project changed.
        await vscode.commands.executeCommand('typescript.reloadProjects').then(undefined, () => undefined);
        void vscode.window.showInformationMessage(plainText(vscode.l10n.t('Added tidemark to {0}.', join(folder, 'node_modules'))));
      }),
    );
  }

  /**
   * Puts the package into `node_modules`. A project with a package.json also gets it under `vendor/`, and a dependency on that, so
   * that the next `npm install` finds it there and does not take it away.
   */
  async addTo(folder: string): Promise<void> {
    await cp(this.#carried, join(folder, 'node_modules/tidemark'), { recursive: true });
    const path = join(folder, 'package.json');
    if (!(await exists(path))) return;
    const manifest = parseManifest(path, await readFile(path, 'utf8'));
    if (manifest.dependencies?.['tidemark'] !== undefined || manifest.devDependencies?.['tidemark'] !== undefined) return;
    await cp(this.#carried, join(folder, 'vendor/tidemark'), { recursive: true });
    manifest.dependencies = { ...manifest.dependencies, tidemark: 'file:vendor/tidemark' };
    await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`);
  }
}

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function parseManifest(path: string, text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    throw new Error(`${path} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** The folder of the nearest package.json within the workspace folder, else the pipeline's own folder. */
async function projectOf(pipeline: vscode.Uri): Promise<string> {
  const own = dirname(pipeline.fsPath);
  const top = vscode.workspace.getWorkspaceFolder(pipeline)?.uri.fsPath;
  for (let folder = own; ; folder = dirname(folder)) {
    if (await exists(join(folder, 'package.json'))) return folder;
    if (top === undefined || folder === top || folder === dirname(folder)) return own;
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
