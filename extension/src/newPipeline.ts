import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import type { Messages } from './messages.ts';
import { exists } from './tidemarkPackage.ts';
import type { TidemarkPackage } from './tidemarkPackage.ts';

const NAME = /^[a-z][a-z0-9-]*$/;
/** What opening a project in a new window has to remember: the file to show there. */
const TO_OPEN = 'tidemark.fileToOpen';

/** New projects: one's own from the template, or a copy of the flights example. */
export class NewPipeline {
  readonly #templates: vscode.Uri;
  readonly #package: TidemarkPackage;
  readonly #memory: vscode.Memento;
  readonly #messages: Messages;

  /** `templates` is the folder that holds `pipeline/`, the template, and `flights/`, the example. */
  constructor(templates: vscode.Uri, tidemarkPackage: TidemarkPackage, memory: vscode.Memento, messages: Messages) {
    this.#templates = templates;
    this.#package = tidemarkPackage;
    this.#memory = memory;
    this.#messages = messages;
  }

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      // Scripts and tests give the answers; people are asked for them.
      vscode.commands.registerCommand('tidemark.newPipeline', (given?: { folder: string; name: string }) =>
        this.#messages.guard(vscode.l10n.t('The pipeline could not be made'), () => this.#newPipeline(given)),
      ),
      vscode.commands.registerCommand('tidemark.openExample', (given?: { folder: string }) =>
        this.#messages.guard(vscode.l10n.t('The example could not be opened'), () => this.#openExample(given)),
      ),
    );
  }

  /** In the window that a new project was opened in: shows its pipeline. */
  async showRemembered(): Promise<void> {
    const path = this.#memory.get<string>(TO_OPEN);
    if (path === undefined || vscode.workspace.getWorkspaceFolder(vscode.Uri.file(path)) === undefined) return;
    await this.#memory.update(TO_OPEN, undefined);
    await vscode.window.showTextDocument(vscode.Uri.file(path));
  }

  async #newPipeline(given?: { folder: string; name: string }): Promise<string | undefined> {
    const name = given?.name ?? (await askName());
    if (name === undefined) return undefined;
    const folder = given?.folder ?? (await askFolder(name));
    if (folder === undefined) return undefined;
    await expectFree(folder);
    await cp(vscode.Uri.joinPath(this.#templates, 'pipeline').fsPath, folder, { recursive: true });
    // The packager of extensions leaves files out that begin with a dot.
    await rename(join(folder, 'gitignore'), join(folder, '.gitignore'));
    const program = join(folder, `${name}.pipeline.ts`);
    await rename(join(folder, 'orders.pipeline.ts'), program);
    for (const file of [program, join(folder, 'package.json'), join(folder, 'README.md')]) {
      await writeFile(
        file,
        (await readFile(file, 'utf8')).replaceAll('order-totals', name).replaceAll('orders.pipeline.ts', basename(program)),
      );
    }
    await this.#package.addTo(folder);
    if (given === undefined) await this.#open(folder, program);
    return program;
  }

  async #openExample(given?: { folder: string }): Promise<string | undefined> {
    const folder = given?.folder ?? (await askFolder('tidemark-flights'));
    if (folder === undefined) return undefined;
    if (!(await exists(join(folder, 'package.json')))) {
      await expectFree(folder);
      await cp(vscode.Uri.joinPath(this.#templates, 'flights').fsPath, folder, { recursive: true });
    }
    await this.#package.addTo(folder);
    const pipeline = (await readdir(folder)).find((file) => file.endsWith('.pipeline.ts'));
    if (pipeline === undefined) throw new Error(`${folder} has no *.pipeline.ts; choose an empty folder.`);
    if (given === undefined) await this.#open(folder, join(folder, pipeline));
    return join(folder, pipeline);
  }

  /** A project inside the open workspace is shown at once; any other is opened as a folder. */
  async #open(folder: string, program: string): Promise<void> {
    const uri = vscode.Uri.file(program);
    if (vscode.workspace.getWorkspaceFolder(uri) !== undefined) {
      await vscode.window.showTextDocument(uri);
      return;
    }
    await this.#memory.update(TO_OPEN, program);
    const hasWindow = (vscode.workspace.workspaceFolders ?? []).length > 0;
    await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(folder), { forceNewWindow: hasWindow });
  }
}

async function expectFree(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const taken = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  if (taken.length > 0) throw new Error(`${folder} is not empty (${taken.slice(0, 3).join(', ')}). Choose another name or folder.`);
}

function askName(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('New pipeline: name'),
    value: 'my-pipeline',
    prompt: vscode.l10n.t('The name of the pipeline, its folder and its savepoints'),
    validateInput: (text) =>
      NAME.test(text) ? undefined : vscode.l10n.t('Lower-case letters, digits and hyphens, starting with a letter'),
  });
}

/** Asks for the parent of the new folder; the first workspace folder is offered where there is one. */
async function askFolder(name: string): Promise<string | undefined> {
  const options: vscode.OpenDialogOptions = {
    canSelectFolders: true,
    canSelectFiles: false,
    title: vscode.l10n.t('Where should the folder {0} be made?', name),
    openLabel: vscode.l10n.t('Make {0} here', name),
  };
  const first = vscode.workspace.workspaceFolders?.[0]?.uri;
  const chosen = await vscode.window.showOpenDialog(first === undefined ? options : { ...options, defaultUri: first });
  return chosen?.[0] === undefined ? undefined : join(chosen[0].fsPath, name);
}
