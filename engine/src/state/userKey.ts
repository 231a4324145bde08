import { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { Type } from '../types/type.ts';

/** Serializers whose values a JavaScript Map tells apart as Java does. */
const OWN_IDENTITY = new Set(['string', 'boolean', 'byte', 'short', 'int', 'long', 'float', 'bigInteger', 'char']);

/** What stands for a map's key in a JavaScript Map: the key itself, or its bytes as text where objects would be told apart by identity. */
export type Identity = (key: unknown) => unknown;

/** Null where keys stand for themselves. */
export function identityOf(type: Type<unknown>): Identity | null {
  if (OWN_IDENTITY.has(type.serializer.kind)) return null;
  const writer = new ByteWriter(64);
  return (key) => {
    writer.reset();
    type.write(writer, key);
    let text = '';
    for (const byte of writer.view()) text += String.fromCharCode(byte);
    return text;
  };
}
