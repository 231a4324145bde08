import { getLocation, parse } from 'jsonc-parser';
import * as vscode from 'vscode';
import type { PlanCheck } from '../../server/src/protocol.ts';
import { diagnosticsOf } from './documentProblems.ts';
import { EDIT_PLANS, folderOfPlan, isEditPlan } from './editPlans.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

/** After the last change. */
const CHECK_MS = 250;
/** Parts of an edit whose values are names in the snapshots. */
const NAMED: readonly string[] = ['operator', 'state', 'field', 'fields'];

/** What the editor says about documents of edits: mistakes, what can be done with them, and names of operators, states and fields. */
export class EditPlanLanguage implements vscode.CompletionItemProvider, vscode.CodeLensProvider, vscode.Disposable {
  readonly #process: SnapshotProcess;
  readonly #diagnostics = vscode.languages.createDiagnosticCollection('tidemark-edits');
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #subscription: vscode.Disposable;

  constructor(process: SnapshotProcess) {
    this.#process = process;
    this.#subscription = vscode.Disposable.from(
      vscode.workspace.onDidOpenTextDocument((document) => this.#schedule(document)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.#schedule(document)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#diagnostics.delete(uri)),
      vscode.languages.registerCompletionItemProvider(EDIT_PLANS, this, '"'),
      vscode.languages.registerCodeLensProvider(EDIT_PLANS, this),
    );
    for (const document of vscode.workspace.textDocuments) this.#schedule(document);
  }

  /** Checks the document, and shows what is wrong with it. */
  async check(document: vscode.TextDocument): Promise<PlanCheck> {
    const { version } = document;
    const checked = await this.#process.request('rewrite/check', { text: document.getText(), folder: folderOfPlan(document) });
    if (document.version === version && !document.isClosed) this.#diagnostics.set(document.uri, diagnosticsOf(document, checked.problems));
    return checked;
  }

  #schedule(document: vscode.TextDocument): void {
    if (!isEditPlan(document)) return;
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      // A process that has died says so when something is asked of it.
      void this.check(document).catch(() => undefined);
    }, CHECK_MS);
    this.#timers.set(key, timer);
  }

  provideCodeLenses(): vscode.CodeLens[] {
    const top = new vscode.Range(0, 0, 0, 0);
    return [
      new vscode.CodeLens(top, { command: 'tidemark.repair.preview', title: vscode.l10n.t('$(diff) Preview') }),
      new vscode.CodeLens(top, { command: 'tidemark.repair.write', title: vscode.l10n.t('$(save) Write Savepoint') }),
    ];
  }

  async provideCompletionItems(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.CompletionItem[]> {
    const text = document.getText();
    const { path, previousNode, isAtPropertyKey } = getLocation(text, document.offsetAt(position));
    const [list, index, name] = path;
    if (isAtPropertyKey || list !== 'edits' || !NAMED.includes(String(name))) return [];
    const { sources } = await this.#process.request('rewrite/check', { text, folder: folderOfPlan(document) });
    const range =
      previousNode === undefined
        ? undefined
        : new vscode.Range(document.positionAt(previousNode.offset), document.positionAt(previousNode.offset + previousNode.length));
    const plan = parse(text) as { readonly edits?: readonly { readonly operator?: unknown; readonly state?: unknown }[] };
    const { operator, state } = plan.edits?.[Number(index)] ?? {};
    const names =
      name === 'operator'
        ? await this.#operators(sources)
        : name === 'state'
          ? await this.#states(sources, operator)
          : await this.#fields(sources, operator, state);
    return names.map(({ label, detail }) => {
      const item = new vscode.CompletionItem({ label, description: detail }, vscode.CompletionItemKind.Value);
      item.insertText = item.filterText = JSON.stringify(label);
      if (range !== undefined) item.range = range;
      return item;
    });
  }

  async #operators(sources: readonly string[]): Promise<{ label: string; detail: string }[]> {
    const overviews = await Promise.all(sources.map((location) => this.#process.request('snapshot/overview', { location })));
    return overviews.flatMap(({ operators }) =>
      operators.map(({ label, parallelism, maxParallelism }) => ({
        label,
        detail: vscode.l10n.t('parallelism {0} of {1}', parallelism, maxParallelism),
      })),
    );
  }

  async #states(sources: readonly string[], operator: unknown): Promise<{ label: string; detail: string }[]> {
    const found = new Map<string, { label: string; detail: string }>();
    for (const location of sources) {
      const { operators } = await this.#process.request('snapshot/overview', { location });
      const ids = operators.filter(({ id, label, uid, name }) => [id, label, uid, name].includes(operator as string)).map(({ id }) => id);
      const facts = await this.#process.request('snapshot/operators', { location, operators: ids });
      for (const { name, kind, value } of facts.operators.flatMap(({ states }) => states))
        found.set(name, { label: name, detail: `${kind} ${value ?? ''}` });
    }
    return [...found.values()];
  }

  /** Those inside of others by their paths. */
  async #fields(sources: readonly string[], operator: unknown, state: unknown): Promise<{ label: string; detail: string }[]> {
    if (typeof operator !== 'string' || typeof state !== 'string') return [];
    const { fields } = await this.#process.request('rewrite/fields', { sources: [...sources], operator, state });
    return fields.map(({ path, type }) => ({ label: path, detail: type }));
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#subscription.dispose();
    this.#diagnostics.dispose();
  }
}
