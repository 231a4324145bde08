import { ByteWriter } from '../bytes/byteWriter.ts';
import type { StreamHandle } from '../metadata/snapshotMetadata.ts';

/** Where a new snapshot goes. Nothing of it is a snapshot before `complete` has returned. */
export interface SnapshotOutput {
  /** A file beside `_metadata`, written from its first byte on. */
  create(name: string): OutputFile;
  /** Waits for all files to be durable, writes `_metadata`, and makes all of it the snapshot. */
  complete(metadata: Uint8Array): Promise<void>;
}

export interface OutputFile {
  /** Keeps nothing of `bytes`. */
  write(bytes: Uint8Array): void;
  /** Nothing more comes: it becomes durable, before the snapshot is complete. */
  finish(): void;
}

/** Writes nothing: to see what would be done. */
export const NO_OUTPUT: SnapshotOutput = {
  create: () => ({ write: () => undefined, finish: () => undefined }),
  complete: () => Promise.resolve(),
};

/** As Flink has it: streams of fewer bytes are in `_metadata`. */
const INLINE_BELOW = 20 << 10;

/** One stream of state on its way out: a small one stays in memory, and becomes part of `_metadata`. */
export class OutputStream {
  readonly #output: SnapshotOutput;
  readonly #name: string;
  #inline: ByteWriter | null = new ByteWriter(4096);
  #file: OutputFile | null = null;
  length = 0;

  constructor(output: SnapshotOutput, name: string) {
    this.#output = output;
    this.#name = name;
  }

  write(bytes: Uint8Array): void {
    this.length += bytes.length;
    if (this.#inline !== null && this.length < INLINE_BELOW) {
      this.#inline.raw(bytes);
      return;
    }
    this.#file ??= this.#output.create(this.#name);
    if (this.#inline !== null) this.#file.write(this.#inline.view());
    this.#inline = null;
    this.#file.write(bytes);
  }

  finish(): StreamHandle {
    if (this.#file === null) return { kind: 'inline', name: this.#name, data: this.#inline?.toBytes() ?? new Uint8Array(0) };
    this.#file.finish();
    return { kind: 'relativeFile', path: this.#name, size: this.length };
  }
}
