import { findNodeAtLocation, type Node } from 'jsonc-parser';
import { compileExpression, ExpressionError, keysExpression, RewriteRefused } from 'tidemark/snapshot';
import type { PlanProblem } from '../../protocol.ts';

/** What is wrong with an expression over keys, in words, with its place; null where it is right. */
export function keysMistake(where: string): string | null {
  try {
    keysExpression(where);
    return null;
  } catch (error) {
    if (error instanceof ExpressionError || error instanceof RewriteRefused) return error.message;
    throw error;
  }
}

/**
 * The mistake in an expression of a document, from the character where it is to the end of the expression. Null where there is no expression
 * at the place, or its reason is another one.
 */
export function mistakeInExpression(root: Node, text: string, place: readonly (string | number)[], reason: string): PlanProblem | null {
  if (place.at(-1) !== 'where') return null;
  const node = findNodeAtLocation(root, [...place]);
  const value: unknown = node?.value;
  if (node === undefined || typeof value !== 'string') return null;
  const at = offsetOfMistake(value);
  if (at === null) return null;
  // At the end of the expression there is nothing to underline but its quotation mark.
  const from = Math.min(offsetInJson(text.slice(node.offset, node.offset + node.length), at), node.length - 1);
  return { severity: 'error', offset: node.offset + from, length: Math.max(1, node.length - 1 - from), message: reason };
}

function offsetOfMistake(expression: string): number | null {
  try {
    compileExpression(expression);
    return null;
  } catch (error) {
    if (error instanceof ExpressionError) return error.offset;
    throw error;
  }
}

/** Where a character of a string's value is in its JSON, which begins with a quotation mark and writes some characters as escapes. */
function offsetInJson(json: string, at: number): number {
  let offset = 1;
  for (let left = at; left > 0; left--) offset += json[offset] !== '\\' ? 1 : json[offset + 1] === 'u' ? 6 : 2;
  return offset;
}
