import type { SearchMode, StateName } from './model.ts';

/** What a reader of the page can do; `page.ts` does it. */
export interface Actions {
  readonly selectOperator: (id: string) => void;
  readonly selectState: (state: StateName) => void;
  readonly pickState: (anchor: HTMLElement) => void;
  readonly setMode: (mode: SearchMode) => void;
  /** Searches with what is in the search field. */
  readonly search: () => void;
  /** Puts a key into the search field, and searches. */
  readonly searchKey: (json: string) => void;
  readonly clearSearch: () => void;
  readonly setKeyGroup: (keyGroup: number | null) => void;
  readonly setParallelism: (parallelism: number) => void;
  readonly setTtl: (ms: number) => void;
  /** Null reads the whole snapshot. */
  readonly read: (operator: string | null) => void;
  readonly stopReading: () => void;
  readonly verify: () => void;
  readonly nextPage: () => void;
  readonly previousPage: () => void;
  readonly stopSearch: () => void;
  readonly openEntry: (cursor: string, title: string) => void;
  readonly copy: (text: string) => void;
  readonly exportResults: () => void;
  readonly exportAll: () => void;
  readonly openAsJson: () => void;
  readonly runFrom: () => void;
  readonly openProgram: () => void;
  readonly retry: () => void;
  readonly showLog: () => void;
  /** Operators that came into view. */
  readonly needFacts: (operators: readonly string[]) => void;
}
