import { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { StreamHandle } from '../snapshot/metadata/snapshotMetadata.ts';
import type { FileWriter } from '../operators/connector.ts';
import type { NewSnapshotFolder } from './newSnapshotFolder.ts';
import type { ManifestFile } from './snapshotManifest.ts';
import type { Hash, SnapshotFiles } from './snapshotFiles.ts';

/** A stream of state on its way to a snapshot: small ones go into `_metadata`, larger ones become a file of their own. */
export class StateStream {
  readonly #files: SnapshotFiles;
  readonly #folder: NewSnapshotFolder;
  readonly #name: string;
  readonly #inlineThreshold: number;
  /** What has been written while it may still stay inline; null once it has become a file. */
  #inline: ByteWriter | null = new ByteWriter(4096);
  #file: FileWriter | null = null;
  readonly #hash: Hash;
  length = 0;

  /** Streams smaller than `inlineThreshold` bytes stay inline. */
  constructor(files: SnapshotFiles, folder: NewSnapshotFolder, name: string, inlineThreshold: number) {
    this.#files = files;
    this.#folder = folder;
    this.#name = name;
    this.#inlineThreshold = inlineThreshold;
    this.#hash = files.sha256();
  }

  /** Keeps nothing of `bytes`. */
  write(bytes: Uint8Array): void {
    this.length += bytes.length;
    this.#hash.update(bytes);
    if (this.#inline !== null && this.length < this.#inlineThreshold) {
      this.#inline.raw(bytes);
      return;
    }
    const file = (this.#file ??= this.#files.openForWriting(this.#folder.fileNamed(this.#name), 0));
    if (this.#inline !== null) {
      // A copy, for the buffer is dropped here and the file may write later.
      file.write(this.#inline.toBytes());
      this.#inline = null;
    }
    file.write(bytes);
  }

  /** Makes it durable. `file` is null for an inline stream. */
  finish(): { readonly handle: StreamHandle; readonly file: ManifestFile | null } {
    if (this.#file === null) {
      return { handle: { kind: 'inline', name: this.#name, data: this.#inline?.toBytes() ?? new Uint8Array(0) }, file: null };
    }
    this.#file.sync();
    this.close();
    return {
      handle: { kind: 'relativeFile', path: this.#name, size: this.length },
      file: { path: this.#name, size: this.length, sha256: this.#hash.hex() },
    };
  }

  close(): void {
    const file = this.#file;
    this.#file = null;
    file?.close();
  }
}
