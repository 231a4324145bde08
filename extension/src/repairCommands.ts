import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import type { NamedByNode } from '../../server/src/protocol.ts';
import { addEdit, isEditPlan, openEditPlan, type EditParts } from './editPlans.ts';
import { EditPlanLanguage } from './editPlanLanguage.ts';
import { readyOf, RepairResults, type Rooms as ResultRooms } from './repairResults.ts';
import { choosePipeline } from './pipelines.ts';
import { packSnapshot } from './snapshotPack.ts';
import { SnapshotRedaction } from './snapshotRedact.ts';
import type { SavepointsNode } from './savepointsView.ts';

interface Rooms extends ResultRooms {
  /** What is selected in the Savepoints view. */
  readonly selected: () => SavepointsNode | undefined;
  /** Asks for a snapshot; undefined when the user gave up. */
  readonly pick: (title: string) => Promise<string | undefined>;
}

type Target = vscode.Uri | SavepointsNode | undefined;

/** Edits to savepoints are gathered in a document, looked at as a comparison, and written beside the original. */
export function registerRepairCommands(rooms: Rooms): vscode.Disposable[] {
  const { process, messages, selected, pick } = rooms;
  const language = new EditPlanLanguage(process);
  const results = new RepairResults(rooms);
  const redaction = new SnapshotRedaction(rooms);
  const on = (
    id: string,
    work: (target: Target, others: unknown) => Promise<void>,
    failure = vscode.l10n.t('The savepoint could not be edited'),
  ): vscode.Disposable =>
    vscode.commands.registerCommand(`tidemark.repair.${id}`, (target: Target, others: unknown) =>
      messages.guard(failure, () => work(target ?? selected(), others)),
    );
  const locationOf = async (target: Target, question = vscode.l10n.t('Edit which savepoint?')): Promise<string | undefined> => {
    if (target instanceof vscode.Uri) {
      if (target.scheme !== 'file') return target.query;
      return basename(target.fsPath) === '_metadata' ? dirname(target.fsPath) : target.fsPath;
    }
    if (target?.is === 'snapshot' || target?.is === 'content') return target.location;
    return pick(question);
  };
  /** An edit of a node of the tree; `parts` may ask, and give up. */
  const edit = (id: string, parts: (named: NamedByNode) => Promise<EditParts | undefined> | EditParts): vscode.Disposable =>
    on(id, async (target) => {
      if (target instanceof vscode.Uri || target?.is !== 'content')
        throw new Error(vscode.l10n.t('Select an item in the Savepoints view first.'));
      const { location, node } = target;
      const made = await parts(await process.request('rewrite/named', { location, node: node.id }));
      if (made !== undefined) await addEdit(await openEditPlan([location]), made);
    });
  const document = (): vscode.TextDocument => {
    const open = vscode.window.visibleTextEditors.map((editor) => editor.document).filter(isEditPlan);
    const active = vscode.window.activeTextEditor?.document;
    const found = active !== undefined && isEditPlan(active) ? active : (open[0] ?? vscode.workspace.textDocuments.find(isEditPlan));
    if (found === undefined) throw new Error(vscode.l10n.t('There are no edits yet. Use "Edit Snapshot…" on a snapshot first.'));
    return found;
  };
  const write = async (from: vscode.TextDocument): Promise<void> => {
    await messages.guard(vscode.l10n.t('The savepoint could not be written'), async () =>
      results.write(readyOf(await language.check(from))),
    );
  };
  return [
    vscode.Disposable.from(language, results, redaction),
    on('edit', async (target) => {
      const location = await locationOf(target);
      if (location !== undefined) await openEditPlan([location]);
    }),
    on('preview', async () => {
      const from = document();
      await results.preview(readyOf(await language.check(from)), () => write(from));
    }),
    on('write', () => write(document())),
    on('merge', async (target, others) => {
      const nodes = (Array.isArray(others) ? (others as SavepointsNode[]) : [target]).filter((node) => node !== undefined);
      const locations = nodes.flatMap((node) => (!(node instanceof vscode.Uri) && node.is === 'snapshot' ? [node.location] : []));
      if (locations.length < 2) throw new Error(vscode.l10n.t('Select two savepoints or more in the Savepoints view first.'));
      await openEditPlan(locations, { onConflict: 'fail' });
    }),
    on('convert', async (target) => {
      const location = await locationOf(target);
      if (location === undefined) return;
      const versions = [
        { label: vscode.l10n.t('Flink 1.16 and later'), description: vscode.l10n.t('metadata version {0}', 4), version: 4 },
        { label: vscode.l10n.t('Flink 2.0 and later'), description: vscode.l10n.t('metadata version {0}', 5), version: 5 },
        { label: vscode.l10n.t('Flink 2.1 and later'), description: vscode.l10n.t('metadata version {0}', 6), version: 6 },
      ];
      const chosen = await vscode.window.showQuickPick(versions, {
        title: vscode.l10n.t('Canonical and self-contained, for which Flink?'),
      });
      if (chosen !== undefined) await openEditPlan([location], { metadataVersion: chosen.version });
    }),
    on('split', async (target) => {
      const location = await locationOf(target);
      if (location === undefined) return;
      const where = await vscode.window.showInputBox({
        title: vscode.l10n.t('Keep the state of which keys?'),
        prompt: vscode.l10n.t('An expression over key. With "matching": false, the document writes the state of all others.'),
        placeHolder: 'key startsWith "acme-"',
        validateInput: async (text) => (text === '' ? null : (await process.request('rewrite/keys', { where: text })).problem),
      });
      if (where !== undefined && where !== '') await openEditPlan([location], { keys: { where, matching: true } });
    }),
    on(
      'pack',
      async (target) => {
        const location = await locationOf(target, vscode.l10n.t('Pack which savepoint?'));
        if (location !== undefined) await packSnapshot(process, location);
      },
      vscode.l10n.t('The savepoint could not be packed'),
    ),
    on(
      'redact',
      async (target) => {
        const location = await locationOf(target, vscode.l10n.t('Redact which savepoint?'));
        if (location !== undefined) await redaction.redact(location);
      },
      vscode.l10n.t('The savepoint could not be redacted'),
    ),
    on('migrate', async (target, program) => {
      const location = await locationOf(target);
      if (location === undefined) return;
      const pipeline = typeof program === 'string' ? program : (await choosePipeline())?.fsPath;
      if (pipeline !== undefined) await openEditPlan([location], {}, pipeline);
    }),
    edit('renameUid', async ({ operator, uid }) => {
      const given = await vscode.window.showInputBox({
        title: vscode.l10n.t('New uid of {0}', operator),
        value: uid ?? '',
        validateInput: (text) => (text === '' || text === uid ? vscode.l10n.t('Another uid is needed') : null),
      });
      return given === undefined ? undefined : { edit: 'renameUid', operator, uid: given };
    }),
    // Called by the quick fix of the language server.
    vscode.commands.registerCommand(
      'tidemark.repair.renameState',
      (location: string, rename: { operator: string; state: string; to: string }) =>
        messages.guard(vscode.l10n.t('The savepoint could not be edited'), async () =>
          addEdit(await openEditPlan([location]), { edit: 'renameState', ...rename }),
        ),
    ),
    edit('dropOperator', ({ operator }) => ({ edit: 'dropOperator', operator })),
    edit('dropState', ({ operator, state }) => ({ edit: 'dropState', operator, state: state ?? '' })),
    edit('maxParallelism', async ({ operator, maxParallelism }) => {
      const given = await vscode.window.showInputBox({
        title: vscode.l10n.t('New max parallelism of {0}', operator),
        value: String(maxParallelism),
        validateInput: (text) =>
          /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 32_768 ? null : vscode.l10n.t('A whole number from 1 to 32768 is needed'),
      });
      return given === undefined ? undefined : { edit: 'maxParallelism', operator, value: Number(given) };
    }),
    edit('setValue', (named) => ({ edit: 'set', ...entryOf(named), ...part('value', named.value ?? 'null') })),
    edit('deleteEntry', (named) => ({ edit: 'delete', ...entryOf(named) })),
  ];
}

function entryOf({ operator, state, key, namespace, userKey, timestamp, subtask, index }: NamedByNode): EditParts {
  return {
    operator,
    state: state ?? '',
    ...part('key', key),
    ...part('namespace', namespace),
    ...part('userKey', userKey),
    ...part('timestamp', timestamp),
    ...(subtask === null ? {} : { subtask }),
    ...(index === null ? {} : { index }),
  };
}

function part(name: string, json: string | null): EditParts {
  return json === null ? {} : { [name]: { json } };
}
