import type { ConnectorHost, FileWriter } from '../../operators/connector.ts';
import { ByteReader } from '../../snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../snapshot/bytes/byteWriter.ts';

/** Bytes that are written, and not yet visible. */
interface Transaction {
  /** Hidden file that holds them. */
  readonly file: string;
  readonly length: number;
  readonly checkpointId: number;
}

const COPY_CHUNK = 1 << 20;

/**
 * One output file: its visible part has `committed` bytes, and transactions wait to be appended to it, in their order.
 * Committing is idempotent: it says where in the file the bytes begin, so what a crash left half done is done again.
 */
export class PartFile {
  readonly index: number;
  readonly #host: ConnectorHost;
  readonly #uid: string;
  readonly #path: string;
  #committed: number;
  #pending: Transaction[];
  #current: { readonly file: string; length: number } | null = null;

  private constructor(host: ConnectorHost, uid: string, path: string, index: number, committed: number, pending: Transaction[]) {
    this.#host = host;
    this.#uid = uid;
    this.#path = partPath(path, index);
    this.index = index;
    this.#committed = committed;
    this.#pending = pending;
  }

  /** A new, empty file; one that is there is of an earlier run, and goes. */
  static create(host: ConnectorHost, uid: string, path: string, index: number): PartFile {
    const part = new PartFile(host, uid, path, index, 0, []);
    const { folder } = splitPath(part.#path);
    if (folder !== '') host.files.makeFolder(folder);
    host.files.openForWriting(part.#path, 0).close();
    part.#removeHiddenFiles();
    return part;
  }

  /** As it was at the snapshot: its transactions are committed, what was written after them is cut off. */
  static restore(host: ConnectorHost, uid: string, path: string, state: Uint8Array): PartFile {
    const reader = new ByteReader(state);
    const index = reader.i32();
    const committed = reader.safeI64();
    const pending: Transaction[] = [];
    for (let i = reader.count(); i > 0; i--) {
      pending.push({ file: reader.vstr() ?? '', length: reader.safeI64(), checkpointId: reader.safeI64() });
    }
    const part = new PartFile(host, uid, path, index, committed, pending);
    part.commit(Infinity);
    part.#cut();
    part.#removeHiddenFiles();
    return part;
  }

  /** Removes files of higher numbers. */
  static removeAbove(host: ConnectorHost, path: string, index: number): void {
    const { folder, stem, extension } = splitPath(path);
    for (const name of namesIn(host, folder)) {
      const visible = name.startsWith('.') ? name.slice(1) : name;
      if (!visible.startsWith(`${stem}-`)) continue;
      const match = /^(\d+)(\..*)?$/.exec(visible.slice(stem.length + 1));
      const rest = match?.[2] ?? '';
      const ours = rest === extension || (name.startsWith('.') && rest.startsWith(extension) && rest.endsWith('.pending'));
      if (match !== null && ours && Number(match[1]) > index) host.files.remove(join(folder, name));
    }
  }

  /** Nothing was ever written to it. */
  get isEmpty(): boolean {
    return this.#committed === 0 && this.#pending.length === 0 && this.#current === null;
  }

  beginTransaction(): FileWriter {
    // A name that no other run has had: a snapshot of another history must not take these bytes for its own.
    const token = Math.floor(this.#host.random() * 2 ** 48).toString(36);
    const { folder, name } = splitPath(this.#path);
    this.#current = { file: join(folder, `.${name}.${token}.pending`), length: 0 };
    return this.#host.files.openForWriting(this.#current.file, 0);
  }

  written(bytes: number): void {
    if (this.#current !== null) this.#current.length += bytes;
  }

  endTransaction(checkpointId: number): void {
    if (this.#current !== null) this.#pending.push({ ...this.#current, checkpointId });
    this.#current = null;
  }

  /** Appends the transactions of this checkpoint and those before it. */
  commit(checkpointId: number): void {
    for (const transaction of this.#pending.filter((candidate) => candidate.checkpointId <= checkpointId)) {
      this.#append(transaction);
      this.#committed += transaction.length;
    }
    this.#pending = this.#pending.filter((candidate) => candidate.checkpointId > checkpointId);
  }

  toBytes(): Uint8Array {
    const writer = new ByteWriter(64);
    writer.i32(this.index);
    writer.i64FromNumber(this.#committed);
    writer.i32(this.#pending.length);
    for (const { file, length, checkpointId } of this.#pending) {
      writer.vstr(file);
      writer.i64FromNumber(length);
      writer.i64FromNumber(checkpointId);
    }
    return writer.toBytes();
  }

  #append({ file, length }: Transaction): void {
    const { files } = this.#host;
    if (!files.exists(file)) {
      // The hidden file goes when its bytes are in: so they are in, unless someone else has been here.
      this.#checkSize(this.#committed + length);
      return;
    }
    this.#checkSize(this.#committed);
    const target = files.openForWriting(this.#path, this.#committed);
    for (let at = 0; at < length;) {
      const bytes = files.read(file, at, Math.min(COPY_CHUNK, length - at));
      if (bytes.length === 0) throw new Error(`operator "${this.#uid}": ${file} is shorter than when it was written`);
      target.write(bytes);
      at += bytes.length;
    }
    target.sync();
    target.close();
    files.remove(file);
  }

  #checkSize(atLeast: number): void {
    const { files } = this.#host;
    const size = files.exists(this.#path) ? files.size(this.#path) : 0;
    if (size < atLeast) {
      throw new Error(
        `operator "${this.#uid}": ${this.#path} has ${String(size)} bytes, and the snapshot goes on after ${String(atLeast)}: ` +
          'the file was removed or cut since. Put it back, or start without the snapshot',
      );
    }
  }

  #cut(): void {
    this.#checkSize(this.#committed);
    this.#host.files.openForWriting(this.#path, this.#committed).close();
  }

  /** Transactions that no snapshot of this history knows. */
  #removeHiddenFiles(): void {
    const { folder, name } = splitPath(this.#path);
    for (const candidate of namesIn(this.#host, folder)) {
      if (candidate.startsWith(`.${name}.`) && candidate.endsWith('.pending')) this.#host.files.remove(join(folder, candidate));
    }
  }
}

function namesIn(host: ConnectorHost, folder: string): readonly string[] {
  return host.files.exists(folder === '' ? '.' : folder) ? host.files.list(folder === '' ? '.' : folder) : [];
}

/** Subtask 0 has the path as the user gave it. */
function partPath(path: string, index: number): string {
  const { folder, stem, extension } = splitPath(path);
  return index === 0 ? path : join(folder, `${stem}-${String(index)}${extension}`);
}

function splitPath(path: string): { folder: string; name: string; stem: string; extension: string } {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const dot = name.lastIndexOf('.');
  const stem = dot <= 0 ? name : name.slice(0, dot);
  return { folder: slash < 0 ? '' : path.slice(0, slash), name, stem, extension: name.slice(stem.length) };
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
