import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ByteReader, decodedReader, dumpText, operatorIdOf, type SerializerSnapshot, type ValueDecoders } from 'tidemark/snapshot';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DECODER_FILE, loadDecoders } from '../../../src/snapshots/decoders/loadDecoders.ts';

/** An order, encoded by protoc from order.proto, whose descriptor set is acme.desc. */
const ORDER = Buffer.from(
  '0881808080808080101204c3a976611a060a02413110021a060a024232100120012a080880e2cfaa061005320d0a0241311100000000000023403a0201ff',
  'hex',
);
const ORDER_JSON =
  '{"$class":"acme.Order","id":"9007199254740993","customer":"éva","items":[{"sku":"A1","count":2},{"sku":"B2","count":1}],"status":"PAID","placedAt":"2023-11-14T22:13:20.000000005Z","prices":{"A1":9.5},"note":"Af8="}';

const BYTES: SerializerSnapshot = { kind: 'byteArray' };
const UNKNOWN: SerializerSnapshot = {
  kind: 'unknown',
  className: 'com.acme.ThingSerializerSnapshot',
  version: 1,
  content: new Uint8Array(),
};
const KRYO: SerializerSnapshot = { kind: 'kryo', className: 'java.lang.Object', registrations: [], content: new Uint8Array() };

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-decoders-'));
  cpSync(new URL('acme.desc', import.meta.url), join(folder, 'acme.desc'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function declare(...decoders: unknown[]): void {
  writeFileSync(join(folder, DECODER_FILE), JSON.stringify({ decoders }));
}

function read(serializer: SerializerSnapshot, bytes: Uint8Array, decoders: ValueDecoders): string {
  const reader = decodedReader(serializer, { flink: 2, enumConstants: new Map() }, decoders, { uid: 'orders', state: 'last' });
  return reader === null ? 'no decoder' : dumpText(reader(new ByteReader(bytes)));
}

function withLength(bytes: Uint8Array): Uint8Array {
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

/** As Kryo writes an object whose class it knows by name only: class, mark, what its serializer writes. */
function kryoObject(className: string, body: Uint8Array): Uint8Array {
  const name = Buffer.from(className, 'latin1');
  name[name.length - 1] = (name.at(-1) ?? 0) | 0x80;
  return Buffer.concat([Buffer.of(1, 0), name, Buffer.of(1), body]);
}

describe('the file of decoders', () => {
  const problems = async (): Promise<string> => (await loadDecoders(folder, { trusted: false })).problems.join(', ');

  test.skipIf(process.platform === 'win32')('is not read where it is a device, a pipe or a link out of its folder', async () => {
    for (const to of ['/dev/zero', '/proc/self/environ', '/etc/hosts']) {
      symlinkSync(to, join(folder, DECODER_FILE));
      expect(await problems()).toContain('is a link to');
      rmSync(join(folder, DECODER_FILE));
    }
    execFileSync('mkfifo', [join(folder, DECODER_FILE)]);
    expect(await problems()).toContain('is a pipe, a device or a socket');
  });

  test('is not read where it is large', async () => {
    writeFileSync(join(folder, DECODER_FILE), ' '.repeat((1 << 20) + 1));
    expect(await problems()).toContain('are the most that are read');
  });

  test('names no files outside of its folder in an untrusted workspace', async () => {
    const outside = join(folder, 'acme.desc');
    declare(
      { state: 'a/b', protobuf: 'acme.Order', descriptors: outside },
      { state: 'a/c', protobuf: 'acme.Order', descriptors: `../${basename(folder)}/acme.desc` },
    );
    expect(await problems()).toMatch(/only a trusted workspace.*only a trusted workspace/);
    expect((await loadDecoders(folder, { trusted: true })).problems).toEqual([]);
  });
});

describe('Protobuf messages', () => {
  test('in byte arrays of a state, in an untrusted workspace', async () => {
    declare({ state: 'orders/last', protobuf: 'acme.Order', descriptors: 'acme.desc' });
    const { decoders, problems } = await loadDecoders(folder, { trusted: false });
    expect(problems).toEqual([]);
    expect(read(BYTES, withLength(ORDER), decoders)).toBe(ORDER_JSON);
    expect(read({ kind: 'nullable', value: BYTES, padding: 0 }, Buffer.concat([Buffer.of(0), withLength(ORDER)]), decoders)).toBe(
      ORDER_JSON,
    );
    expect(read({ kind: 'ttl', value: BYTES }, Buffer.concat([Buffer.alloc(8), withLength(ORDER)]), decoders)).toBe(
      `{"$ttl":0,"value":${ORDER_JSON}}`,
    );
  });

  test('that Kryo wrote, with and without a length in front', async () => {
    declare({ class: 'acme.OrderProto$Order', protobuf: 'acme.Order', descriptors: 'acme.desc' });
    const { decoders } = await loadDecoders(folder, { trusted: false });
    const body = Buffer.concat([Buffer.of(ORDER.length), ORDER]);
    expect(read(KRYO, kryoObject('acme.OrderProto$Order', body), decoders)).toBe(ORDER_JSON);
    expect(read(KRYO, kryoObject('acme.OrderProto$Order', ORDER), decoders)).toBe(ORDER_JSON);
    expect(read(KRYO, Uint8Array.of(0x03, 0x01, 0x61, 0xe2), decoders)).toBe('"ab"');
  });

  test('of a serializer that is not known', async () => {
    declare({ class: 'com.acme.ThingSerializerSnapshot', protobuf: 'acme.Order', descriptors: 'acme.desc' });
    const { decoders } = await loadDecoders(folder, { trusted: false });
    expect(read(UNKNOWN, ORDER, decoders)).toBe(ORDER_JSON);
  });

  test('that are none are shown as their bytes, with the reason', async () => {
    declare({ state: 'orders/last', protobuf: 'acme.Order', descriptors: 'acme.desc' });
    const { decoders } = await loadDecoders(folder, { trusted: false });
    expect(read(BYTES, withLength(Uint8Array.of(0x0a, 0xff)), decoders)).toMatch(/^\{"\$bytes":"0aff","\$error":".+"\}$/);
  });

  test('of a type that the set does not have', async () => {
    declare({ state: 'orders/last', protobuf: 'com.acme.Order', descriptors: 'acme.desc' });
    expect((await loadDecoders(folder, { trusted: true })).problems).toEqual([
      'acme.desc: the descriptor set has no message com.acme.Order, but acme.Order',
    ]);
  });
});

describe('modules', () => {
  const MODULE =
    'export function decode(bytes, className) { return { className, first: bytes[0], at: new Date(0), rest: bytes.subarray(1) }; }';

  test('run where the workspace is trusted', async () => {
    writeFileSync(join(folder, 'thing.mjs'), MODULE);
    declare({ class: 'com.acme.ThingSerializerSnapshot', module: './thing.mjs' }, { class: 'com.acme.Thing', module: 'thing.mjs' });
    const { decoders, problems } = await loadDecoders(folder, { trusted: true });
    expect(problems).toEqual([]);
    expect(read(UNKNOWN, Uint8Array.of(7, 8), decoders)).toBe(
      '{"className":"com.acme.ThingSerializerSnapshot","first":7,"at":{"$instant":"1970-01-01T00:00:00.000Z"},"rest":{"$bytes":"08"}}',
    );
    expect(read(KRYO, kryoObject('com.acme.Thing', Uint8Array.of(9)), decoders)).toContain('"className":"com.acme.Thing","first":9');
  });

  test('never run elsewhere', async () => {
    writeFileSync(join(folder, 'thing.mjs'), 'globalThis.decoderRan = true; export const decode = () => 1;');
    declare({ class: 'com.acme.ThingSerializerSnapshot', module: './thing.mjs' });
    const { decoders, problems } = await loadDecoders(folder, { trusted: false });
    expect(problems).toEqual([expect.stringContaining('./thing.mjs is code of this folder')]);
    expect('decoderRan' in globalThis).toBe(false);
    expect(decoders.ofClass('com.acme.ThingSerializerSnapshot')).toBeNull();
  });

  test('print where people read it, and not into the data', async () => {
    writeFileSync(join(folder, 'thing.mjs'), "console.log('loaded'); export const decode = () => { console.log('decoding'); return 1; };");
    declare({ class: 'com.acme.ThingSerializerSnapshot', module: './thing.mjs' });
    const printed: string[] = [];
    const writing = [process.stdout, process.stderr].map((stream, i) =>
      vi.spyOn(stream, 'write').mockImplementation((text) => printed.push(`${i === 0 ? 'data' : 'people'}: ${String(text)}`) > 0),
    );
    const { console: own } = globalThis;
    try {
      const { decoders } = await loadDecoders(folder, { trusted: true });
      expect(read(UNKNOWN, Uint8Array.of(7), decoders)).toBe('1');
    } finally {
      globalThis.console = own;
      for (const each of writing) each.mockRestore();
    }
    expect(printed).toEqual(['people: loaded\n', 'people: decoding\n']);
  });

  test('that throw are named beside the bytes', async () => {
    writeFileSync(join(folder, 'thing.mjs'), "export default () => { throw new Error('no such thing'); };");
    declare({ class: 'com.acme.ThingSerializerSnapshot', module: './thing.mjs' });
    const { decoders } = await loadDecoders(folder, { trusted: true });
    expect(read(UNKNOWN, Uint8Array.of(7), decoders)).toBe('{"$bytes":"07","$error":"no such thing"}');
  });
});

describe('types of PyFlink', () => {
  test('are found by uid and state, and by the id that is the hash of the uid, in an untrusted workspace', async () => {
    declare({ state: 'a/b/cnt', pyflink: 'Types.LONG()' }, { state: 'pp/l', pyflink: ' Types.LIST( Types.STRING() ) ' });
    const { decoders, problems } = await loadDecoders(folder, { trusted: false });
    expect(problems).toEqual([]);
    expect(decoders.pyflinkType('a/b', 'cnt')).toEqual({ text: 'Types.LONG()', kind: 'bigInt' });
    expect(decoders.pyflinkType(operatorIdOf('pp'), 'l')).toEqual({
      text: 'Types.LIST( Types.STRING() )',
      kind: 'array',
      element: { text: 'Types.STRING()', kind: 'char' },
    });
    expect(decoders.pyflinkType('pp', 'cnt')).toBeNull();
    expect(decoders.ofState('pp', 'l')).toBeNull();
  });

  test('that are wrong are said by name', async () => {
    declare(
      { state: 'pp/cnt', pyflink: 'Types.LONGS()' },
      { class: 'A', pyflink: 'Types.LONG()' },
      { state: 'pp/cnt', pyflink: 3 },
      { state: 'pp/cnt', pyflink: 'Types.LONG()', module: 'x.mjs' },
    );
    expect((await loadDecoders(folder, { trusted: false })).problems).toEqual([
      'decoder 1: the type of pp/cnt: Types.LONGS is not a type of PyFlink that can be read at column 1 of Types.LONGS()',
      'decoder 2: "pyflink" is the type of a "state" (as uid/state), not of a "class"',
      'decoder 3: "pyflink" must be a text such as "Types.LONG()"',
      'decoder 4: only one of "module" and "pyflink" is expected',
    ]);
  });
});

describe('what is wrong with the file', () => {
  test('is said, and the rest works', async () => {
    writeFileSync(join(folder, 'empty.mjs'), 'export const x = 1;');
    declare(
      { class: 'A' },
      { module: 'x.mjs' },
      'text',
      { class: 'A', protobuf: 'a.B' },
      { class: 'A', module: 'empty.mjs' },
      { state: 'orders/last', protobuf: 'acme.Order', descriptors: 'acme.desc' },
    );
    const { decoders, problems } = await loadDecoders(folder, { trusted: true });
    expect(problems).toEqual([
      'decoder 1: "module", "protobuf" or "pyflink" is expected',
      'decoder 2: "class" or "state" (as uid/state) is expected',
      'decoder 3: an object is expected',
      'decoder 4: "descriptors" is expected beside "protobuf"',
      'empty.mjs: it must export a function decode(bytes, className)',
    ]);
    expect(decoders.ofState('orders', 'last')).not.toBeNull();
  });

  test('and no file is not a problem', async () => {
    const { decoders, problems } = await loadDecoders(folder, { trusted: true });
    expect(problems).toEqual([]);
    expect(decoders.ofClass('A')).toBeNull();
    // Values are read as if there were no such thing as decoders.
    for (const serializer of [KRYO, BYTES, UNKNOWN]) expect(read(serializer, Uint8Array.of(3, 1), decoders)).toBe('no decoder');
  });

  test('nor is one that is not JSON more than one', async () => {
    writeFileSync(join(folder, DECODER_FILE), '{');
    expect((await loadDecoders(folder, { trusted: true })).problems).toHaveLength(1);
  });
});
