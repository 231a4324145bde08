import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { dumpBytes, dumpDouble, dumpMap, hexText, plainInteger, type DumpValue } from './dumpValue.ts';
import { localDateText, localTimeText } from './isoTime.ts';
import { readPickle, type PickleCall, type PickleNode } from './pickleReader.ts';

const PROTOCOL = 0x80;
const STOP = 0x2e;
const DEPTH_MAX = 100;
/** A pickle can name a part many times: what is shown of it may be so many times larger than its bytes. */
const EXPANSION_MAX = 100;
const INT_BYTES_MAX = 1024;
/** What a larger pickle says would need many times its bytes of memory. */
const SHOWN_MAX = 1 << 20;

/**
 * Bytes that PyFlink keeps, with what they say beside them if they are exactly one pickle, as keys are, or pickles one after another with
 * their lengths in front, as `Types.PICKLED_BYTE_ARRAY()` writes values. The bytes are what can be written again.
 */
export function dumpPython(bytes: Uint8Array): DumpValue {
  const decoded = bytes.length > SHOWN_MAX ? null : decodedPickle(bytes);
  return decoded === null ? dumpBytes(bytes) : { $bytes: hexText(bytes), ...decoded };
}

/** What a dump shows beside the bytes: of several pickles all. Nothing where the bytes are not pickles; why not where they cannot be shown. */
export function decodedPickle(
  bytes: Uint8Array,
): { readonly decoded: DumpValue } | { readonly decodedAll: readonly DumpValue[] } | { readonly $error: string } | null {
  const pickles = picklesOf(bytes);
  if (pickles === null) return null;
  try {
    const budget = new Budget(bytes.length);
    const decoded = pickles.map((pickle) => new Shown(budget).value(pickle, 0));
    const [first] = decoded;
    return decoded.length === 1 && first !== undefined ? { decoded: first } : { decodedAll: decoded };
  } catch (error) {
    if (error instanceof NotPlain) return { $error: error.message };
    throw error;
  }
}

/** One pickle to the last byte, or several with their lengths; null for everything else. */
function picklesOf(bytes: Uint8Array): PickleNode[] | null {
  if (bytes[bytes.length - 1] !== STOP) return null;
  const reader = new ByteReader(bytes);
  try {
    if (bytes[0] === PROTOCOL) {
      const pickle = readPickle(reader);
      return reader.remaining === 0 ? [pickle] : null;
    }
    const pickles: PickleNode[] = [];
    while (reader.remaining > 0) {
      const size = reader.count();
      const end = reader.offset + size;
      pickles.push(readPickle(reader));
      if (reader.offset !== end) return null;
    }
    return pickles;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/** Why a pickle is not shown. */
class NotPlain extends Error {}

class Budget {
  #left: number;

  constructor(size: number) {
    this.#left = (size + 1024) * EXPANSION_MAX;
  }

  spend(amount: number): void {
    this.#left -= amount;
    if (this.#left < 0) throw new NotPlain('the pickle names its parts so often that it is too large to be shown');
  }
}

/** Values as dumps have them. What Python would make by calling something is shown only where it is known what that makes. */
class Shown {
  readonly #budget: Budget;
  readonly #open = new Set<PickleNode>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  value(node: PickleNode, depth: number): DumpValue {
    this.#budget.spend(1);
    switch (node.kind) {
      case 'none':
        return null;
      case 'bool':
        return node.value;
      case 'int':
        return this.#int(node.value);
      case 'float':
        return dumpDouble(node.value);
      case 'str':
        this.#budget.spend(node.text.length);
        return node.text;
      case 'bytes':
        return this.#bytes(node.bytes, node.isArray);
      case 'global':
        throw new NotPlain(`a pickle of ${named(node.name)} itself, which only Python can read`);
      default:
        return this.#inside(node, depth);
    }
  }

  #inside(node: Exclude<PickleNode, { readonly kind: 'none' }>, depth: number): DumpValue {
    if (depth > DEPTH_MAX) throw new NotPlain('the pickle is nested too deeply');
    if (this.#open.has(node)) throw new NotPlain('the pickle contains itself');
    this.#open.add(node);
    const shown = this.#container(node, depth + 1);
    this.#open.delete(node);
    return shown;
  }

  #container(node: PickleNode, depth: number): DumpValue {
    const all = (items: readonly PickleNode[]): DumpValue[] => items.map((item) => this.value(item, depth));
    switch (node.kind) {
      case 'list':
        return all(node.items);
      case 'tuple':
        return { $tuple: all(node.items) };
      case 'set':
      case 'frozenset':
        return { $list: all(node.items), class: node.kind };
      case 'dict':
        return this.#map(node.pairs, depth);
      case 'call':
        return this.#called(node, depth);
      default:
        return this.value(node, depth);
    }
  }

  #map(pairs: readonly (readonly [PickleNode, PickleNode])[], depth: number): DumpValue {
    return dumpMap(pairs.map(([key, value]): [DumpValue, DumpValue] => [this.value(key, depth), this.value(value, depth)]));
  }

  #int(value: bigint): DumpValue {
    if (BigInt.asIntN(8 * INT_BYTES_MAX, value) !== value) throw new NotPlain('the pickle has a number that is too large to be shown');
    return plainInteger(value);
  }

  #bytes(bytes: Uint8Array, isArray: boolean): DumpValue {
    this.#budget.spend(bytes.length);
    return isArray ? { $bytes: hexText(bytes), class: 'bytearray' } : dumpBytes(bytes);
  }

  #called(call: PickleCall, depth: number): DumpValue {
    if (call.callee.kind !== 'global' || call.args.kind !== 'tuple') throw new NotPlain('the pickle calls what has no name');
    const name = named(call.callee.name);
    const args = call.args.items;
    if (name === 'collections.OrderedDict' && args.length === 0 && call.states.length === 0 && call.items.length === 0)
      return { $map: call.pairs.map(([key, value]) => [this.value(key, depth), this.value(value, depth)]), class: name };
    const isPlain = call.states.length === 0 && call.items.length === 0 && call.pairs.length === 0;
    const shown = isPlain ? this.#known(name, args, depth) : null;
    if (shown === null) throw new NotPlain(`the pickle has an object of ${name}, which only Python can read`);
    return shown;
  }

  /** Null where it is not known, or has other arguments than Python's own modules give it. */
  #known(name: string, args: readonly PickleNode[], depth: number): DumpValue | null {
    const [first, second, third] = args;
    switch (name) {
      case 'builtins.set':
      case 'builtins.frozenset': {
        const items = first === undefined ? [] : first.kind === 'list' || first.kind === 'tuple' ? first.items : null;
        return items === null ? null : { $list: items.map((item) => this.value(item, depth)), class: name.slice('builtins.'.length) };
      }
      case 'builtins.bytes':
      case '_codecs.encode':
      case 'builtins.bytearray': {
        const bytes = bytesMade(name, args);
        return bytes === null ? null : this.#bytes(bytes, name === 'builtins.bytearray');
      }
      case 'datetime.date': {
        const parts = bytesOf(first);
        return args.length === 1 && parts?.length === 4 ? { $localDate: dateText(parts) } : null;
      }
      case 'datetime.time': {
        const parts = bytesOf(first);
        return parts?.length === 6 && args.length <= 2
          ? atOffset(name, '$localTime', timeText(parts, 0), second, (parts[0] ?? 0) >> 7)
          : null;
      }
      case 'datetime.datetime': {
        const parts = bytesOf(first);
        if (parts?.length !== 10 || args.length > 2) return null;
        return atOffset(name, '$localDateTime', `${dateText(parts)}T${timeText(parts, 4)}`, second, (parts[2] ?? 0) >> 7);
      }
      case 'datetime.timedelta':
        return first?.kind === 'int' && second?.kind === 'int' && third?.kind === 'int' && args.length === 3
          ? { $class: name, days: this.#int(first.value), seconds: this.#int(second.value), microseconds: this.#int(third.value) }
          : null;
      case 'datetime.timezone': {
        const offset = offsetOf(first);
        return offset === null || args.length > 2 ? null : { $class: name, value: offset };
      }
      case 'decimal.Decimal':
        return first?.kind === 'str' && args.length === 1 ? { $decimal: first.text } : null;
      case 'pyflink.common.types._create_row':
        return args.length <= 3 ? this.#row(first, second, third, depth) : null;
      case 'pyflink.common.types.RowKind':
        return { $class: name, value: rowKind(args) };
      default:
        return null;
    }
  }

  #row(names: PickleNode | undefined, values: PickleNode | undefined, kind: PickleNode | undefined, depth: number): DumpValue | null {
    if (values?.kind !== 'tuple' && values?.kind !== 'list') return null;
    const row = { $row: values.items.map((item) => this.value(item, depth)), kind: kindOfRow(kind) };
    return names === undefined || names.kind === 'none' ? row : { ...row, fieldNames: this.value(names, depth) };
  }
}

const OLD_MODULES: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
  ['pyflink.table.types', 'pyflink.common.types'],
]);

/** Python writes some modules under their old names in protocol 2. */
function named(name: string): string {
  const at = name.lastIndexOf('.');
  const module = name.slice(0, at);
  return `${OLD_MODULES.get(module) ?? module}${name.slice(at)}`;
}

/** Before protocol 3, bytes are texts of one letter a byte, to be encoded as latin1. */
function bytesOf(node: PickleNode | undefined): Uint8Array | null {
  if (node?.kind === 'bytes') return node.bytes;
  if (node?.kind !== 'call' || node.callee.kind !== 'global' || node.args.kind !== 'tuple') return null;
  return bytesMade(named(node.callee.name), node.args.items);
}

function bytesMade(name: string, args: readonly PickleNode[]): Uint8Array | null {
  const [first, encoding] = args;
  if (first === undefined) return name === '_codecs.encode' ? null : new Uint8Array(0);
  if (first.kind === 'bytes' && name === 'builtins.bytearray' && args.length === 1) return first.bytes;
  if (name === 'builtins.bytearray' && args.length === 1) return bytesOf(first);
  const isLatin = encoding?.kind === 'str' && (encoding.text === 'latin1' || encoding.text === 'latin-1');
  if (first.kind !== 'str' || !isLatin || name === 'builtins.bytes') return null;
  const bytes = new Uint8Array(first.text.length);
  for (let i = 0; i < bytes.length; i++) {
    const code = first.text.charCodeAt(i);
    if (code > 0xff) return null;
    bytes[i] = code;
  }
  return bytes;
}

/** The year in two bytes, month and day. The month's highest bit says which of two equal local times it is. */
function dateText(parts: Uint8Array): string {
  const [high = 0, low = 0, month = 0, day = 0] = parts;
  return localDateText(high * 256 + low, within(month & 0x7f, 1, 12), within(day, 1, 31));
}

function timeText(parts: Uint8Array, at: number): string {
  const [hour = 0, minute = 0, second = 0, a = 0, b = 0, c = 0] = parts.subarray(at);
  const micros = within(a * 65536 + b * 256 + c, 0, 999_999);
  return localTimeText(within(hour & 0x7f, 0, 23), within(minute, 0, 59), within(second, 0, 59), micros * 1000);
}

function within(value: number, min: number, max: number): number {
  if (value < min || value > max) throw new NotPlain('the pickle has a date or time that does not exist');
  return value;
}

/** A local time, or one at an offset from UTC. Null for other time zones. */
function atOffset(name: string, tag: string, text: string, zone: PickleNode | undefined, fold: number): DumpValue | null {
  const second = fold === 0 ? {} : { fold };
  if (zone === undefined) return { [tag]: text, ...second };
  if (zone.kind !== 'call' || zone.callee.kind !== 'global' || zone.args.kind !== 'tuple') return null;
  const zoneName = named(zone.callee.name);
  if (zoneName !== 'datetime.timezone') throw new NotPlain(`the pickle has an object of ${zoneName}, which only Python can read`);
  const offset = offsetOf(zone.args.items[0]);
  return offset === null ? null : { $class: name, value: `${text}${offset}`, ...second };
}

/** Of a `timedelta`: `+02:00`. */
function offsetOf(node: PickleNode | undefined): string | null {
  if (node?.kind !== 'call' || node.callee.kind !== 'global' || node.args.kind !== 'tuple') return null;
  const [days, seconds, micros] = node.args.items;
  if (named(node.callee.name) !== 'datetime.timedelta' || days?.kind !== 'int' || seconds?.kind !== 'int' || micros?.kind !== 'int')
    return null;
  const total = Number(days.value) * 86400 + Number(seconds.value);
  if (micros.value !== 0n || Math.abs(total) >= 86400) return null;
  const absolute = Math.abs(total);
  const parts = [Math.floor(absolute / 3600), Math.floor(absolute / 60) % 60, ...(absolute % 60 === 0 ? [] : [absolute % 60])];
  return `${total < 0 ? '-' : '+'}${parts.map((part) => String(part).padStart(2, '0')).join(':')}`;
}

const ROW_KINDS = ['+I', '-U', '+U', '-D'] as const;
const ROW_KIND_NAMES = ['INSERT', 'UPDATE_BEFORE', 'UPDATE_AFTER', 'DELETE'];

function kindOfRow(node: PickleNode | undefined): string {
  if (node === undefined || node.kind === 'none') return ROW_KINDS[0];
  if (node.kind !== 'call' || node.callee.kind !== 'global' || node.args.kind !== 'tuple') throw new NotPlain('a row without its kind');
  const name = named(node.callee.name);
  if (name === 'pyflink.common.types.RowKind') return rowKind(node.args.items);
  const [owner, constant] = node.args.items;
  // Python 3.11 writes constants of an enum by their names.
  const isConstant = name === 'builtins.getattr' && owner?.kind === 'global' && named(owner.name) === 'pyflink.common.types.RowKind';
  const kind = isConstant && constant?.kind === 'str' ? ROW_KINDS[ROW_KIND_NAMES.indexOf(constant.text)] : undefined;
  if (kind === undefined) throw new NotPlain('a row without its kind');
  return kind;
}

function rowKind([value]: readonly PickleNode[]): string {
  const kind = value?.kind === 'int' ? ROW_KINDS[Number(value.value)] : undefined;
  if (kind === undefined) throw new NotPlain('a row without its kind');
  return kind;
}
