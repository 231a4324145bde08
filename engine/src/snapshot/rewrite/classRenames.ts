import { describeSerializer } from '../serializers/describeSerializer.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { StateMetaInfo, StoredSerializer } from '../stateMetaInfo.ts';
import { refuse, type SnapshotEdit } from './rewritePlan.ts';

export type ClassRename = Extract<SnapshotEdit, { edit: 'renameClass' }>;

/** Fields of a serializer that name a class of the user's. */
const CLASS_FIELDS: ReadonlySet<string> = new Set(['className', 'componentClass']);

/**
 * Gives classes of the user's other names in the declarations of states: Flink looks for the class that is written there. Values stay as they
 * are, so classes that values themselves name are refused.
 */
export class ClassRenames {
  readonly #names: ReadonlyMap<string, string>;
  readonly #met = new Set<string>();

  constructor(edits: readonly ClassRename[]) {
    this.#names = new Map(edits.map(({ from, to }) => [from, to]));
  }

  /** @throws RewriteRefused where values name the class */
  serializer(stored: StoredSerializer, label: string): StoredSerializer {
    if (this.#names.size === 0) return stored;
    const snapshot = this.#renamed(stored.snapshot, label) as SerializerSnapshot;
    return snapshot === stored.snapshot ? stored : { snapshot, bytes: null };
  }

  /** @throws RewriteRefused where values name the class */
  state(meta: StateMetaInfo, label: string): StateMetaInfo {
    if (this.#names.size === 0) return meta;
    const place = `${label}, state ${meta.name}`;
    return { ...meta, serializers: new Map([...meta.serializers].map(([role, stored]) => [role, this.serializer(stored, place)])) };
  }

  /** Old names of classes that no declaration had so far. */
  get unmet(): readonly string[] {
    return [...this.#names.keys()].filter((name) => !this.#met.has(name));
  }

  /** The same object where nothing in it changes. */
  #renamed(value: unknown, label: string): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    if (Array.isArray(value)) {
      const items: unknown[] = value.map((item) => this.#renamed(item, label));
      return items.every((item, i) => item === value[i]) ? value : items;
    }
    if ('kind' in value) this.#checkValues(value as SerializerSnapshot, label);
    const parts = new Map<string, unknown>(Object.entries(value));
    const entries = [...parts].map(([name, part]): [string, unknown] => [
      name,
      CLASS_FIELDS.has(name) && typeof part === 'string' ? this.#nameOf(part) : this.#renamed(part, label),
    ]);
    return entries.every(([name, part]) => part === parts.get(name)) ? value : Object.fromEntries(entries);
  }

  #nameOf(className: string): string {
    const renamed = this.#names.get(className);
    if (renamed === undefined) return className;
    this.#met.add(className);
    return renamed;
  }

  #checkValues(serializer: SerializerSnapshot, label: string): void {
    const isNamed = (className: string): boolean => this.#names.has(className);
    if (serializer.kind === 'kryo' && isNamed(serializer.className))
      refuse(`${label}: Kryo writes the name of ${serializer.className} into each value: it cannot be renamed`);
    if (serializer.kind === 'avro' && isNamed(serializer.runtimeClass))
      refuse(
        `${label}: ${describeSerializer(serializer)} is a record of Avro, whose schema has the name as well: keep the class, or migrate it in the job`,
      );
    if (serializer.kind !== 'pojo') return;
    const subclass = serializer.unregistered.find(({ className }) => isNamed(className));
    if (subclass !== undefined)
      refuse(`${label}: values name their class ${subclass.className}, a subclass of ${serializer.className}: it cannot be renamed`);
  }
}
