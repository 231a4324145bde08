import { FormatError } from '../snapshot/bytes/formatError.ts';
import { bytes } from '../types/t.ts';
import type { Type } from '../types/type.ts';

/** Version of the payloads that our sources and sinks put into an envelope. */
const VERSION = 1;
/** Bytes of an envelope before its payload. */
const HEADER = 8;

/** Java's `byte[]`: the elements of the list states of sources and sinks. */
export const byteArray = bytes as unknown as Type<unknown>;

/** Flink's SimpleVersionedSerialization: the version and the length, both i32, before the payload. */
export function toVersionedBytes(payload: Uint8Array): Uint8Array {
  const element = new Uint8Array(HEADER + payload.length);
  const view = new DataView(element.buffer);
  view.setInt32(0, VERSION);
  view.setInt32(4, payload.length);
  element.set(payload, HEADER);
  return element;
}

/** @throws FormatError when this is not an envelope of ours, such as a split of a source of Flink's own. */
export function fromVersionedBytes(element: unknown): Uint8Array {
  if (!(element instanceof Uint8Array)) throw new FormatError(`bytes expected, found ${typeof element}`, 0);
  if (element.length < HEADER) throw new FormatError(`${String(element.length)} bytes are too few for version and length`, 0);
  const view = new DataView(element.buffer, element.byteOffset, element.byteLength);
  const version = view.getInt32(0);
  if (version !== VERSION) throw new FormatError(`version ${String(VERSION)} expected, found ${String(version)}`, 0);
  const length = view.getInt32(4);
  if (length !== element.length - HEADER) {
    throw new FormatError(`a length of ${String(element.length - HEADER)} expected, found ${String(length)}`, 4);
  }
  return element.subarray(HEADER);
}
