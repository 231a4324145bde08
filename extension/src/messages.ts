import * as vscode from 'vscode';
import { plainText } from './plainText.ts';

/**
 * What goes wrong is said once: in a message that names what, where and what to do, and in the log with all that is known.
 * Every message offers the log.
 */
export class Messages {
  readonly log: vscode.LogOutputChannel;

  constructor(log: vscode.LogOutputChannel) {
    this.log = log;
  }

  /** Says that `what` failed, and why. */
  error(what: string, error: unknown): void {
    const reason = reasonOf(error);
    this.log.error(`${what}: ${error instanceof Error ? (error.stack ?? reason) : reason}`);
    this.#offerLog(vscode.window.showErrorMessage(plainText(`${what}: ${reason}`), showLog()));
  }

  warn(text: string): void {
    this.log.warn(text);
    this.#offerLog(vscode.window.showWarningMessage(plainText(text), showLog()));
  }

  /** Runs a command's work; what it throws becomes a message, so that no command fails in silence. */
  async guard<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof vscode.CancellationError)) this.error(what, error);
      return undefined;
    }
  }

  #offerLog(answer: Thenable<string | undefined>): void {
    void answer.then((chosen) => {
      if (chosen === showLog()) this.log.show();
    });
  }
}

function showLog(): string {
  return vscode.l10n.t('Show Log');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
