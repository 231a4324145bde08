import { createFileRegistry, fromBinary, toJsonString, type DescMessage, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { DecodedForm, DumpValue, ValueDecoder } from 'tidemark/snapshot';

/** The types in a descriptor set, as `protoc --include_imports --descriptor_set_out` writes it. @throws for bytes that are none */
export function descriptorSet(bytes: Uint8Array): FileRegistry {
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
}

/** Reads messages of one type. @throws with the reason where the set does not have it */
export function protobufDecoder(registry: FileRegistry, typeName: string): ValueDecoder {
  const message = registry.getMessage(typeName);
  if (message === undefined) throw new Error(`the descriptor set has no message ${typeName}${suggestion(registry, typeName)}`);
  return {
    decode(bytes, _className, form) {
      const decoded = fromBinary(message, messageBytes(bytes, form));
      return { $class: typeName, ...fieldsOf(toJsonString(message, decoded, { registry })) };
    },
  };
}

/** A message is an object, but for some of Protobuf's own types, such as Timestamp, which are texts. */
function fieldsOf(json: string): Readonly<Record<string, DumpValue>> {
  const parsed = JSON.parse(json) as DumpValue;
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    ? (parsed as Readonly<Record<string, DumpValue>>)
    : { value: parsed };
}

/** The message that people most likely meant: the same name in another package. */
function suggestion(registry: FileRegistry, typeName: string): string {
  const short = typeName.slice(typeName.lastIndexOf('.') + 1);
  const meant = [...registry].filter((type): type is DescMessage => type.kind === 'message' && type.name === short);
  return meant.length === 0 ? '' : `, but ${meant.map((type) => type.typeName).join(', ')}`;
}

/** In Kryo, Protobuf's serializers write a length in front of the message. */
function messageBytes(bytes: Uint8Array, form: DecodedForm): Uint8Array {
  if (form !== 'kryo') return bytes;
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[i] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return bytes.length - i - 1 === length ? bytes.subarray(i + 1) : bytes;
  }
  return bytes;
}
