/**
 * What Flink stores about a serializer beside the values it wrote: a tree of plain data. One kind a serializer.
 * The tree says everything that is needed to read values without Flink, and to write the same snapshot again.
 */
export type SerializerSnapshot =
  | { readonly kind: SimpleKind }
  | { readonly kind: 'list'; readonly element: SerializerSnapshot }
  | { readonly kind: 'map'; readonly key: SerializerSnapshot; readonly value: SerializerSnapshot }
  | { readonly kind: 'tuple'; readonly fields: readonly SerializerSnapshot[] }
  | { readonly kind: 'nullable'; readonly value: SerializerSnapshot; readonly padding: number }
  | {
      readonly kind: 'avro';
      /** `org.apache.avro.generic.GenericRecord`, or the binary name of a generated class. */
      readonly runtimeClass: string;
      /** The writer's schema as JSON text, byte for byte as it stands in the file. */
      readonly schema: string;
    }
  | { readonly kind: 'ttl'; readonly value: SerializerSnapshot }
  | { readonly kind: 'timer'; readonly key: SerializerSnapshot; readonly namespace: SerializerSnapshot }
  | { readonly kind: 'streamElement'; readonly value: SerializerSnapshot }
  | { readonly kind: 'bufferEntry'; readonly value: SerializerSnapshot };

/** Serializers that have nothing to configure. */
export type SimpleKind =
  | 'string'
  | 'boolean'
  | 'byte'
  | 'short'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'char'
  | 'bigInteger'
  | 'byteArray'
  | 'voidNamespace'
  | 'timeWindow'
  | 'globalWindow';
