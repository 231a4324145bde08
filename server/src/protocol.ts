/** What the extension asks the processes it starts, beyond LSP and DAP. Plain data. */

/** Snapshot process: JSON-RPC over stdio (vscode-jsonrpc). Reads snapshots; blocks neither the extension host nor the language server. */
export interface SnapshotRequests {
  /** `folder` is a snapshot folder, or a `_metadata` file. */
  'snapshot/open': { params: { location: string }; result: SnapshotSummary };
  /** Everything of the tree below a node, one page: operators, states, keys, entries ... */
  'snapshot/children': { params: { location: string; node: string | null; offset: number; limit: number }; result: SnapshotPage };
  /** All snapshots below the workspace folders' `.tidemark` folders, newest first. */
  'snapshot/list': { params: { folders: string[] }; result: { snapshots: SnapshotListItem[] } };
  /** The whole snapshot as JSON Lines, at most `limit` lines; `truncated` says when there is more. */
  'snapshot/dump': { params: { location: string; limit: number }; result: { text: string; truncated: boolean } };
  'snapshot/check': { params: { location: string; program: string }; result: CheckReport };
}

export interface SnapshotSummary {
  location: string;
  version: number;
  checkpointId: number;
  kind: 'savepoint' | 'checkpoint' | 'unknown';
  pipeline: string | null;
  createdAt: number | null;
  sizeBytes: number;
  operatorCount: number;
  /** Null when the snapshot has no tidemark.json; else whether all checksums hold, with the reason when not. */
  verified: { ok: boolean; reason: string | null } | null;
}

export interface SnapshotPage {
  nodes: SnapshotNode[];
  total: number;
}

export interface SnapshotNode {
  /** Opaque: give it back as `node` to get its children. */
  id: string;
  kind: 'operator' | 'state' | 'key' | 'entry' | 'timers' | 'timer' | 'operatorState' | 'element' | 'fact' | 'error';
  label: string;
  /** Secondary text: type, value, counts. */
  description: string;
  tooltip: string | null;
  sizeBytes: number | null;
  expandable: boolean;
}

export interface SnapshotListItem {
  location: string;
  pipeline: string;
  kind: 'savepoint' | 'checkpoint';
  checkpointId: number;
  createdAt: number;
  sizeBytes: number;
  /** Absolute path of the pipeline module that wrote it, where known. */
  program: string | null;
}

export interface CheckReport {
  compatible: boolean;
  findings: CheckFinding[];
}

export interface CheckFinding {
  severity: 'error' | 'warning' | 'info';
  /** `restored`, `migrated`, `new`, `leftBehind`, `incompatible`, `keyTypeChanged`, `maxParallelism` ... */
  code: string;
  operator: string | null;
  state: string | null;
  message: string;
  /** What to do about it; null where nothing is to be done. */
  remedy: string | null;
  written: string | null;
  wanted: string | null;
}
