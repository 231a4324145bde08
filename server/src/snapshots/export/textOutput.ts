import type { Output } from './outputFile.ts';

/** Text goes out in pieces of about this many characters. */
const PIECE = 1 << 16;
const encoder = new TextEncoder();

/** Gathers lines into pieces. */
export class TextOutput {
  readonly #output: Output;
  #text = '';

  constructor(output: Output) {
    this.#output = output;
  }

  /** A promise where a piece is on its way. */
  add(text: string): Promise<undefined> | undefined {
    this.#text += text;
    return this.#text.length < PIECE ? undefined : this.flush();
  }

  async flush(): Promise<undefined> {
    const text = this.#text;
    this.#text = '';
    if (text !== '') await this.#output.write(encoder.encode(text));
    return undefined;
  }
}
