import type { FileAccess } from '../../operators/connector.ts';
import { InputError } from '../../operators/inputError.ts';
import type { Type } from '../../types/type.ts';
import { ByteWindow } from './byteWindow.ts';
import { nextRecordOf, parserOf, type ParseText } from './recordParser.ts';
import { nextRow, type FileFormat, type NextRecord } from './textRecords.ts';

/** The records of one file from a position on. */
export class FileRecords {
  readonly #files: FileAccess;
  readonly #window: ByteWindow;
  readonly #next: NextRecord;
  readonly #parse: ParseText;
  readonly #limit: number;

  /** Records that begin before `limit` are this reader's; a `position` inside a line belongs to the one that has the line's beginning. */
  constructor(files: FileAccess, path: string, format: FileFormat, type: Type<unknown>, position: number, limit: number) {
    this.#files = files;
    this.#next = nextRecordOf(format);
    this.#limit = limit;
    const header = format === 'csv' ? new ByteWindow(files, path, 0) : null;
    const headerRow = header === null ? null : nextRow(header);
    this.#parse = parserOf(format, type, headerRow?.text ?? null);
    this.#window = header !== null && position === 0 ? header : new ByteWindow(files, path, position);
  }

  get position(): number {
    return this.#window.position;
  }

  /** Moves past the rest of the line that `position` is in, unless a line begins there. */
  toLineStart(): void {
    const { position, path } = this.#window;
    if (position === 0 || this.#files.read(path, position - 1, 1)[0] === 0x0a) return;
    for (let byte = this.#window.peek(); byte >= 0 && byte !== 0x0a; byte = this.#window.peek()) this.#window.at++;
    if (this.#window.peek() >= 0) this.#window.at++;
  }

  /** Undefined at the end. @throws InputError that names file, line and field. */
  next(): { readonly value: unknown } | undefined {
    if (this.#window.position >= this.#limit) return undefined;
    const from = this.#window.position;
    let at = from;
    try {
      const record = this.#next(this.#window);
      if (record === null || record.position >= this.#limit) return undefined;
      at = record.position;
      return { value: this.#parse(record.text) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // What is wrong with the text is about its line; what is wrong with reading is about the file system, and may pass.
      if (!isAboutText(error)) throw error;
      const line = this.#lineOf(at);
      throw new InputError(`${this.#window.path}, line ${String(line)}: ${reason}`, this.#window.path, line, error);
    }
  }

  /** From 1. Only errors ask, so it is counted then. */
  #lineOf(position: number): number {
    let line = 1;
    for (let at = 0; at < position;) {
      const bytes = this.#files.read(this.#window.path, at, Math.min(position - at, 1 << 16));
      if (bytes.length === 0) break;
      for (const byte of bytes) if (byte === 0x0a) line++;
      at += bytes.length;
    }
    return line;
  }
}

function isAboutText(error: unknown): boolean {
  return error instanceof Error && (error.name === 'Misfit' || error instanceof SyntaxError || error instanceof TypeError);
}
