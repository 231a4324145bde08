import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { PlanCheck, RewriteCode, RewriteResult, SnapshotRequests } from '../../server/src/protocol.ts';
import type { Compared } from './comparePanel.ts';
import { bytes, count } from './figures.ts';
import type { Messages } from './messages.ts';
import { plainText } from './plainText.ts';
import { withRewritingProgress } from './rewritingProgress.ts';
import type { SnapshotProcess } from './snapshotProcess.ts';

export interface Rooms {
  readonly process: SnapshotProcess;
  readonly messages: Messages;
  /** Shows what has changed, with operators that have another name now. */
  readonly compare: (before: string, after: string, more: Partial<Compared>) => Promise<vscode.Disposable>;
  /** Shows a savepoint that has just been written in the Savepoints view. */
  readonly reveal: (location: string) => Promise<void>;
}

/** What is written: a check without errors. */
export interface Ready {
  readonly sources: string[];
  readonly plan: unknown;
  readonly code: RewriteCode;
  readonly target: string;
}

interface Preview {
  readonly identity: string;
  readonly result: RewriteResult;
  /** The page that shows it. */
  page: vscode.Disposable | null;
}

/** Writes what plans say: first to a place of its own, to be looked at, then beside the original. */
export class RepairResults implements vscode.Disposable {
  readonly #rooms: Rooms;
  /** By target. */
  readonly #previews = new Map<string, Preview>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** Writes the whole result, and compares it with the original. It becomes the savepoint when it is kept: nothing is computed again. */
  async preview(ready: Ready, keep: () => Promise<void>): Promise<void> {
    const { sources, target } = ready;
    this.#discard(target);
    const { result, place } = await this.#write('rewrite/preview', ready, vscode.l10n.t('Previewing {0}', basename(target)));
    const preview: Preview = { identity: identityOf(ready), result, page: null };
    this.#previews.set(target, preview);
    const source = await sourceToCompare(sources);
    if (source === undefined) {
      this.#discard(target);
      return;
    }
    const actions = { keep: () => void keep(), discard: () => this.#discard(target) };
    preview.page = await this.#rooms.compare(source, place, { renames: renamesIn(ready.plan), preview: actions });
  }

  /** What was previewed, where the plan is still the same, else what it says now. */
  async write(ready: Ready): Promise<void> {
    const { sources, target } = ready;
    const known = this.#previews.get(target);
    const isSame = known?.identity === identityOf(ready);
    // A snapshot process that was started again knows no previews.
    const result =
      isSame && (await this.#rooms.process.request('rewrite/keep', { target })).kept
        ? { ...known.result, target }
        : await this.#write('rewrite/write', ready, vscode.l10n.t('Writing {0}', basename(target)));
    this.#discard(target);
    await this.#rooms.reveal(target);
    this.#rooms.messages.log.info(`${target}: ${JSON.stringify(result)}`);
    const compare = vscode.l10n.t('Compare with Original');
    const open = vscode.l10n.t('Open');
    const text = vscode.l10n.t('{0} is written, {1}: {2}', basename(target), bytes(result.bytes), inWords(result));
    void vscode.window.showInformationMessage(plainText(text), compare, open).then((answer) => {
      if (answer === compare) void this.#compare(sources, target, ready.plan);
      if (answer === open) void vscode.commands.executeCommand('tidemark.openSavepointEditor', target);
    });
  }

  async #compare(sources: readonly string[], target: string, plan: unknown): Promise<void> {
    const source = await sourceToCompare(sources);
    if (source !== undefined) await this.#rooms.compare(source, target, { renames: renamesIn(plan) });
  }

  async #write<M extends 'rewrite/write' | 'rewrite/preview'>(
    method: M,
    { sources, plan, code, target }: Ready,
    title: string,
  ): Promise<SnapshotRequests[M]['result']> {
    if (Object.values(code).some((each) => each !== null) && !vscode.workspace.isTrusted)
      throw new Error(vscode.l10n.t('This workspace is not trusted: its pipelines are not built, and its modules not run.'));
    return withRewritingProgress(
      title,
      (percent, total) => vscode.l10n.t('{0} % of {1} read', percent, total),
      (onProgress, token) => {
        const params: Omit<SnapshotRequests['rewrite/write' | 'rewrite/preview']['params'], 'progress'> = { sources, plan, code, target };
        return this.#rooms.process.requestWithProgress(method, params, onProgress, token);
      },
    );
  }

  #discard(target: string): void {
    const preview = this.#previews.get(target);
    if (preview === undefined) return;
    this.#previews.delete(target);
    preview.page?.dispose();
    this.#rooms.process.request('rewrite/discard', { target }).catch((error: unknown) => {
      this.#rooms.messages.log.warn(`${target}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  /** Nothing that was only looked at outlives the editor: the snapshot process removes the rest at its end. */
  dispose(): void {
    for (const target of [...this.#previews.keys()]) this.#discard(target);
  }
}

/** What several savepoints have become differs from each of them in another way. Undefined where nothing was chosen. */
async function sourceToCompare(sources: readonly string[]): Promise<string | undefined> {
  if (sources.length < 2) return sources[0];
  const items = sources.map((source) => ({ label: basename(source), description: source, source }));
  const chosen = await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Compare the result with which of its sources?') });
  return chosen?.source;
}

/** @throws with the first mistake, where there is one */
export function readyOf({ sources, plan, code, target, problems }: PlanCheck): Ready {
  const [wrong] = problems.filter(({ severity }) => severity !== 'warning');
  if (wrong !== undefined || plan === null || target === null)
    throw new Error(wrong?.message ?? vscode.l10n.t('The document has no edits.'));
  return { sources, plan, code, target };
}

function identityOf({ sources, plan, code }: Ready): string {
  return JSON.stringify([sources, plan, code]);
}

function renamesIn(plan: unknown): (readonly [string, string])[] {
  const { edits = [] } = plan as {
    readonly edits?: readonly { readonly edit: string; readonly operator?: string; readonly uid?: string }[];
  };
  return edits.flatMap(({ edit, operator, uid }) =>
    edit === 'renameUid' && operator !== undefined && uid !== undefined ? [[operator, uid] as const] : [],
  );
}

function inWords({ operators, dropped }: RewriteResult): string {
  const states = operators.flatMap((operator) => operator.states);
  const sum = (of: (state: (typeof states)[number]) => number): number => states.reduce((total, state) => total + of(state), 0);
  const renamed = operators.filter(({ label, uid }) => uid !== null && uid !== label);
  const parts = [
    ...renamed.map(({ label, uid }) => vscode.l10n.t('{0} is now {1}', label, uid ?? '')),
    ...dropped.map((label) => vscode.l10n.t('{0} left out', label)),
    vscode.l10n.t('{0} entries', count(sum(({ written }) => written))),
  ];
  const changed = sum((state) => state.changed);
  const added = sum((state) => state.added);
  const gone = sum(({ read, added: more, written }) => read + more - written);
  if (changed > 0) parts.push(vscode.l10n.t('{0} changed', count(changed)));
  if (added > 0) parts.push(vscode.l10n.t('{0} added', count(added)));
  if (gone > 0) parts.push(vscode.l10n.t('{0} left out', count(gone)));
  return parts.join(', ');
}
