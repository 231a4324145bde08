import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync, gunzipSync } from 'node:zlib';

const FIXTURES = new URL('../../../../engine/test/fixtures/snapshots/', import.meta.url);
const BLOCK = 512;

/** The tar archive of a snapshot that Flink wrote. */
export function fixtureTar(name: string): Buffer {
  return gunzipSync(readFileSync(new URL(`${name}.tar.gz`, FIXTURES)));
}

export interface TarMember {
  readonly name: string;
  readonly content?: Uint8Array;
  /** `0` is a file. */
  readonly kind?: string;
}

export function tar(members: readonly TarMember[]): Buffer {
  const parts = members.flatMap(({ name, content = new Uint8Array(0), kind = '0' }) => {
    const header = Buffer.alloc(BLOCK);
    header.write(name, 0, 100);
    header.write(content.length.toString(8).padStart(11, '0'), 124);
    header.write('00000000001', 136);
    header.write('        ', 148);
    header.write(kind, 156);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** The files of a tar archive without long names. */
export function untar(archive: Buffer): { name: string; content: Buffer }[] {
  const files = [];
  for (let at = 0; at < archive.length && archive[at] !== 0;) {
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8);
    const name = archive.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    if (!name.endsWith('/')) files.push({ name, content: archive.subarray(at + BLOCK, at + BLOCK + size) });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

export function writeFiles(folder: string, files: readonly { name: string; content: Uint8Array }[]): void {
  for (const { name, content } of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** `mode` is that of Unix, with the file's type. */
export function zip(members: readonly { name: string; content: Uint8Array; mode?: number; stored?: boolean }[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content, mode = 0o100644, stored = false } of members) {
    const packed = stored ? Buffer.from(content) : deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((mode << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), common, rest, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
