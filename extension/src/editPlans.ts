import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { applyEdits, findNodeAtLocation, modify, parse, parseTree, type Node } from 'jsonc-parser';
import * as vscode from 'vscode';

/** Documents of edits to savepoints, by their names. */
export const EDIT_PLANS: vscode.DocumentSelector = { pattern: '**/*.tidemark-edits.jsonc' };
const ENDING = '.tidemark-edits.jsonc';
const FORMAT = { formattingOptions: { tabSize: 2, insertSpaces: true, eol: '\n' } };

export function isEditPlan(document: vscode.TextDocument): boolean {
  return document.uri.path.endsWith(ENDING);
}

/** Paths in it are relative to this folder. */
export function folderOfPlan(document: vscode.TextDocument): string {
  return dirname(document.uri.fsPath);
}

/** Parts of an edit, in order; values are JSON, as a dump has it. */
export type EditParts = Readonly<Record<string, { readonly json: string } | string | number>>;

/**
 * Opens the document of edits to these snapshots: one that is there, or one that is not saved yet. More than one are put together. `more` is
 * what the document is to say beside edits; `migrateTo` is the path of a pipeline.
 */
export async function openEditPlan(
  sources: readonly string[],
  more: Readonly<Record<string, unknown>> = {},
  migrateTo: string | null = null,
): Promise<vscode.TextEditor> {
  const [first = ''] = sources;
  const home = homeOf(first);
  const name = sources.length === 1 ? basename(first) : `${basename(first)}-merged`;
  for (let n = 1; ; n++) {
    const document = await documentAt(home, name, n, ENDING);
    const said = { ...more, ...(migrateTo === null ? {} : { migrateTo: shownPath(home, migrateTo) }) };
    const text = document.getText();
    if (text === '') await replace(document, newText(sources, home, said));
    else if (!isAbout(document, sources)) continue;
    else if (Object.keys(said).length > 0) await replace(document, withSaid(text, said));
    return vscode.window.showTextDocument(document, { preview: false });
  }
}

/** Where documents about a snapshot are: in its workspace folder, or beside it; of what is at an address, in the first folder. */
export function homeOf(snapshot: string): string {
  const isPath = isAbsolute(snapshot);
  const own = isPath ? vscode.workspace.getWorkspaceFolder(vscode.Uri.file(snapshot)) : undefined;
  const folder = own ?? vscode.workspace.workspaceFolders?.[0];
  return folder?.uri.fsPath ?? (isPath ? dirname(snapshot) : homedir());
}

/** A document that nothing is in, and that is not saved yet. */
export async function freeDocument(home: string, name: string, ending: string): Promise<vscode.TextDocument> {
  for (let n = 1; ; n++) {
    const document = await documentAt(home, name, n, ending);
    if (document.getText() === '') return document;
  }
}

/** The `n`th of this name: one that is there, or one that is not saved yet. */
async function documentAt(home: string, name: string, n: number, ending: string): Promise<vscode.TextDocument> {
  const path = join(home, `${name}${n === 1 ? '' : `-${String(n)}`}${ending}`);
  const uri = vscode.Uri.file(path);
  return vscode.workspace.openTextDocument(existsSync(path) ? uri : uri.with({ scheme: 'untitled' }));
}

/** Adds an edit at the end of the document's list, and selects its value, where it has one. */
export async function addEdit(editor: vscode.TextEditor, parts: EditParts): Promise<void> {
  const { document } = editor;
  const text = document.getText();
  // Numbers of a dump may have more digits than JavaScript's have: their text stays as it is.
  const texts: string[] = [];
  const edit = Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [name, typeof part === 'object' ? `\u0000${String(texts.push(part.json) - 1)}` : part]),
  );
  const added = modify(text, ['edits', -1], edit, { ...FORMAT, isArrayInsertion: true });
  const result = applyEdits(text, added).replaceAll(/"\\u0000(\d+)"/g, (_, index: string) => texts[Number(index)] ?? 'null');
  await replace(document, result);
  const root = parseTree(result);
  const list = root === undefined ? undefined : findNodeAtLocation(root, ['edits']);
  const last = list?.children?.at(-1);
  if (last === undefined) return;
  const value = findNodeAtLocation(last, ['value']);
  const [from, to] = value === undefined ? [last.offset, last.offset] : typedOver(value);
  editor.selection = new vscode.Selection(document.positionAt(from), document.positionAt(to));
  editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

/** The part of a value that a user types over: within `{"$long":"20"}` the digits, of a text what is between its quotes. */
function typedOver(value: Node): readonly [from: number, to: number] {
  const [name, inner] = value.type === 'object' && value.children?.length === 1 ? (value.children[0]?.children ?? []) : [];
  if (inner !== undefined && String(name?.value).startsWith('$')) return typedOver(inner);
  const quote = value.type === 'string' ? 1 : 0;
  return [value.offset + quote, value.offset + value.length - quote];
}

function newText(sources: readonly string[], home: string, more: Readonly<Record<string, unknown>>): string {
  const paths = sources.map((source) => shownPath(home, source));
  const plan = { savepoint: paths.length === 1 ? paths[0] : paths, ...more, edits: [] };
  const head = vscode.l10n.t('Edits make a new savepoint beside the old one. Preview shows what will be different.');
  return `// ${head}\n${JSON.stringify(plan, null, 2)}\n`;
}

/** Relative to the document's folder, where it is in there. */
function shownPath(home: string, path: string): string {
  const inside = relative(home, path);
  return inside.startsWith('..') || isAbsolute(inside) || /^[a-z0-9]+:\/\//.test(path) ? path : inside.replaceAll('\\', '/');
}

/** Comments and edits stay. */
function withSaid(text: string, said: Readonly<Record<string, unknown>>): string {
  return Object.entries(said).reduce((sofar, [name, value]) => applyEdits(sofar, modify(sofar, [name], value, FORMAT)), text);
}

function isAbout(document: vscode.TextDocument, sources: readonly string[]): boolean {
  const plan = parse(document.getText()) as { readonly savepoint?: unknown } | undefined;
  const named = Array.isArray(plan?.savepoint) ? (plan.savepoint as unknown[]) : [plan?.savepoint];
  const paths = named.map((path) => (typeof path === 'string' ? resolve(folderOfPlan(document), path) : ''));
  return paths.length === sources.length && paths.every((path, i) => path === resolve(sources[i] ?? ''));
}

async function replace(document: vscode.TextDocument, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(document.positionAt(0), document.positionAt(document.getText().length)), text);
  await vscode.workspace.applyEdit(edit);
}
