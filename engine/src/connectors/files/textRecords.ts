import { decodeUtf8 } from '../../snapshot/bytes/utf8.ts';
import type { ByteWindow } from './byteWindow.ts';

export type FileFormat = 'jsonl' | 'json' | 'csv';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The text of a record and where it begins in its file. */
export interface RecordText {
  readonly text: string;
  readonly position: number;
}

/**
 * The next record, which the window is moved past; null at the end. One function a format, with no state but the window:
 * so a position in the file is all that a split has to remember.
 */
export type NextRecord = (window: ByteWindow) => RecordText | null;

/** A line that is not blank. */
export function nextLine(window: ByteWindow): RecordText | null {
  return nextUpToLineEnd(window, false);
}

/** A row of CSV: a line, except that line breaks inside quotes belong to it. */
export function nextRow(window: ByteWindow): RecordText | null {
  return nextUpToLineEnd(window, true);
}

function nextUpToLineEnd(window: ByteWindow, quotes: boolean): RecordText | null {
  for (;;) {
    window.skipByteOrderMark();
    if (window.peek() < 0) return null;
    const { position } = window;
    const text = takeText(window, lengthOfLine(window, quotes));
    if (window.peek() === LF) window.at++;
    if (text.trim() !== '') return { text, position };
  }
}

function lengthOfLine(window: ByteWindow, quotes: boolean): number {
  let length = 0;
  let quoted = false;
  for (;;) {
    const { bytes, at } = window;
    for (let i = at + length; i < bytes.length; i++, length++) {
      const byte = bytes[i];
      if (byte === LF && !quoted) return length;
      if (quotes && byte === QUOTE) quoted = !quoted;
    }
    if (!window.more()) return length;
  }
}

/** An element of the JSON array that the file is. The array's bracket is looked for at the start of the file only. */
export function nextElement(window: ByteWindow): RecordText | null {
  if (window.position === 0) {
    window.skipByteOrderMark();
    skip(window, false);
    if (window.peek() < 0) return null;
    if (window.peek() !== OPEN_ARRAY) throw new SyntaxError('a JSON array is expected: [ as the first character');
    window.at++;
  }
  skip(window, true);
  const first = window.peek();
  if (first === CLOSE_ARRAY) return null;
  if (first < 0) throw new SyntaxError('the JSON array is cut off: there is no ] at its end');
  const { position } = window;
  return { text: takeText(window, lengthOfValue(window)), position };
}

function skip(window: ByteWindow, comma: boolean): void {
  for (;;) {
    const byte = window.peek();
    if (byte !== SPACE && byte !== LF && byte !== CR && byte !== TAB && !(comma && byte === COMMA)) return;
    window.at++;
  }
}

/** Up to the comma or bracket that ends an element; what is inside is JSON.parse's business. */
function lengthOfValue(window: ByteWindow): number {
  let length = 0;
  let depth = 0;
  let inString = false;
  for (;;) {
    const { bytes, at } = window;
    for (let i = at + length; i < bytes.length; i++, length++) {
      const byte = bytes[i];
      if (inString) {
        if (byte === BACKSLASH) {
          i++;
          length++;
        } else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if (depth > 0 && (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY)) depth--;
      else if (depth === 0 && (byte === COMMA || byte === CLOSE_ARRAY)) return length;
    }
    if (!window.more()) return Math.min(length, window.bytes.length - window.at);
  }
}

function takeText(window: ByteWindow, length: number): string {
  const { bytes, at } = window;
  window.at += length;
  const end = length > 0 && bytes[at + length - 1] === CR ? at + length - 1 : at + length;
  try {
    return decodeUtf8(bytes.subarray(at, end));
  } catch {
    throw new SyntaxError('the text is not UTF-8');
  }
}

/** The cells of a row. Quotes around a cell keep commas and line breaks; two quotes in it are one. */
export function cellsOf(row: string): string[] {
  if (!row.includes('"')) return row.split(',');
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (row.charAt(at) === '"') {
      let cell = '';
      let from = at + 1;
      let end = row.indexOf('"', from);
      while (end >= 0 && row.charAt(end + 1) === '"') {
        cell += row.slice(from, end + 1);
        from = end + 2;
        end = row.indexOf('"', from);
      }
      if (end < 0) throw new SyntaxError('a quoted cell is not closed');
      cells.push(cell + row.slice(from, end));
      at = end + 1;
      if (at < row.length && row.charAt(at) !== ',') throw new SyntaxError('text after a quoted cell');
    } else {
      const comma = row.indexOf(',', at);
      const end = comma < 0 ? row.length : comma;
      cells.push(row.slice(at, end));
      at = end;
    }
    if (at >= row.length) return cells;
    at++;
    if (at === row.length) return [...cells, ''];
  }
}
