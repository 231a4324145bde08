import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { declaredClassReader } from './declaredClassReader.ts';
import { UnreadableValue } from './unreadableValue.ts';
import { valueReader, type ValueContext, type ValueReader } from './valueReader.ts';

/** Subclasses of subclasses, as deep as values are nested. */
const SUBCLASS_DEPTH_MAX = 100;

/**
 * Readers of subclasses that a POJO's own serializer does not describe: by another serializer of the snapshot, else by the declaration of
 * the class. Each is made when a value first needs it.
 */
export class SubclassReaders {
  readonly #serializers: ReadonlyMap<string, SerializerSnapshot>;
  readonly #readers = new Map<string, ValueReader>();
  #depth = 0;

  constructor(serializers: ReadonlyMap<string, SerializerSnapshot>) {
    this.#serializers = serializers;
  }

  /** Undefined where nothing describes the class. */
  of(className: string, context: ValueContext): ValueReader | undefined {
    const made = this.#readers.get(className);
    if (made !== undefined) return made;
    const serializer = this.#serializers.get(className);
    const own =
      serializer === undefined
        ? declaredClassReader(className, context, (other) => this.of(other, context))
        : valueReader(serializer, context);
    if (own === undefined) return undefined;
    const read = this.#bounded(own);
    this.#readers.set(className, read);
    return read;
  }

  /** Without others a snapshot is a tree, and values are not deeper than it is; here a class can be a part of itself. */
  #bounded(read: ValueReader): ValueReader {
    return (reader) => {
      if (this.#depth >= SUBCLASS_DEPTH_MAX) throw new UnreadableValue('objects that are nested so deeply');
      this.#depth++;
      try {
        return read(reader);
      } finally {
        this.#depth--;
      }
    };
  }
}
