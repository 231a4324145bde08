import { decodeUtf8Leniently } from '../bytes/utf8.ts';
import { bigintOf, decimalText, dumpBytes, dumpDouble, dumpFloat, dumpLong, dumpMap, hexText, type DumpValue } from './dumpValue.ts';
import { epochDayText, instantOfMillis, localDateTimeOfMillis, timeOfDayText } from './isoTime.ts';

/**
 * A VARIANT as Flink 2.1 and later stores it (`org.apache.flink.types.variant.BinaryVariant`, the layout of Spark and Parquet): its value,
 * and the names of its fields in the metadata. The bytes are what can be written again; `decoded` is what they say, and `$error` why they
 * cannot be decoded.
 */
export function dumpVariant(value: Uint8Array, metadata: Uint8Array): DumpValue {
  return { $variant: dumpBytes(value), metadata: dumpBytes(metadata), ...decodedVariant(value, metadata) };
}

/** What a dump shows beside the bytes. */
export function decodedVariant(value: Uint8Array, metadata: Uint8Array): { readonly decoded: DumpValue } | { readonly $error: string } {
  try {
    return { decoded: new Variant(value, metadata).value(0, 0) };
  } catch (error) {
    if (error instanceof MalformedVariant) return { $error: error.message };
    throw error;
  }
}

class MalformedVariant extends Error {}

const DEPTH_MAX = 100;
const VERSION = 1;

class Variant {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #names: readonly string[];

  constructor(bytes: Uint8Array, metadata: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#names = namesOf(metadata);
  }

  /** The lowest 2 bits of the first byte say what it is, the others how large, or which primitive. */
  value(at: number, depth: number): DumpValue {
    if (depth > DEPTH_MAX) throw new MalformedVariant('the VARIANT is nested too deeply');
    const header = unsigned(this.#bytes, at, 1);
    const info = header >> 2;
    switch (header & 3) {
      case 0:
        return this.#primitive(info, at + 1);
      case 1:
        return this.#text(at + 1, info);
      case 2:
        return this.#object(info, at + 1, depth);
      default:
        return this.#array(info, at + 1, depth);
    }
  }

  #primitive(type: number, at: number): DumpValue {
    switch (type) {
      case 0:
        return null;
      case 1:
        return true;
      case 2:
        return false;
      case 3:
        return this.#at(at, 1).getInt8(at);
      case 4:
        return this.#at(at, 2).getInt16(at, true);
      case 5:
        return this.#at(at, 4).getInt32(at, true);
      case 6:
        return dumpLong(this.#long(at));
      case 7:
        return dumpDouble(this.#at(at, 8).getFloat64(at, true));
      case 8:
        return this.#decimal(at, 4);
      case 9:
        return this.#decimal(at, 8);
      case 10:
        return this.#decimal(at, 16);
      case 11:
        return { $localDate: epochDayText(BigInt(this.#at(at, 4).getInt32(at, true))) };
      case 12:
        return { $instant: instantOfMillis(...millis(this.#long(at), 1000n)) };
      case 13:
        return { $localDateTime: localDateTimeOfMillis(...millis(this.#long(at), 1000n)) };
      case 14:
        return dumpFloat(this.#at(at, 4).getFloat32(at, true));
      case 15:
        return dumpBytes(this.#slice(at + 4, unsigned(this.#bytes, at, 4)));
      case 16:
        return this.#text(at + 4, unsigned(this.#bytes, at, 4));
      case 17: {
        const [milli, nanoOfMilli] = millis(this.#long(at), 1000n);
        return { $localTime: timeOfDayText(Number(milli), nanoOfMilli) };
      }
      case 18:
        return { $instant: instantOfMillis(...millis(this.#long(at), 1_000_000n)) };
      case 19:
        return { $localDateTime: localDateTimeOfMillis(...millis(this.#long(at), 1_000_000n)) };
      case 20:
        return { $uuid: hexText(this.#slice(at, 16)).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') };
      default:
        throw new MalformedVariant(`primitives of the type ${String(type)} in a VARIANT are not known`);
    }
  }

  /** Ids of names, then offsets of values, one more than there are fields. */
  #object(info: number, at: number, depth: number): DumpValue {
    const sizeBytes = (info & 16) === 0 ? 1 : 4;
    const count = unsigned(this.#bytes, at, sizeBytes);
    const idBytes = ((info >> 2) & 3) + 1;
    const offsetBytes = (info & 3) + 1;
    const ids = at + sizeBytes;
    const offsets = ids + count * idBytes;
    const data = offsets + (count + 1) * offsetBytes;
    this.#slice(at, data - at);
    const pairs: [DumpValue, DumpValue][] = [];
    for (let i = 0; i < count; i++) {
      const name = this.#names[unsigned(this.#bytes, ids + i * idBytes, idBytes)];
      if (name === undefined) throw new MalformedVariant('a field of the VARIANT has no name in its metadata');
      pairs.push([name, this.value(data + unsigned(this.#bytes, offsets + i * offsetBytes, offsetBytes), depth + 1)]);
    }
    return dumpMap(pairs);
  }

  #array(info: number, at: number, depth: number): DumpValue {
    const sizeBytes = (info & 4) === 0 ? 1 : 4;
    const count = unsigned(this.#bytes, at, sizeBytes);
    const offsetBytes = (info & 3) + 1;
    const offsets = at + sizeBytes;
    const data = offsets + (count + 1) * offsetBytes;
    this.#slice(at, data - at);
    const items: DumpValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.value(data + unsigned(this.#bytes, offsets + i * offsetBytes, offsetBytes), depth + 1));
    return { $array: items };
  }

  #decimal(at: number, size: number): DumpValue {
    const scale = unsigned(this.#bytes, at, 1);
    return {
      $decimal: decimalText(
        bigintOf(
          this.#slice(at + 1, size)
            .slice()
            .reverse(),
        ),
        scale,
      ),
    };
  }

  #text(at: number, size: number): string {
    return textOf(this.#slice(at, size));
  }

  #long(at: number): bigint {
    return this.#at(at, 8).getBigInt64(at, true);
  }

  #at(at: number, size: number): DataView {
    this.#slice(at, size);
    return this.#view;
  }

  #slice(at: number, size: number): Uint8Array {
    return part(this.#bytes, at, size);
  }
}

/** Version, number of names, where each begins and ends, names. */
function namesOf(metadata: Uint8Array): string[] {
  const header = unsigned(metadata, 0, 1);
  if ((header & 0x0f) !== VERSION) throw new MalformedVariant(`a VARIANT of version ${String(header & 0x0f)} is not known`);
  const width = (header >> 6) + 1;
  const count = unsigned(metadata, 1, width);
  const offsets = 1 + width;
  const data = offsets + (count + 1) * width;
  part(metadata, 0, data);
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const start = unsigned(metadata, offsets + i * width, width);
    names.push(textOf(part(metadata, data + start, unsigned(metadata, offsets + (i + 1) * width, width) - start)));
  }
  return names;
}

/** As Java reads it. */
function textOf(bytes: Uint8Array): string {
  return decodeUtf8Leniently(bytes);
}

/** Little-endian. */
function unsigned(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  const own = part(bytes, at, size);
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (own[i] ?? 0);
  return value;
}

function part(bytes: Uint8Array, at: number, size: number): Uint8Array {
  if (at < 0 || size < 0 || at + size > bytes.length) throw new MalformedVariant('a part of the VARIANT is outside of its bytes');
  return bytes.subarray(at, at + size);
}

/** Milliseconds, and the nanoseconds of the last one. `perMilli` are the units of `time` in a millisecond. */
function millis(time: bigint, perMilli: bigint): [bigint, number] {
  const rest = ((time % perMilli) + perMilli) % perMilli;
  return [(time - rest) / perMilli, Number(rest * (1_000_000n / perMilli))];
}
