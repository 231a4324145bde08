import { SharedWork } from './cancellation.ts';

/** Reads a range of a file that is known to be inside it. */
export type ReadRange = (path: string, offset: number, length: number) => Promise<Uint8Array>;

const BLOCK = 1 << 20;
const BLOCKS_MAX = 48;
/** Of one request, in blocks. */
const RUN_MAX = 8;

interface Block {
  readonly bytes: Promise<Uint8Array>;
  /** With its neighbours. */
  readonly read: SharedWork<Uint8Array>;
}

/**
 * Aligned blocks of files that are slow to reach, the latest few of them: readers ask for many small ranges side by side. Blocks that follow
 * each other are asked for at once.
 */
export class RangeCache {
  readonly #read: ReadRange;
  /** In the order of their last use. */
  readonly #blocks = new Map<string, Block>();

  constructor(read: ReadRange) {
    this.#read = read;
  }

  async slice(path: string, offset: number, length: number, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    const end = offset + length;
    for (let first = Math.floor(offset / BLOCK); first * BLOCK < end; first += RUN_MAX) {
      const last = Math.min(first + RUN_MAX, Math.ceil(end / BLOCK));
      const run = this.#run(path, first, last, size);
      for (const [i, block] of (await Promise.all(run.map(({ bytes: part, read }) => read.wait(part)))).entries()) {
        const start = (first + i) * BLOCK;
        const from = Math.max(offset, start);
        bytes.set(block.subarray(from - start, Math.min(end, start + block.length) - start), from - offset);
      }
    }
    return bytes;
  }

  #run(path: string, first: number, last: number, size: number): Block[] {
    const run: Block[] = [];
    for (let i = first; i < last;) {
      const known = this.#known(key(path, i));
      if (known !== undefined) {
        this.#keep(key(path, i), known);
        run.push(known);
        i++;
        continue;
      }
      let next = i + 1;
      while (next < last && this.#known(key(path, next)) === undefined) next++;
      const start = i * BLOCK;
      const length = Math.min(next * BLOCK, size) - start;
      const whole = new SharedWork(() => this.#read(path, start, length));
      for (; i < next; i++) {
        const at = i * BLOCK - start;
        // A copy, so that a block that stays does not keep its neighbours.
        const block: Block = { bytes: whole.result.then((bytes) => bytes.slice(at, at + BLOCK)), read: whole };
        const name = key(path, i);
        block.bytes.catch(() => {
          if (this.#blocks.get(name) === block) this.#blocks.delete(name);
        });
        this.#keep(name, block);
        run.push(block);
      }
    }
    return run;
  }

  #known(name: string): Block | undefined {
    const block = this.#blocks.get(name);
    return block === undefined || block.read.isCancelled ? undefined : block;
  }

  #keep(name: string, block: Block): void {
    this.#blocks.delete(name);
    this.#blocks.set(name, block);
    const oldest = this.#blocks.keys().next().value;
    if (this.#blocks.size > BLOCKS_MAX && oldest !== undefined) this.#blocks.delete(oldest);
  }
}

function key(path: string, block: number): string {
  return `${String(block)} ${path}`;
}
