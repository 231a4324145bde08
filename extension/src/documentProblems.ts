import * as vscode from 'vscode';
import type { PlanProblem } from '../../server/src/protocol.ts';

/** What is to be underlined; of syntax every editor of JSON tells by itself. */
export function diagnosticsOf(document: vscode.TextDocument, problems: readonly PlanProblem[]): vscode.Diagnostic[] {
  return problems
    .filter(({ severity }) => severity !== 'syntax')
    .map(({ severity, offset, length, message }) => {
      const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
      const { Error: error, Warning: warning } = vscode.DiagnosticSeverity;
      const diagnostic = new vscode.Diagnostic(range, message, severity === 'error' ? error : warning);
      diagnostic.source = 'tidemark';
      return diagnostic;
    });
}
