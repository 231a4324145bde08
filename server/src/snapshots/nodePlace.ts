import type { StateDescription } from 'tidemark/snapshot';
import type { SnapshotNode, SnapshotPage } from '../protocol.ts';

/** Where a node is; its JSON is the node's id. `path` leads into a value, part by part. */
export type NodePlace =
  | { readonly is: 'facts' }
  | { readonly is: 'fact'; readonly index: number }
  | { readonly is: 'operator'; readonly operator: number }
  | { readonly is: 'subtasks'; readonly operator: number }
  | { readonly is: 'coordinator'; readonly operator: number }
  | { readonly is: 'inFlight'; readonly operator: number }
  | { readonly is: 'channel'; readonly operator: number; readonly subtask: number; readonly channel: number; readonly element?: number }
  | { readonly is: 'subtask'; readonly operator: number; readonly subtask: number; readonly keyGroup?: number }
  | { readonly is: 'state'; readonly operator: number; readonly group: StateDescription['group']; readonly name: string }
  | {
      readonly is: 'value';
      readonly operator: number;
      readonly group: StateDescription['group'];
      readonly name: string;
      readonly index: number;
      readonly path: readonly number[];
    };

export function page(nodes: SnapshotNode[], offset: number, limit: number): SnapshotPage {
  return { nodes: nodes.slice(offset, offset + limit), total: nodes.length };
}

export function id(place: NodePlace): string {
  return JSON.stringify(place);
}
