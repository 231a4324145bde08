import type { Range } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Span } from './pipelineSyntax.ts';

/** Offsets to lines and characters, both from 0, in UTF-16 units: the protocol's and TypeScript's own. */
export function toRange(document: TextDocument, span: Span): Range {
  return { start: document.positionAt(span.start), end: document.positionAt(span.end) };
}

/** The word that begins at a place that counts from 1. */
export function wordAt(document: TextDocument, line: number, column: number): Span {
  const start = document.offsetAt({ line: line - 1, character: column - 1 });
  const word = /^(?:[\w$]+|[^\s])/.exec(document.getText().slice(start, start + 200));
  return { start, end: start + (word?.[0].length ?? 0) };
}
