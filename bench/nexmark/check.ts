/** What a query has put out, in numbers that do not depend on the order: the same sums as in `Check.java`. */
export class Check {
  rows = 0;
  #sum = 0;
  readonly #last = new Map<unknown, number>();

  row(...fields: readonly (string | number)[]): void {
    this.rows++;
    this.#sum = (this.#sum + hash(fields)) | 0;
  }

  /** Only the last row of a key counts: those before depend on the order of timers of one moment. */
  lastRow(key: unknown, ...fields: readonly (string | number)[]): void {
    this.rows++;
    this.#last.set(key, hash(fields));
  }

  count(count: number): void {
    this.rows += count;
  }

  get checksum(): number {
    return [...this.#last.values()].reduce((sum, each) => (sum + each) | 0, this.#sum);
  }
}

function hash(fields: readonly (string | number)[]): number {
  let h = 17;
  for (const field of fields) h = (Math.imul(h, 31) + (typeof field === 'string' ? javaHash(field) : field | 0)) | 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  return h;
}

function javaHash(text: string): number {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
  return h;
}
