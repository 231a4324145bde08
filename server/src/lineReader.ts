/** Cuts a stream of text chunks into lines. A line without end is refused rather than gathered for ever. */
export class LineReader {
  readonly #lengthMax: number;
  #parts: string[] = [];
  #length = 0;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  /** @throws RangeError when a line grows beyond the limit; the reader is of no use after that. */
  push(chunk: string): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      this.#parts.push(chunk.slice(start, end));
      const line = this.#parts.join('');
      this.#parts = [];
      this.#length = 0;
      if (line !== '') lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#parts.push(chunk.slice(start));
      this.#length += chunk.length - start;
      if (this.#length > this.#lengthMax) throw new RangeError(`A line of more than ${this.#lengthMax} characters was received`);
    }
    return lines;
  }
}
