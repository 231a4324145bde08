import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';

/**
 * A built page, made fit for a webview: scripts by nonce only, everything else from the page's own folder.
 * @param folder of the built pages
 * @param file such as `index.html`
 */
export async function pageHtml(webview: vscode.Webview, folder: vscode.Uri, file: string): Promise<string> {
  const nonce = randomBytes(18).toString('base64');
  const base = webview.asWebviewUri(folder).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
    `font-src ${webview.cspSource}`,
    `connect-src ${webview.cspSource}`,
    'worker-src blob:',
  ].join('; ');
  const html = await readFile(vscode.Uri.joinPath(folder, file).fsPath, 'utf8');
  const head = `<head>\n<meta http-equiv="Content-Security-Policy" content="${policy}">\n<base href="${base}/">`;
  return html
    .replaceAll(/<meta http-equiv="Content-Security-Policy"[^>]*>/g, '')
    .replace('<head>', head)
    .replaceAll('<script', `<script nonce="${nonce}"`);
}
