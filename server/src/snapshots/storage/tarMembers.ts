import { memberPath, type ArchiveMember } from './archiveMembers.ts';

const BLOCK = 512;
const MEMBERS_MAX = 1_000_000;
/** Names and extended headers longer than this are not names. */
const HEADER_MAX = 1 << 20;

/** What pax headers say that matters here. */
const KEYS = new Set(['path', 'size', 'mtime']);
const SPARSE = 'GNU.sparse.';

type Read = (offset: number, length: number) => Promise<Uint8Array>;

/**
 * Where the files of a tar archive are in it: ustar, with pax headers and GNU's long names. Links and devices are left out: a snapshot has
 * none, and the file that one stands for is then said to be missing. @throws where the archive is damaged, or has a name twice
 */
export async function tarMembers(archive: string, size: number, read: Read): Promise<Map<string, ArchiveMember>> {
  const members = new Map<string, ArchiveMember>();
  let global = new Map<string, string>();
  let local = new Map<string, string>();
  for (let at = 0; at + BLOCK <= size;) {
    const header = Buffer.from(await read(at, BLOCK));
    if (header.every((byte) => byte === 0)) return members;
    checkSum(archive, header, at);
    const kind = String.fromCharCode(header[156] ?? 0);
    const content = at + BLOCK;
    const pax = new Map([...global, ...local]);
    const isHeader = 'xgLK'.includes(kind);
    const length = isHeader ? number(header, 124, 12) : numberOr(pax.get('size'), number(header, 124, 12));
    if (!Number.isSafeInteger(length) || length < 0 || content + length > size)
      throw new Error(`${archive} is cut off: its member at byte ${String(at)} is to have ${String(length)} bytes`);
    at = content + Math.ceil(length / BLOCK) * BLOCK;
    if (isHeader) {
      if (length > HEADER_MAX) throw new Error(`${archive} has a header of ${String(length)} bytes at byte ${String(content)}`);
      const bytes = Buffer.from(await read(content, length));
      if (kind === 'g') global = new Map([...global, ...paxRecords(bytes)]);
      else if (kind === 'x') local = new Map([...local, ...paxRecords(bytes)]);
      else if (kind === 'L') local.set('path', bytes.toString('utf8').replace(/\0.*$/s, ''));
      continue;
    }
    local = new Map();
    const name = pax.get('path') ?? ustarName(header);
    const path = memberPath(archive, name);
    if (!'0\u00007'.includes(kind) || name.endsWith('/')) continue;
    if (pax.has(SPARSE))
      throw new Error(`${archive} stores ${path} as a sparse file, which is not readable here: unpack it and open the folder`);
    if (members.has(path)) throw new Error(`${archive} has two members named ${path}: which of them is meant cannot be said`);
    if (members.size >= MEMBERS_MAX) throw new Error(`${archive} has more than ${String(MEMBERS_MAX)} members`);
    members.set(path, { offset: content, size: length, modified: numberOr(pax.get('mtime'), number(header, 136, 12)) * 1000 });
  }
  return members;
}

function checkSum(archive: string, header: Buffer, at: number): void {
  let sum = 0;
  for (const [i, byte] of header.entries()) sum += i >= 148 && i < 156 ? 32 : byte;
  if (sum !== number(header, 148, 8)) throw new Error(`${archive} is not a tar archive, or damaged: no header is at byte ${String(at)}`);
}

/** Octal, or GNU's binary form for what is larger. */
function number(header: Buffer, start: number, length: number): number {
  if (((header[start] ?? 0) & 0x80) !== 0) return Number(header.readBigUInt64BE(start + length - 8));
  const digits = text(header, start, length).trim();
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function numberOr(value: string | undefined, otherwise: number): number {
  return value === undefined ? otherwise : Number(value);
}

function ustarName(header: Buffer): string {
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? text(header, 345, 155) : '';
  return prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
}

function text(header: Buffer, start: number, length: number): string {
  const end = header.indexOf(0, start);
  return header.toString('utf8', start, end < 0 || end > start + length ? start + length : end);
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecords(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at);
    const length = space < 0 ? Number.NaN : Number(bytes.toString('latin1', at, space));
    if (!(length > space - at) || at + length > bytes.length) throw new Error('a pax header of the archive is damaged');
    const record = bytes.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    // All others are left out: each member would copy what global headers have piled up.
    if (KEYS.has(key)) records.set(key, record.slice(equals + 1));
    else if (key.startsWith(SPARSE)) records.set(SPARSE, '');
    at += length;
  }
  return records;
}
