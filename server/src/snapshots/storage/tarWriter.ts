const BLOCK = 512;
const NAME_MAX = 100;
/** Eleven octal digits. */
const SIZE_MAX = 8 ** 11;
const REGULAR = '0';
const PAX = 'x';

/** What is in front of a file's content. Names and sizes that ustar has no room for are in a pax header before it. */
export function tarHeader(name: string, size: number, modified: number): Uint8Array {
  const records: string[] = [];
  if (Buffer.byteLength(name) > NAME_MAX) records.push(paxRecord('path', name));
  if (size >= SIZE_MAX) records.push(paxRecord('size', String(size)));
  const header = block(name, size >= SIZE_MAX ? 0 : size, modified, REGULAR);
  if (records.length === 0) return header;
  const text = Buffer.from(records.join(''));
  return Buffer.concat([block('pax', text.length, modified, PAX), text, tarPadding(text.length), header]);
}

/** What is behind content of so many bytes. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}

export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * BLOCK);
}

function block(name: string, size: number, modified: number, kind: string): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, NAME_MAX, 'utf8');
  header.write('0000600\0', 100, 'latin1');
  header.write('0000000\x000000000\0', 108, 'latin1');
  header.write(octal(size, 11), 124, 'latin1');
  header.write(octal(Math.floor(modified / 1000), 11), 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write(kind, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const size = Buffer.byteLength(rest);
  let length = size + String(size).length;
  if (String(length).length + size > length) length++;
  return `${String(length)}${rest}`;
}
