import type { Measure, StatePlace } from './model.ts';
import type { ComparedRow, EntryChange } from './protocol.ts';

/** What a reader of the page can do; `page.ts` does it. */
export interface Actions {
  readonly swap: () => void;
  readonly cancel: () => void;
  readonly compareAgain: () => void;
  readonly openSnapshot: (location: string) => void;
  readonly openReport: () => void;
  readonly askIgnore: () => void;
  readonly keepPreview: () => void;
  readonly discardPreview: () => void;
  readonly toggleChange: (change: EntryChange) => void;
  readonly toggleSame: () => void;
  readonly setOperator: (operator: number | null) => void;
  readonly setState: (state: string | null) => void;
  /** Shows entries of the key in the search field. */
  readonly search: () => void;
  readonly clearSearch: () => void;
  readonly acceptRename: (operator: number) => void;
  readonly keepApart: (operator: number) => void;
  readonly select: (place: StatePlace) => void;
  readonly foldOperator: (operator: number, open: boolean) => void;
  readonly foldAllOperators: () => void;
  readonly openListing: (place: StatePlace, open: boolean) => void;
  readonly closeListings: () => void;
  readonly loadMore: (place: StatePlace) => void;
  readonly foldEntry: (id: string, open: boolean) => void;
  readonly selectRow: (id: string) => void;
  readonly openEntry: (place: StatePlace, row: ComparedRow) => void;
  readonly nextChange: (backwards: boolean) => void;
  readonly setMeasure: (measure: Measure) => void;
  readonly showLog: () => void;
}
