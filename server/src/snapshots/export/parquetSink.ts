import { ByteWriter, ParquetWriter, schemaFromColumnData, type BasicType, type Writer } from 'hyparquet-writer';
import { plainJson, type ColumnType, type Scalar, type TableColumn } from 'tidemark/snapshot';
import type { Output } from './outputFile.ts';
import type { TableSink } from './tableSink.ts';

/** Small enough for rows to die young: larger groups are slower, not smaller. */
const ROWS_MAX = 1 << 14;
/** Of texts in a row group, in characters. */
const TEXT_MAX = 1 << 23;

const TYPES: Readonly<Record<ColumnType, BasicType>> = {
  text: 'STRING',
  json: 'STRING',
  boolean: 'BOOLEAN',
  int: 'INT32',
  long: 'INT64',
  double: 'DOUBLE',
};

/** A table as Parquet, compressed with Snappy. A row group is what is in memory at a time. */
export class ParquetSink implements TableSink {
  readonly #columns: readonly TableColumn[];
  readonly #parquet: ParquetWriter;
  #data: unknown[][];
  #rows = 0;
  #text = 0;

  constructor(output: Output, columns: readonly TableColumn[]) {
    this.#columns = columns;
    this.#data = columns.map(() => []);
    const schema = schemaFromColumnData({
      columnData: columns.map(({ name, type }) => ({ name, data: [], type: TYPES[type], nullable: true })),
    });
    this.#parquet = new ParquetWriter({ writer: flushedTo(output), schema, createdBy: 'tidemark' });
  }

  row(values: readonly Scalar[]): Promise<undefined> | undefined {
    for (const [i, column] of this.#columns.entries()) {
      const value = cell(values[i] ?? null, column.type);
      if (typeof value === 'string') this.#text += value.length;
      this.#data[i]?.push(value);
    }
    this.#rows++;
    return this.#rows < ROWS_MAX && this.#text < TEXT_MAX ? undefined : this.#writeGroup();
  }

  async end(): Promise<void> {
    if (this.#rows > 0) await this.#writeGroup();
    await this.#parquet.finish();
  }

  async #writeGroup(): Promise<undefined> {
    // Of texts, the least and the largest cost more to find than all the rest.
    const columnData = this.#columns.map(({ name, type }, i) => ({
      name,
      data: this.#data[i] ?? [],
      statistics: type !== 'text' && type !== 'json',
    }));
    this.#data = this.#columns.map(() => []);
    const rowGroupSize = this.#rows;
    this.#rows = 0;
    this.#text = 0;
    await this.#parquet.write({ columnData, rowGroupSize });
    return undefined;
  }
}

/** What does not fit the column's type is null. */
function cell(value: Scalar, type: ColumnType): unknown {
  if (value === null) return null;
  switch (type) {
    case 'text':
      return typeof value === 'object' ? plainJson(value) : String(value);
    case 'json':
      return plainJson(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'int':
      return typeof value === 'number' ? value : null;
    case 'double':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
    case 'long':
      return typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value as number | bigint) : null;
  }
}

/** The library's own buffer, emptied into the output after each row group. */
function flushedTo(output: Output): Writer {
  const writer = new ByteWriter();
  const flush = async (): Promise<void> => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    await output.write(bytes);
  };
  return Object.assign(writer, { flush, finish: flush });
}
