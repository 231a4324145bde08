import { dataTypeOf, type DataType } from '../../types/dataType.ts';
import type { RecordType } from '../../types/record.ts';
import type { Type } from '../../types/type.ts';
import { cellsOf, nextElement, nextLine, nextRow, type FileFormat, type NextRecord } from './textRecords.ts';

/** From a record's text to its value. @throws Misfit or SyntaxError */
export type ParseText = (text: string) => unknown;

export function nextRecordOf(format: FileFormat): NextRecord {
  if (format === 'csv') return nextRow;
  return format === 'json' ? nextElement : nextLine;
}

/** `header` is the first row of a CSV file. */
export function parserOf(format: FileFormat, type: Type<unknown>, header: string | null): ParseText {
  const dataType = dataTypeOf(type);
  if (format !== 'csv') return (text) => dataType.fromJson(parseJson(text));
  return csvParser(recordTypeOf(dataType), header);
}

/** CSV has columns, so its values are records. By name rather than by class: a pipeline may carry a copy of this module of its own. */
export function recordTypeOf(dataType: DataType<unknown>): RecordType {
  if (!('recordFields' in dataType)) throw new TypeError(`CSV holds records, and ${dataType.name} is none: use t.record`);
  return dataType as unknown as RecordType;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`no JSON: ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`);
  }
}

function csvParser(type: RecordType, header: string | null): ParseText {
  const columns = new Map((header === null ? [] : cellsOf(header)).map((name, index) => [name.trim(), index]));
  return (row) => {
    const cells = cellsOf(row);
    return type.fromCells((name) => {
      const index = columns.get(name);
      return index === undefined ? undefined : cells[index];
    });
  };
}
