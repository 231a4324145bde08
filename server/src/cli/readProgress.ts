import { sizeText, type CliIo } from './io.ts';

const INTERVAL_MS = 100;

/** How far a read has come, as one line on a terminal; nowhere else. */
export class ReadProgress {
  readonly #io: CliIo;
  readonly #label: string;
  #shown = 0;
  #isShown = false;

  constructor(io: CliIo, label: string) {
    this.#io = io;
    this.#label = label;
  }

  show(bytesRead: number, bytesTotal: number): void {
    const now = Date.now();
    if (!this.#io.live || now - this.#shown < INTERVAL_MS) return;
    this.#shown = now;
    const share = bytesTotal === 0 ? '' : ` of ${sizeText(bytesTotal)}, ${String(Math.floor((bytesRead / bytesTotal) * 100))} %`;
    this.#io.line(`${this.#label}: ${sizeText(bytesRead)}${share}`);
    this.#isShown = true;
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isShown) this.#io.line('');
    this.#isShown = false;
  }
}
