/** What `tidemark.decoders.json` declares. */
export interface DecoderDeclaration {
  /** A user's class, or the snapshot class of a serializer; or `uid/state`. */
  readonly of: { readonly className: string } | { readonly uid: string; readonly state: string };
  readonly by:
    | { readonly kind: 'module'; readonly path: string }
    | { readonly kind: 'protobuf'; readonly message: string; readonly descriptors: string };
}

/** One entry each, or what is wrong with it. */
export function parseDecoderFile(text: string): {
  readonly declarations: readonly DecoderDeclaration[];
  readonly problems: readonly string[];
} {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return { declarations: [], problems: [`not JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const entries = isObject(parsed) ? parsed['decoders'] : null;
  if (!Array.isArray(entries)) return { declarations: [], problems: ['"decoders" must be a list'] };
  const declarations: DecoderDeclaration[] = [];
  const problems: string[] = [];
  for (const [i, entry] of entries.entries()) {
    const declaration = declarationOf(entry);
    if (typeof declaration === 'string') problems.push(`decoder ${String(i + 1)}: ${declaration}`);
    else declarations.push(declaration);
  }
  return { declarations, problems };
}

function declarationOf(entry: unknown): DecoderDeclaration | string {
  if (!isObject(entry)) return 'an object is expected';
  const of = subjectOf(entry);
  if (of === null) return '"class" or "state" (as uid/state) is expected';
  const { module, protobuf, descriptors } = entry;
  if (typeof module === 'string') return { of, by: { kind: 'module', path: module } };
  if (typeof protobuf !== 'string') return '"module" or "protobuf" is expected';
  if (typeof descriptors !== 'string') return '"descriptors" is expected beside "protobuf"';
  return { of, by: { kind: 'protobuf', message: protobuf, descriptors } };
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
