import {
  COLLECTION_SUPERCLASSES,
  parseDeclaredType,
  parsePyflinkType,
  PyflinkTypeError,
  type DeclaredClass,
  type DeclaredField,
  type PyflinkType,
} from 'tidemark/snapshot';

/** What `tidemark.decoders.json` declares. */
export interface DecoderDeclaration {
  /** A user's class, or the snapshot class of a serializer; or `uid/state`. */
  readonly of: { readonly className: string } | { readonly uid: string; readonly state: string };
  readonly by:
    | { readonly kind: 'module'; readonly path: string }
    | { readonly kind: 'protobuf'; readonly message: string; readonly descriptors: string }
    | { readonly kind: 'pyflink'; readonly type: PyflinkType };
}

/** A class as it is, so that Kryo's own bytes of it can be read. */
export interface ClassDeclaration {
  readonly className: string;
  readonly declared: DeclaredClass;
}

/** One entry each, or what is wrong with it. */
export function parseDecoderFile(text: string): {
  readonly declarations: readonly DecoderDeclaration[];
  readonly classes: readonly ClassDeclaration[];
  readonly problems: readonly string[];
} {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return { declarations: [], classes: [], problems: [`not JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const entries = isObject(parsed) ? (parsed['decoders'] ?? ('classes' in parsed ? [] : null)) : null;
  if (!Array.isArray(entries)) return { declarations: [], classes: [], problems: ['"decoders" must be a list'] };
  const declarations: DecoderDeclaration[] = [];
  const problems: string[] = [];
  for (const [i, entry] of entries.entries()) {
    const declaration = declarationOf(entry);
    if (typeof declaration === 'string') problems.push(`decoder ${String(i + 1)}: ${declaration}`);
    else declarations.push(declaration);
  }
  const classes: ClassDeclaration[] = [];
  const declared = isObject(parsed) ? (parsed['classes'] ?? {}) : {};
  if (!isObject(declared)) problems.push('"classes" must be an object');
  else
    for (const [className, entry] of Object.entries(declared)) {
      const found = declaredClass(entry);
      if (typeof found === 'string') problems.push(`class ${className}: ${found}`);
      else classes.push({ className, declared: found });
    }
  return { declarations, classes, problems };
}

/** Fields in the order of their names, as Kryo writes them. */
function declaredClass(entry: unknown): DeclaredClass | string {
  if (!isObject(entry)) return 'an object with "fields", "constants" or "extends" is expected';
  const { fields: declared, constants, extends: superclass, final: isFinal = false } = entry;
  if (superclass !== undefined) {
    if ('fields' in entry || 'constants' in entry || 'final' in entry) return '"extends" takes nothing beside it';
    if (typeof superclass === 'string' && COLLECTION_SUPERCLASSES.has(superclass)) return { kind: 'extends', superclass };
    return `"extends" must be one of ${[...COLLECTION_SUPERCLASSES].join(', ')}`;
  }
  if (Array.isArray(constants)) {
    const names = constants.filter((each) => typeof each === 'string');
    return names.length === constants.length ? { kind: 'enum', constants: names } : '"constants" must be a list of names';
  }
  if (!isObject(declared)) return '"fields", "constants" or "extends" is expected';
  if (typeof isFinal !== 'boolean') return '"final" must be true or false';
  const fields: DeclaredField[] = [];
  for (const [name, text] of Object.entries(declared)) {
    const type = typeof text === 'string' ? parseDeclaredType(text) : null;
    if (type === null) return `field ${name}: a Java type such as "long" or "java.util.List<java.lang.String>" is expected`;
    fields.push({ name, type });
  }
  fields.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { kind: 'fields', fields, isFinal };
}

function declarationOf(entry: unknown): DecoderDeclaration | string {
  if (!isObject(entry)) return 'an object is expected';
  const of = subjectOf(entry);
  if (of === null) return '"class" or "state" (as uid/state) is expected';
  const { module, protobuf, descriptors, pyflink } = entry;
  const ways = ['module', 'protobuf', 'pyflink'].filter((way) => way in entry);
  if (ways.length > 1) return `only one of ${ways.map((way) => `"${way}"`).join(' and ')} is expected`;
  if (pyflink !== undefined) return pyflinkDeclaration(of, pyflink);
  if (typeof module === 'string') return { of, by: { kind: 'module', path: module } };
  if (typeof protobuf !== 'string') return '"module", "protobuf" or "pyflink" is expected';
  if (typeof descriptors !== 'string') return '"descriptors" is expected beside "protobuf"';
  return { of, by: { kind: 'protobuf', message: protobuf, descriptors } };
}

/** Of a state, never of a class: Python's classes have no name in a snapshot. */
function pyflinkDeclaration(of: DecoderDeclaration['of'], type: unknown): DecoderDeclaration | string {
  if ('className' in of) return '"pyflink" is the type of a "state" (as uid/state), not of a "class"';
  if (typeof type !== 'string') return '"pyflink" must be a text such as "Types.LONG()"';
  try {
    return { of, by: { kind: 'pyflink', type: parsePyflinkType(type) } };
  } catch (error) {
    if (error instanceof PyflinkTypeError) return `the type of ${of.uid}/${of.state}: ${error.message}`;
    throw error;
  }
}

/** A uid may have slashes, a state's name hardly. */
function subjectOf(entry: Readonly<Record<string, unknown>>): DecoderDeclaration['of'] | null {
  const { class: className, state } = entry;
  if (typeof className === 'string') return { className };
  if (typeof state !== 'string') return null;
  const at = state.lastIndexOf('/');
  return at <= 0 ? null : { uid: state.slice(0, at), state: state.slice(at + 1) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
