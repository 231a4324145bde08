import { findNodeAtLocation, type Node } from 'jsonc-parser';
import type { PlanProblem } from '../../protocol.ts';

/** A mistake in a document of JSON, at the innermost part of the path that is there. */
export function problemAt(root: Node, path: readonly (string | number)[], severity: PlanProblem['severity'], message: string): PlanProblem {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length));
    if (node !== undefined) return { severity, offset: node.offset, length: node.length, message };
  }
  return { severity, offset: root.offset, length: 1, message };
}
