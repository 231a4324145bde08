import type { ConnectorHost } from '../../operators/connector.ts';

/** Where the parts of an output are. Subtask 0 has the path as the user gave it; subtask n writes `name-n.ext` beside it. */
export function partPath(path: string, index: number): string {
  const { folder, stem, extension } = splitPath(path);
  return index === 0 ? path : join(folder, `${stem}-${String(index)}${extension}`);
}

/**
 * How many parts an output has had, in a hidden file beside them: `name-7.ext` may be a file of the user's, and only what this sink has written
 * is ever removed.
 */
export class PartCount {
  readonly #host: ConnectorHost;
  readonly #path: string;
  readonly #file: string;

  constructor(host: ConnectorHost, path: string) {
    this.#host = host;
    this.#path = path;
    const { folder, name } = splitPath(path);
    this.#file = join(folder, `.${name}.parts`);
  }

  /** 0 where nobody has written the output at more than one subtask. */
  read(): number {
    const { files } = this.#host;
    if (!files.exists(this.#file)) return 0;
    const text = String.fromCharCode(...files.read(this.#file, 0, 16)).trim();
    if (!/^\d{1,6}$/.test(text)) throw new Error(`${this.#file} says how many parts ${this.#path} has, and is damaged. Remove it to go on`);
    return Number(text);
  }

  atLeast(count: number): void {
    if (count <= 1 || this.read() >= count) return;
    // In one step: a full disk, or a crash, must not leave half of it.
    const whole = `${this.#file}.new`;
    const writer = this.#host.files.openForWriting(whole, 0);
    writer.write(Uint8Array.from(`${String(count)}\n`, (character) => character.charCodeAt(0)));
    writer.close();
    this.#host.files.rename(whole, this.#file);
  }

  /** Paths of parts with a higher index, be they there or not. */
  above(index: number): string[] {
    const paths = [];
    for (let part = index + 1, count = this.read(); part < count; part++) paths.push(partPath(this.#path, part));
    return paths;
  }
}

/**
 * Removes hidden files of transactions that no snapshot of this history names: those that were being written when a run ended, and those of
 * checkpoints that came to nothing.
 */
export function removeHidden(host: ConnectorHost, path: string): void {
  const { folder, name } = splitPath(path);
  for (const candidate of namesIn(host, folder)) {
    const ends = candidate.endsWith('.writing') || candidate.endsWith('.pending');
    if (candidate.startsWith(`.${name}.`) && ends) host.files.remove(join(folder, candidate));
  }
}

function namesIn(host: ConnectorHost, folder: string): readonly string[] {
  return host.files.exists(folder === '' ? '.' : folder) ? host.files.list(folder === '' ? '.' : folder) : [];
}

export function splitPath(path: string): { folder: string; name: string; stem: string; extension: string } {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const dot = name.lastIndexOf('.');
  const stem = dot <= 0 ? name : name.slice(0, dot);
  return { folder: slash < 0 ? '' : path.slice(0, slash), name, stem, extension: name.slice(stem.length) };
}

export function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
