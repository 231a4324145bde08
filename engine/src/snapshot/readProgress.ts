/** How far a reading has come, in bytes as the handles tell them. */
export interface ReadProgress {
  readonly bytesRead: number;
  readonly bytesTotal: number;
}

/** Adds up how far a reading has come that takes one part after another. */
export class PartsProgress {
  readonly #bytesTotal: number;
  readonly #report: ((progress: ReadProgress) => void) | undefined;
  #bytesEnded = 0;

  constructor(parts: readonly { readonly stateSize: number }[], report: ((progress: ReadProgress) => void) | undefined) {
    this.#bytesTotal = parts.reduce((sum, { stateSize }) => sum + stateSize, 0);
    this.#report = report;
  }

  /** The part in hand has been read to this share. */
  at({ stateSize }: { readonly stateSize: number }, share: number): void {
    this.#report?.({ bytesRead: this.#bytesEnded + stateSize * share, bytesTotal: this.#bytesTotal });
  }

  end(part: { readonly stateSize: number }): void {
    this.at(part, 1);
    this.#bytesEnded += part.stateSize;
  }
}
