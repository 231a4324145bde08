import * as vscode from 'vscode';
import type { Runs } from './runs.ts';

/** Ticks the steps of the walkthrough when what they teach has been done, whichever way: from the keyboard, a button or launch.json. */
export function watchWalkthrough(runs: Runs): vscode.Disposable {
  const done = new Set<string>();
  const tick = (step: 'run' | 'pause' | 'savepoint' | 'restore', isDone: boolean): void => {
    if (!isDone || done.has(step)) return;
    done.add(step);
    void vscode.commands.executeCommand('setContext', `tidemark.walkthrough.${step}`, true);
  };
  return runs.onDidChange(({ run }) => {
    tick('run', run.plan !== null);
    tick('pause', runs.stateOf(run) === 'paused');
    tick('savepoint', run.lastSavepoint !== null);
    tick('restore', run.plan !== null && (run.info?.restoredFrom ?? null) !== null);
  });
}
