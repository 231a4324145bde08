/** Messages between the page of an examination and the extension that shows it; its data are the snapshot process's answer. */
export interface ToDoctorPage {
  readonly kind: 'report';
  /** For people. */
  readonly savepoint: string;
  readonly report: DoctorReport;
}

export type FromDoctorPage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'again' }
  /** Null is the whole savepoint. */
  | { readonly kind: 'openSavepoint'; readonly operatorId: string | null }
  | { readonly kind: 'copy'; readonly text: string };

export interface DoctorReport {
  location: string;
  /** The worst first. */
  findings: DoctorFinding[];
}

export interface DoctorFinding {
  severity: 'error' | 'warning' | 'info';
  operator: string | null;
  operatorId: string | null;
  state: string | null;
  file: string | null;
  message: string;
  remedy: string | null;
}
