import { plainJson } from '../analysis/scalar.ts';
import { dumpText, Floating, isList, type DumpValue } from '../values/dumpValue.ts';
import { branchOf, withoutBranch } from '../values/avroType.ts';
import { isSetClass } from '../values/kryoClasses.ts';
import type { UnorderedParts } from './unorderedParts.ts';

/** What a value consists of, whatever serializer it came from: that a record is a POJO here and Avro there makes no difference. */
export type ValueContent =
  | { readonly is: 'scalar' }
  | { readonly is: 'list'; readonly items: readonly DumpValue[]; readonly className: string | null }
  | { readonly is: 'map'; readonly pairs: readonly (readonly [DumpValue, DumpValue])[]; readonly className: string | null }
  | { readonly is: 'record'; readonly className: string | null; readonly fields: ReadonlyMap<string, DumpValue> };

const SCALAR: ValueContent = { is: 'scalar' };

/** The name under which the time of the last access to a value with TTL is in paths. */
export const LAST_ACCESS = '$lastAccess';

export function contentOf(value: DumpValue): ValueContent {
  if (typeof value !== 'object' || value === null || value instanceof Floating) return SCALAR;
  if (isList(value)) return { is: 'list', items: value, className: null };
  const entries = Object.entries(value);
  const [tag, inner] = entries[0] ?? ['', null];
  switch (tag) {
    case '$map':
      return isList(inner) ? { is: 'map', pairs: inner.map(pairOf), className: classOf(value) } : SCALAR;
    case '$list':
    case '$array':
    case '$tuple':
      return isList(inner) ? { is: 'list', items: inner, className: classOf(value) } : SCALAR;
    case '$avro':
      return contentOf(inner);
    case '$branch':
      return contentOf(value['value'] ?? null);
    case '$row':
      return rowContent(value, inner);
    case '$ttl':
    case '$streamRecord':
      return record(
        [
          ['value', value['value'] ?? (tag === '$streamRecord' ? inner : null)],
          [tag === '$ttl' ? LAST_ACCESS : 'timestamp', tag === '$ttl' ? inner : (value['timestamp'] ?? null)],
        ],
        null,
      );
    case '$class':
      return record(entries.slice(1), typeof inner === 'string' ? inner : null);
    case '$left':
    case '$right':
      return record([[tag.slice(1), inner]], null);
    default:
      return tag.startsWith('$') ? SCALAR : record(entries, null);
  }
}

/** What Kryo has written says its class beside its elements. */
function classOf(value: { readonly [key: string]: DumpValue }): string | null {
  const name = value['class'];
  return typeof name === 'string' ? name : null;
}

function rowContent(row: { readonly [key: string]: DumpValue }, fields: DumpValue): ValueContent {
  const kind = row['kind'] ?? null;
  // Rows of state insert, all but always: only another kind is worth a field of its own.
  const kindField: [string, DumpValue][] = kind === null || kind === '+I' ? [] : [['$kind', kind]];
  if (!isList(fields))
    return typeof fields === 'object' && fields !== null && !(fields instanceof Floating)
      ? record([...kindField, ...Object.entries(fields)], null)
      : SCALAR;
  const names = row['names'];
  const nameOf = (i: number): string => {
    const name = names !== undefined && isList(names) ? names[i] : undefined;
    return typeof name === 'string' ? name : `f${String(i)}`;
  };
  return record([...kindField, ...fields.map((field, i): [string, DumpValue] => [nameOf(i), field])], null);
}

function record(fields: readonly (readonly [string, DumpValue])[], className: string | null): ValueContent {
  return { is: 'record', className, fields: new Map(fields) };
}

function pairOf(pair: DumpValue): readonly [DumpValue, DumpValue] {
  return isList(pair) ? [pair[0] ?? null, pair[1] ?? null] : [pair, null];
}

/**
 * A text that equal values share, whatever the order of their sets and maps. With `loose` the types that other serializers give to the
 * same value are left out, as are class names: a long 5 is an int 5.
 */
export function identityText(value: DumpValue, unordered: UnorderedParts | null, loose: boolean): string {
  const branch = loose ? null : branchOf(value);
  if (branch !== null) return `${JSON.stringify(branch)}:${identityText(withoutBranch(value), unordered, loose)}`;
  const content = contentOf(value);
  const textOf = (part: DumpValue, step: string): string => identityText(part, unordered?.part(step) ?? null, loose);
  const className = loose || content.is === 'scalar' || content.className === null ? '' : `${JSON.stringify(content.className)}:`;
  switch (content.is) {
    case 'scalar':
      return loose ? plainJson(value) : dumpText(value);
    case 'list': {
      const items = content.items.map((item, i) => textOf(item, String(i)));
      return `${className}[${(unordered?.isSet === true || isSetClass(content.className ?? undefined) ? items.sort() : items).join(',')}]`;
    }
    case 'map':
      return `${className}{${content.pairs
        .map(([key, item]) => `${identityText(key, null, loose)}:${textOf(item, '')}`)
        .sort()
        .join(',')}}`;
    case 'record': {
      const fields = [...content.fields].map(([name, field]) => `${JSON.stringify(name)}:${textOf(field, name.replace(/^f(?=\d+$)/, ''))}`);
      return `${className}<${fields.sort().join(',')}>`;
    }
  }
}
