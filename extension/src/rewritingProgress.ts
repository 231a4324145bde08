import * as vscode from 'vscode';
import type { ReadProgress } from '../../server/src/protocol.ts';
import { bytes } from './figures.ts';

/**
 * Runs a long request with its progress in a notification, and a way to stop it. `said` is what the notification says of a percentage and of
 * all bytes. @throws vscode.CancellationError
 */
export async function withRewritingProgress<T>(
  title: string,
  said: (percent: number, total: string) => string,
  work: (onProgress: (progress: ReadProgress) => void, token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    let shown = 0;
    const show = ({ bytesRead, bytesTotal }: ReadProgress): void => {
      const percent = bytesTotal === 0 ? 0 : Math.floor((bytesRead / bytesTotal) * 100);
      progress.report({ increment: percent - shown, message: said(percent, bytes(bytesTotal)) });
      shown = percent;
    };
    return work(show, token).catch((error: unknown) => {
      throw token.isCancellationRequested ? new vscode.CancellationError() : error;
    });
  });
}
