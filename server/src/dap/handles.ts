import type { Variable } from '../control.ts';

/** What a number that the client holds stands for. Numbers of one pause mean nothing in the next. */
export type Handle =
  | { readonly kind: 'frame'; readonly index: number }
  /** `path` is what evaluates to them: `state.streak`. */
  | { readonly kind: 'variables'; readonly variables: readonly Variable[]; readonly path: string };

/** Gives out numbers that are never used twice, so that one of an earlier pause is recognized. */
export class Handles {
  readonly #handles = new Map<number, Handle>();
  #next = 1000;

  frame(index: number): number {
    return this.#add({ kind: 'frame', index });
  }

  variables(variables: readonly Variable[], path: string): number {
    return this.#add({ kind: 'variables', variables, path });
  }

  get(id: number): Handle | null {
    return this.#handles.get(id) ?? null;
  }

  clear(): void {
    this.#handles.clear();
  }

  #add(handle: Handle): number {
    const id = this.#next++;
    this.#handles.set(id, handle);
    return id;
  }
}
