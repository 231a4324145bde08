import { dumpText, Floating, isList, type DumpValue } from 'tidemark/snapshot';

const TEXT_MAX = 120;

/** A value in one short line for people: the marks that keep Flink's types apart are left out. */
export function valueText(value: DumpValue): string {
  return short(plain(value));
}

/** The same for keys and other labels, where a text needs no quotes. */
export function labelText(value: DumpValue): string {
  return short(bare(value));
}

function short(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}

function bare(value: DumpValue): string {
  return typeof value === 'string' ? value : plain(value);
}

function plain(value: DumpValue): string {
  if (value instanceof Floating || typeof value !== 'object' || value === null) return dumpText(value);
  if (isList(value)) return `[${value.map(plain).join(', ')}]`;
  if (Object.hasOwn(value, '$branch')) return plain(value['value'] ?? null);
  const content = contentOf(value);
  if (content.kind === 'scalar') return content.text;
  if (content.kind === 'map') return `{${content.pairs.map(([key, item]) => `${bare(key)}: ${plain(item)}`).join(', ')}}`;
  if (content.kind === 'list') return `[${content.items.map(plain).join(', ')}]`;
  return `{${content.fields.map(([name, item]) => `${name}: ${plain(item)}`).join(', ')}}`;
}

type Content =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly DumpValue[] }
  | { readonly kind: 'map'; readonly pairs: readonly (readonly [DumpValue, DumpValue])[] }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [string, DumpValue])[] };

/** What a tagged value holds, whatever its tag. */
function contentOf(value: { readonly [key: string]: DumpValue }): Content {
  const entries = Object.entries(value);
  const [tag, inner] = entries[0] ?? ['', null];
  if (tag === '$map' && isList(inner))
    return { kind: 'map', pairs: inner.filter(isList).map((pair) => [pair[0] ?? null, pair[1] ?? null]) };
  if ((tag === '$array' || tag === '$list' || tag === '$tuple' || tag === '$row') && isList(inner)) return { kind: 'list', items: inner };
  if ((tag === '$avro' || tag === '$duration') && isRecord(inner)) return { kind: 'record', fields: Object.entries(inner) };
  if (tag === '$window') return { kind: 'scalar', text: windowText(inner) };
  if (tag === '$ttl')
    return {
      kind: 'record',
      fields: [
        ['value', value['value'] ?? null],
        ['last access', inner],
      ],
    };
  if (tag === '$class') return { kind: 'record', fields: entries.slice(1) };
  if (tag === '$streamRecord')
    return {
      kind: 'record',
      fields: [
        ['value', inner],
        ['timestamp', value['timestamp'] ?? null],
      ],
    };
  const isScalar = tag.startsWith('$') && typeof inner !== 'object' && value['decoded'] === undefined && value['decodedAll'] === undefined;
  if (isScalar) return { kind: 'scalar', text: tag === '$bytes' ? `0x${String(inner)}` : String(inner) };
  return { kind: 'record', fields: entries.map(([name, item]) => [name.replace(/^\$/, ''), item]) };
}

function isRecord(value: DumpValue): value is { readonly [key: string]: DumpValue } {
  return typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Floating);
}

function windowText(window: DumpValue): string {
  if (!isList(window)) return 'global window';
  return window.map((end) => timeText(end)).join(' to ');
}

/** Event times have no zone of their own: UTC. Times beyond what a date can say stay numbers. */
export function timeText(time: DumpValue): string {
  if (typeof time !== 'number' || Math.abs(time) > 8.64e15) return dumpText(time);
  return new Date(time).toISOString().replace('T', ' ').replace('.000Z', '').replace('Z', '');
}

/** The parts of a value that people may want to open, by name; none for scalars. */
export function partsOf(value: DumpValue): (readonly [string, DumpValue])[] {
  if (value instanceof Floating || typeof value !== 'object' || value === null) return [];
  if (!isList(value) && Object.hasOwn(value, '$branch')) return partsOf(value['value'] ?? null);
  const content = isList(value) ? ({ kind: 'list', items: value } as const) : contentOf(value);
  switch (content.kind) {
    case 'scalar':
      return [];
    case 'list':
      return content.items.map((item, i) => [String(i), item]);
    case 'map':
      return content.pairs.map(([key, item]) => [bare(key), item]);
    case 'record':
      return [...content.fields];
  }
}
