import { plainJson, type Scalar, type TableColumn } from 'tidemark/snapshot';
import type { Output } from './outputFile.ts';
import type { TableSink } from './tableSink.ts';
import { TextOutput } from './textOutput.ts';

export interface CsvOptions {
  /**
   * Spreadsheets run texts that begin with =, +, - or @ as formulas, and state may hold what strangers sent: an apostrophe goes in front.
   * False leaves such texts as they are.
   */
  readonly guardFormulas: boolean;
}

/** A table as RFC 4180 has it, with a line of names first. Null is an empty field, the empty text is `""`. */
export class CsvSink implements TableSink {
  readonly #text: TextOutput;
  readonly #columns: readonly TableColumn[];
  readonly #guard: boolean;

  constructor(output: Output, columns: readonly TableColumn[], { guardFormulas }: CsvOptions) {
    this.#text = new TextOutput(output);
    this.#columns = columns;
    this.#guard = guardFormulas;
    void this.#text.add(`${columns.map(({ name }) => quoted(name)).join(',')}\r\n`);
  }

  row(values: readonly Scalar[]): Promise<undefined> | undefined {
    let line = '';
    for (let i = 0; i < this.#columns.length; i++) line += `${i === 0 ? '' : ','}${this.#field(values[i] ?? null, this.#columns[i])}`;
    return this.#text.add(`${line}\r\n`);
  }

  async end(): Promise<void> {
    await this.#text.flush();
  }

  #field(value: Scalar, column: TableColumn | undefined): string {
    if (value === null) return '';
    if (typeof value === 'string' && column?.type !== 'json') return this.#guard && isFormula(value) ? quoted(`'${value}`) : quoted(value);
    return typeof value === 'object' || column?.type === 'json' ? quoted(plainJson(value)) : String(value);
  }
}

function isFormula(text: string): boolean {
  return /^[=+\-@\t\r]/.test(text);
}

function quoted(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
