/** Passes on the newest value, at most once in `intervalMs`; the first at once. What comes in between is replaced, never queued. */
export class Coalesce<T> {
  readonly #intervalMs: number;
  readonly #deliver: (value: T) => void;
  #timer: NodeJS.Timeout | null = null;
  #pending: { readonly value: T } | null = null;

  constructor(intervalMs: number, deliver: (value: T) => void) {
    this.#intervalMs = intervalMs;
    this.#deliver = deliver;
  }

  push(value: T): void {
    this.#pending = { value };
    if (this.#timer === null) this.flush();
  }

  /** Delivers what is pending now. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#pending === null) return;
    const { value } = this.#pending;
    this.#pending = null;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, this.#intervalMs);
    this.#timer.unref();
    this.#deliver(value);
  }
}
