/** Events of a run: held back until the session is ready for them, then given in their order. */
export class HeldEvents {
  #held: (() => void)[] | null = [];

  /** Now, or at `release`. */
  give(deliver: () => void): void {
    if (this.#held === null) deliver();
    else this.#held.push(deliver);
  }

  /** From now on events come as they happen; those that were held back come first. */
  release(): void {
    const held = this.#held;
    this.#held = null;
    for (const deliver of held ?? []) deliver();
  }
}
