import { ResultsExist } from '../../operators/resultsExist.ts';
import type { ConnectorHost, FileWriter } from '../../operators/connector.ts';
import { ByteReader } from '../../snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../snapshot/bytes/byteWriter.ts';
import { crc32c } from '../../snapshot/bytes/crc32c.ts';
import { join, partPath, removeHidden, splitPath } from './partPaths.ts';

/** Bytes that are written, and not yet visible. */
interface Transaction {
  /** Hidden file that holds them. */
  readonly file: string;
  readonly length: number;
  /** CRC-32C of the bytes; null in snapshots of versions that did not write it. */
  readonly checksum: number | null;
  readonly checkpointId: number;
  /** A savepoint names the hidden file: it stays when its bytes have become visible, for a restore of that savepoint. */
  readonly inSavepoint: boolean;
}

const COPY_CHUNK = 1 << 20;
/** In place of the index of a part, which is never negative: the form with checksums. */
const FORM_WITH_CHECKSUMS = -2;

/**
 * One output file: its visible part has `committed` bytes, and transactions wait to be appended to it, in their order.
 * Committing is idempotent: it says where in the file the bytes begin, so what a crash left half done is done again.
 *
 * Opening a part only looks: where the file cannot be made what the snapshot says, it throws, and nothing has been changed. `settle` then
 * makes it so. A file can be made right when its visible bytes are those of the snapshot, and each transaction is in place or still in
 * its hidden file; bytes are compared by length and checksum, because another history may have written others of the same length.
 *
 * Hidden files are named `.NAME.TOKEN.writing` while they grow, `.NAME.TOKEN.pending` when a checkpoint names them, and `.NAME.TOKEN.savepoint` when a
 * savepoint does: only the last outlive the run that they belong to.
 */
export class PartFile {
  readonly index: number;
  readonly #host: ConnectorHost;
  readonly #uid: string;
  readonly #path: string;
  #committed: number;
  /** Of the committed bytes; null where a snapshot of an older version did not say. */
  #checksum: number | null;
  #pending: Transaction[];
  #current: { readonly file: string; length: number; checksum: number } | null = null;
  /** What `settle` has to do; null when it is done. */
  #unsettled: { readonly inPlace: number; readonly isNew: boolean } | null;

  private constructor(host: ConnectorHost, uid: string, path: string, part: StoredPart, isNew: boolean) {
    this.#host = host;
    this.#uid = uid;
    this.#path = partPath(path, part.index);
    this.index = part.index;
    this.#committed = part.committed;
    this.#checksum = part.checksum;
    this.#pending = part.pending;
    this.#unsettled = isNew ? { inPlace: 0, isNew } : { inPlace: this.#transactionsInPlace(), isNew };
  }

  /** A new, empty file. @throws ResultsExist where an earlier run has left results in it and they may not be replaced */
  static create(host: ConnectorHost, uid: string, path: string, index: number): PartFile {
    const part = new PartFile(host, uid, path, { index, committed: 0, checksum: 0, pending: [] }, true);
    const mayReplace = host.outputs.overwrite || host.outputs.made.has(part.#path);
    if (!mayReplace && part.#size() > 0) {
      throw new ResultsExist(
        `operator "${uid}": ${part.#path} has ${String(part.#size())} bytes of an earlier run. Go on from that run with --from latest, ` +
          'replace its results with --overwrite, or give the sink another path',
      );
    }
    return part;
  }

  /**
   * As it was at the snapshot: its transactions are committed, what was written after them is cut off.
   * @throws Error where the file can no longer be made so
   */
  static restore(host: ConnectorHost, uid: string, path: string, state: Uint8Array): PartFile {
    return new PartFile(host, uid, path, storedPart(state), false);
  }

  /** Nothing was ever written to it. */
  get isEmpty(): boolean {
    return this.#committed === 0 && this.#pending.length === 0 && this.#current === null;
  }

  /** Makes the file what it was found to become when it was opened. Does nothing the second time. */
  settle(): void {
    const unsettled = this.#unsettled;
    if (unsettled === null) return;
    this.#unsettled = null;
    const { folder } = splitPath(this.#path);
    if (folder !== '') this.#host.files.makeFolder(folder);
    for (const transaction of this.#pending.slice(0, unsettled.inPlace)) this.#passOver(transaction);
    for (const transaction of this.#pending.slice(unsettled.inPlace)) this.#append(transaction);
    this.#pending = [];
    if (unsettled.isNew || this.#size() > this.#committed) this.#host.files.openForWriting(this.#path, this.#committed).close();
    removeHidden(this.#host, this.#path);
    this.#host.outputs.made.add(this.#path);
  }

  beginTransaction(): FileWriter {
    // A name that no other run has had: a snapshot of another history must not take these bytes for its own.
    const token = Math.floor(this.#host.random() * 2 ** 48).toString(36);
    const { folder, name } = splitPath(this.#path);
    this.#current = { file: join(folder, `.${name}.${token}`), length: 0, checksum: 0 };
    return this.#host.files.openForWriting(`${this.#current.file}.writing`, 0);
  }

  written(bytes: Uint8Array): void {
    if (this.#current === null) return;
    this.#current.length += bytes.length;
    this.#current.checksum = crc32c(bytes, 0, bytes.length, this.#current.checksum);
  }

  /** After its writer was closed. From here a snapshot names the bytes. */
  endTransaction(checkpointId: number, snapshot: 'checkpoint' | 'savepoint'): void {
    const current = this.#current;
    this.#current = null;
    if (current !== null) {
      const file = `${current.file}.pending`;
      this.#host.files.rename(`${current.file}.writing`, file);
      this.#pending.push({ ...current, file, checkpointId, inSavepoint: false });
    }
    if (snapshot === 'savepoint') this.#pending = this.#pending.map((transaction) => this.#kept(transaction));
  }

  /** Snapshots are taken one at a time: what waits here now belongs to no checkpoint that is whole, so nothing names the file yet. */
  #kept(transaction: Transaction): Transaction {
    if (transaction.inSavepoint) return transaction;
    const file = transaction.file.replace(/\.pending$/, '.savepoint');
    this.#host.files.rename(transaction.file, file);
    return { ...transaction, file, inSavepoint: true };
  }

  /** Appends the transactions of this checkpoint and those before it. */
  commit(checkpointId: number): void {
    for (const transaction of this.#pending.filter((candidate) => candidate.checkpointId <= checkpointId)) this.#append(transaction);
    this.#pending = this.#pending.filter((candidate) => candidate.checkpointId > checkpointId);
  }

  toBytes(): Uint8Array {
    const writer = new ByteWriter(64);
    writer.i32(FORM_WITH_CHECKSUMS);
    writer.i32(this.index);
    writer.i64FromNumber(this.#committed);
    writeChecksum(writer, this.#checksum);
    writer.i32(this.#pending.length);
    for (const { file, length, checksum, checkpointId, inSavepoint } of this.#pending) {
      writer.vstr(file);
      writer.i64FromNumber(length);
      writeChecksum(writer, checksum);
      writer.i64FromNumber(checkpointId);
      writer.bool(inSavepoint);
    }
    return writer.toBytes();
  }

  /** How many transactions are in the visible file already. @throws Error where the rest is not in hidden files */
  #transactionsInPlace(): number {
    const size = this.#size();
    if (size < this.#committed) this.#refuse(`it has ${String(size)} bytes, and the snapshot goes on after ${String(this.#committed)}`);
    if (this.#checksum !== null && this.#checksumOf(this.#path, 0, this.#committed) !== this.#checksum) {
      this.#refuse(`its first ${String(this.#committed)} bytes are not those of the snapshot`);
    }
    let at = this.#committed;
    let inPlace = 0;
    for (; inPlace < this.#pending.length; inPlace++) {
      const transaction = this.#pending[inPlace];
      if (transaction === undefined || !this.#isInPlace(transaction, at)) break;
      at += transaction.length;
    }
    for (const transaction of this.#pending.slice(inPlace)) {
      if (!this.#isHidden(transaction))
        this.#refuse(`the ${String(transaction.length)} bytes that the snapshot was about to append are not there any more`);
    }
    return inPlace;
  }

  #isInPlace({ file, length, checksum }: Transaction, at: number): boolean {
    if (this.#size() < at + length) return false;
    // Without a checksum: the hidden file goes when its bytes are in.
    if (checksum === null) return !this.#host.files.exists(file);
    return this.#checksumOf(this.#path, at, length) === checksum;
  }

  #isHidden({ file, length, checksum }: Transaction): boolean {
    const { files } = this.#host;
    if (!files.exists(file) || files.size(file) < length) return false;
    return checksum === null || this.#checksumOf(file, 0, length) === checksum;
  }

  #refuse(problem: string): never {
    throw new Error(
      `operator "${this.#uid}": ${this.#path} cannot become what it was when the snapshot was taken: ${problem}. Another run or program has ` +
        'changed it since. Nothing was written. Put the file back as it was, or restore from another snapshot',
    );
  }

  /** Its bytes are in the visible file. */
  #passOver({ file, length, inSavepoint }: Transaction): void {
    this.#checksum = this.#checksum === null ? null : this.#checksumOf(this.#path, this.#committed, length, this.#checksum);
    this.#committed += length;
    if (!inSavepoint) this.#host.files.remove(file);
  }

  #append({ file, length, inSavepoint }: Transaction): void {
    const { files } = this.#host;
    const size = this.#size();
    if (size < this.#committed) this.#refuse(`it has ${String(size)} bytes, and ${String(this.#committed)} were written`);
    const target = files.openForWriting(this.#path, this.#committed);
    let checksum = this.#checksum;
    for (let at = 0; at < length;) {
      const bytes = files.read(file, at, Math.min(COPY_CHUNK, length - at));
      if (bytes.length === 0) throw new Error(`operator "${this.#uid}": ${file} is shorter than when it was written`);
      target.write(bytes);
      if (checksum !== null) checksum = crc32c(bytes, 0, bytes.length, checksum);
      at += bytes.length;
    }
    target.sync();
    target.close();
    this.#checksum = checksum;
    this.#committed += length;
    if (!inSavepoint) files.remove(file);
  }

  #size(): number {
    const { files } = this.#host;
    return files.exists(this.#path) ? files.size(this.#path) : 0;
  }

  #checksumOf(file: string, from: number, length: number, before = 0): number {
    let checksum = before;
    for (let at = from; at < from + length;) {
      const bytes = this.#host.files.read(file, at, Math.min(COPY_CHUNK, from + length - at));
      if (bytes.length === 0) throw new Error(`operator "${this.#uid}": ${file} was cut while it was read`);
      checksum = crc32c(bytes, 0, bytes.length, checksum);
      at += bytes.length;
    }
    return checksum;
  }
}

interface StoredPart {
  readonly index: number;
  readonly committed: number;
  readonly checksum: number | null;
  readonly pending: Transaction[];
}

function storedPart(state: Uint8Array): StoredPart {
  const reader = new ByteReader(state);
  const first = reader.i32();
  const hasChecksums = first === FORM_WITH_CHECKSUMS;
  const index = hasChecksums ? reader.i32() : first;
  const committed = reader.safeI64();
  const checksum = hasChecksums ? readChecksum(reader) : null;
  const pending: Transaction[] = [];
  for (let i = reader.count(); i > 0; i--) {
    pending.push({
      file: reader.vstr() ?? reader.fail('a transaction without its file'),
      length: reader.safeI64(),
      checksum: hasChecksums ? readChecksum(reader) : null,
      checkpointId: reader.safeI64(),
      inSavepoint: hasChecksums ? reader.bool() : true,
    });
  }
  return { index, committed, checksum, pending };
}

function writeChecksum(writer: ByteWriter, checksum: number | null): void {
  writer.bool(checksum !== null);
  if (checksum !== null) writer.i32(checksum | 0);
}

function readChecksum(reader: ByteReader): number | null {
  return reader.bool() ? reader.i32() >>> 0 : null;
}
