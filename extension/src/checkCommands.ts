import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { CheckReport } from '../../server/src/protocol.ts';
import type { FlinkTarget } from '../../webview/src/check/protocol.ts';
import type { CheckBindings } from './checkBindings.ts';
import { showCheck, type CheckRooms } from './checkPanel.ts';
import { choosePipeline, isPipeline } from './pipelines.ts';
import { plainText } from './plainText.ts';
import type { SavepointPicker } from './savepointPicker.ts';
import type { SavepointsNode } from './savepointsView.ts';

interface Rooms extends CheckRooms {
  readonly picker: SavepointPicker;
  readonly bindings: CheckBindings;
}

type Target = vscode.Uri | SavepointsNode | string | undefined;

/** Checks by hand: of a pipeline against a savepoint, each of which is asked for where it is not said. */
export function registerCheckCommands(rooms: Rooms): vscode.Disposable[] {
  const { picker, bindings, messages } = rooms;
  const check = async (target: Target, savepoint: unknown, flink: FlinkTarget | null): Promise<void> => {
    if (!vscode.workspace.isTrusted) throw new Error(vscode.l10n.t('This workspace is not trusted: its pipelines are not built.'));
    const given = await snapshotIn(rooms, target);
    const program = await choosePipeline(given === undefined && !(typeof target === 'object' && 'is' in target) ? target : undefined);
    if (program === undefined) return;
    const location =
      typeof savepoint === 'string'
        ? savepoint
        : (given ?? (await picker.pick(vscode.l10n.t('Check against which savepoint or checkpoint?'), program.fsPath)));
    if (location === undefined) return;
    await bindings.bind(program.fsPath, location);
    await showCheck(rooms, program.fsPath, location, flink);
  };
  const guarded = (work: () => Promise<void>): Promise<void> =>
    messages.guard(vscode.l10n.t('The pipeline could not be checked'), work).then(() => undefined);
  return [
    vscode.commands.registerCommand('tidemark.checkSavepoint', (target: Target, savepoint: unknown) =>
      guarded(() => check(target, savepoint, null)),
    ),
    vscode.commands.registerCommand('tidemark.checkSavepointForFlink', (target: Target, savepoint: unknown) =>
      guarded(async () => {
        const flink = await vscode.window.showQuickPick<vscode.QuickPickItem & { readonly target: FlinkTarget }>(
          [
            { label: 'Flink 2.3', target: '2.3' },
            { label: 'Flink 1.20', target: '1.20' },
          ],
          { title: vscode.l10n.t('Which Flink is to restore it?') },
        );
        if (flink !== undefined) await check(target, savepoint, flink.target);
      }),
    ),
    vscode.commands.registerCommand('tidemark.stopCheckingSavepoint', (target: Target) =>
      guarded(async () => {
        const program = await choosePipeline(target);
        if (program !== undefined) await bindings.bind(program.fsPath, null);
      }),
    ),
  ];
}

/** What a menu was opened on, where that is a snapshot. */
async function snapshotIn({ process }: CheckRooms, target: Target): Promise<string | undefined> {
  if (target instanceof vscode.Uri && !isPipeline(target)) {
    const location = target.scheme === 'tidemark-savepoint' ? target.query : target.fsPath;
    return (await process.request('snapshot/overview', { location })).location;
  }
  return typeof target === 'object' && 'is' in target && target.is === 'snapshot' ? target.location : undefined;
}

/** What a start does about state that the pipeline does not take. */
export type StartDecision = 'start' | 'startWithoutLeftBehind' | 'cancel';

/**
 * Asks before a pipeline is started from a savepoint that it does not fit; where it fits, nobody is asked. A pipeline that cannot be
 * built, or a savepoint that cannot be read, is for the start itself to say.
 */
export async function decideStart(rooms: CheckRooms, program: string, location: string): Promise<StartDecision> {
  const report = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Checking {0}', basename(location)), cancellable: true },
    async (_, token) => {
      const params = { location, program, text: null, allowNonRestoredState: false, flink: null };
      const asked = rooms.process.request('snapshot/check', params, token);
      return asked.catch((error: unknown) => {
        rooms.messages.log.warn(`${basename(location)}: ${error instanceof Error ? error.message : String(error)}`);
        return token.isCancellationRequested ? 'cancelled' : null;
      });
    },
  );
  if (report === 'cancelled') return 'cancel';
  if (report === null || report.compatible) return 'start';
  const errors = report.findings.filter(({ severity }) => severity === 'error');
  const show = vscode.l10n.t('Show Report');
  const without = vscode.l10n.t('Restore Without It');
  const losesOnly = errors.every(({ code }) => code === 'leftBehind' || code === 'unknownOperator');
  const question = losesOnly
    ? vscode.l10n.t('{0} has state that the pipeline does not take.', basename(location))
    : vscode.l10n.t('{0} does not fit the pipeline.', basename(location));
  const answer = await vscode.window.showWarningMessage(
    plainText(question),
    { modal: true, detail: plainText(detailOf(errors)) },
    show,
    ...(losesOnly ? [without] : []),
  );
  if (answer === without) return 'startWithoutLeftBehind';
  if (answer === show) await showCheck(rooms, program, location, null);
  return 'cancel';
}

const SHOWN = 4;

function detailOf(errors: CheckReport['findings']): string {
  const lines = errors.slice(0, SHOWN).map(({ operator, state, message }) => {
    const place = [operator, state].filter((part) => part !== null).join(', ');
    return `${place === '' ? '' : `${place}: `}${message}`;
  });
  if (errors.length > SHOWN) lines.push(vscode.l10n.t('and {0} more', errors.length - SHOWN));
  return lines.join('\n\n');
}
