/** A class as the workspace's `tidemark.decoders.json` declares it: what Kryo knows of it and the snapshot does not. */
export type DeclaredClass =
  | { readonly kind: 'enum'; readonly constants: readonly string[] }
  | { readonly kind: 'fields'; readonly fields: readonly DeclaredField[]; readonly isFinal: boolean }
  /** A collection or map, which Kryo writes as the class of the JDK that it extends; `superclass` is one of `COLLECTION_SUPERCLASSES`. */
  | { readonly kind: 'extends'; readonly superclass: string };

/** Kryo writes objects of all classes below these as it writes theirs, in Flink 1 and in Flink 2. */
export const COLLECTION_SUPERCLASSES: ReadonlySet<string> = new Set(
  [
    ...['ArrayList', 'LinkedList', 'HashSet', 'LinkedHashSet', 'TreeSet', 'ArrayDeque', 'Vector', 'Stack'],
    ...['HashMap', 'LinkedHashMap', 'TreeMap', 'Hashtable', 'Properties', 'concurrent.ConcurrentHashMap'],
  ].map((name) => `java.util.${name}`),
);

export type DeclaredClasses = ReadonlyMap<string, DeclaredClass>;

export const NO_CLASSES: DeclaredClasses = new Map();

export interface DeclaredField {
  readonly name: string;
  readonly type: DeclaredType;
}

/** A Java type: `long`, `java.lang.String`, `int[]`, `java.util.List<java.lang.String>`. */
export interface DeclaredType {
  /** Of a primitive its keyword; of an array as `Class.getName()` has it, such as `[I`. */
  readonly className: string;
  readonly parameters: readonly DeclaredType[];
}

const PRIMITIVES: ReadonlyMap<string, string> = new Map([
  ['boolean', 'Z'],
  ['byte', 'B'],
  ['char', 'C'],
  ['short', 'S'],
  ['int', 'I'],
  ['long', 'J'],
  ['float', 'F'],
  ['double', 'D'],
]);
const NAME = /^[\p{L}\p{N}_$]+(?:\.[\p{L}\p{N}_$]+)*/u;
const DEPTH_MAX = 10;

export function isPrimitive(className: string): boolean {
  return PRIMITIVES.has(className);
}

/** Null where the text is not a type. */
export function parseDeclaredType(text: string): DeclaredType | null {
  const parsed = typeAt(text.replaceAll(' ', ''), 0);
  return parsed?.rest === '' ? parsed.type : null;
}

function typeAt(text: string, depth: number): { readonly type: DeclaredType; readonly rest: string } | null {
  const name = NAME.exec(text)?.[0];
  if (name === undefined || depth > DEPTH_MAX) return null;
  let rest = text.slice(name.length);
  const parameters: DeclaredType[] = [];
  if (rest.startsWith('<')) {
    do {
      const parameter = typeAt(rest.slice(1), depth + 1);
      if (parameter === null) return null;
      parameters.push(parameter.type);
      rest = parameter.rest;
    } while (rest.startsWith(','));
    if (!rest.startsWith('>')) return null;
    rest = rest.slice(1);
  }
  let className = name;
  for (; rest.startsWith('[]'); rest = rest.slice(2)) {
    className = className.startsWith('[') ? `[${className}` : `[${PRIMITIVES.get(className) ?? `L${className};`}`;
  }
  return { type: { className, parameters: className.startsWith('[') ? [] : parameters }, rest };
}
