import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { NO_CLASSES, type DeclaredClasses } from './declaredClass.ts';

/** What is known of the user's classes beside the serializer that meets them: by other serializers of the snapshot, and by the workspace. */
export interface KnownClasses {
  /** Those of the workspace, and all enums of the snapshot, which come first. */
  readonly declared: DeclaredClasses;
  /** With what Flink writes an object of the class where a POJO is declared that is above it. */
  readonly serializers: ReadonlyMap<string, SerializerSnapshot>;
}

export const NOTHING_KNOWN: KnownClasses = { declared: NO_CLASSES, serializers: new Map() };

/** Whether values of the serializers can have objects of classes that the serializers do not describe. */
export function meetsOtherClasses(serializers: Iterable<SerializerSnapshot | null>): boolean {
  let meets = false;
  for (const each of serializers) eachSerializerIn(each, ({ kind }) => (meets ||= kind === 'kryo' || kind === 'pojo'));
  return meets;
}

/** Collects classes from all serializers of a snapshot. A class that two of them describe differently is not known: nothing is guessed. */
export class ClassCollector {
  readonly #enums = new Map<string, readonly string[] | null>();
  readonly #serializers = new Map<string, SerializerSnapshot | null>();

  add(serializers: Iterable<SerializerSnapshot | null>): void {
    for (const each of serializers)
      eachSerializerIn(each, (serializer) => {
        if (serializer.kind === 'enum') addOnce(this.#enums, serializer.className, serializer.constants, JSON.stringify);
        if (serializer.kind !== 'pojo') return;
        addOnce(this.#serializers, serializer.className, serializer, layoutOf);
        for (const { className, serializer: own } of [...serializer.registered, ...serializer.unregistered])
          if (own !== null) addOnce(this.#serializers, className, own, layoutOf);
      });
  }

  known(declared: DeclaredClasses): KnownClasses {
    const enums = [...this.#enums].flatMap(([className, constants]) =>
      constants === null ? [] : [[className, { kind: 'enum', constants }] as const],
    );
    const serializers = [...this.#serializers].flatMap(([className, serializer]) =>
      serializer === null ? [] : [[className, serializer] as const],
    );
    return { declared: new Map([...declared, ...enums]), serializers: new Map(serializers) };
  }
}

function addOnce<T>(into: Map<string, T | null>, className: string, value: T, form: (value: T) => string): void {
  const before = into.get(className);
  if (before === undefined) into.set(className, value);
  else if (before !== null && form(before) !== form(value)) into.set(className, null);
}

/** What decides how values are written: which other subclasses a POJO's serializer has met does not. */
function layoutOf(serializer: SerializerSnapshot): string {
  return JSON.stringify(serializer, (name, value: unknown) => (name === 'unregistered' ? undefined : value));
}

function eachSerializerIn(value: unknown, visit: (serializer: SerializerSnapshot) => void): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if ('kind' in value && typeof value.kind === 'string') visit(value as SerializerSnapshot);
  for (const part of Object.values(value)) eachSerializerIn(part, visit);
}
