/**
 * Messages between the page of checks and the extension that shows it. The page imports nothing else of ours: its data are the snapshot
 * process's answers, and the extension, which passes them on, is where the compiler sees that both agree.
 */
export type ToCheckPage =
  /** A check has begun; the page goes on showing the last one. */
  | { readonly kind: 'checking'; readonly subject: CheckSubject }
  | { readonly kind: 'report'; readonly subject: CheckSubject; readonly report: CheckReport }
  | { readonly kind: 'failed'; readonly subject: CheckSubject; readonly reason: string };

export type FromCheckPage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'check'; readonly flink: FlinkTarget | null }
  /** Stops a check. */
  | { readonly kind: 'cancel' }
  | { readonly kind: 'restore'; readonly allowNonRestoredState: boolean }
  /** Gives the savepoint the types of the pipeline, so that Flink has nothing to migrate. */
  | { readonly kind: 'migrate' }
  | { readonly kind: 'goTo'; readonly operator: string; readonly state: string | null }
  | { readonly kind: 'openSavepoint' }
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'showLog' };

export type FlinkTarget = '2.3' | '1.20';

export interface CheckSubject {
  /** Names for people. */
  readonly pipeline: string;
  readonly savepoint: string;
  readonly location: string;
  /** Null is Tidemark itself. */
  readonly flink: FlinkTarget | null;
}

export interface CheckReport {
  compatible: boolean;
  findings: CheckFinding[];
}

export interface CheckFinding {
  severity: 'error' | 'warning' | 'info';
  code: string;
  operator: string | null;
  state: string | null;
  message: string;
  remedy: string | null;
  changes: string[];
  schemas: { written: string; wanted: string } | null;
}
