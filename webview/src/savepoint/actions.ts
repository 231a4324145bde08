import type { SearchMode, StateName } from './model.ts';

/** What a reader of the page can do; `page.ts` does it. */
export interface Actions {
  selectOperator(id: string): void;
  selectState(state: StateName): void;
  pickState(anchor: HTMLElement): void;
  setMode(mode: SearchMode): void;
  /** Searches with what stands in the search field. */
  search(): void;
  /** Puts a key into the search field, and searches. */
  searchKey(json: string): void;
  clearSearch(): void;
  setKeyGroup(keyGroup: number | null): void;
  setParallelism(parallelism: number): void;
  setTtl(ms: number): void;
  /** Null reads the whole snapshot. */
  read(operator: string | null): void;
  stopReading(): void;
  verify(): void;
  nextPage(): void;
  previousPage(): void;
  stopSearch(): void;
  openEntry(cursor: string, title: string): void;
  copy(text: string): void;
  exportResults(): void;
  exportAll(): void;
  openAsJson(): void;
  runFrom(): void;
  openProgram(): void;
  retry(): void;
  showLog(): void;
  /** Operators that came into view. */
  needFacts(operators: readonly string[]): void;
}
