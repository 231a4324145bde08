import { avroKind, promotes, recordOf, resolved, simpleName, type AvroRecordJson, type NamedTypes } from './avroJson.ts';

/**
 * What Flink makes of values of a changed record. It decides by names, as Avro does, and then writes the old record with the new schema field
 * by field in its order: a GenericRecord serializer reads with the old schema and writes with the new one by position.
 */
export type PositionalVerdict =
  | { readonly kind: 'works' }
  /** It goes on with values in the wrong fields. */
  | { readonly kind: 'spoils'; readonly fields: readonly string[] }
  /** It goes on with the values of fields that are gone in new ones at their places: right where a field was renamed, wrong where not. */
  | { readonly kind: 'renames'; readonly fields: readonly Renamed[] }
  /** It accepts the schema, and fails when it writes the first value. */
  | { readonly kind: 'fails'; readonly reason: string }
  | { readonly kind: 'refuses'; readonly reason: string };

interface Renamed {
  readonly from: string;
  readonly to: string;
}

const WORKS: PositionalVerdict = { kind: 'works' };
const WORST: readonly PositionalVerdict['kind'][] = ['refuses', 'fails', 'spoils', 'renames', 'works'];
const DEPTH_MAX = 16;
const NUMBERS: readonly string[] = ['int', 'long', 'float', 'double'];

/** Both are schemas as JSON; names are those of each schema's own types. */
export function positionalEvolution(written: unknown, wanted: unknown, oldTypes: NamedTypes, newTypes: NamedTypes): PositionalVerdict {
  return evolution(written, wanted, { oldTypes, newTypes }, 0);
}

interface Types {
  readonly oldTypes: NamedTypes;
  readonly newTypes: NamedTypes;
}

function evolution(written: unknown, wanted: unknown, types: Types, depth: number): PositionalVerdict {
  if (depth > DEPTH_MAX) return WORKS;
  const { oldTypes, newTypes } = types;
  const [old, now] = [resolved(written, oldTypes), resolved(wanted, newTypes)];
  if (!promotes(old, now, oldTypes, newTypes))
    return { kind: 'refuses', reason: `${avroKind(old, oldTypes)} cannot become ${avroKind(now, newTypes)}` };
  if (Array.isArray(old) || Array.isArray(now)) return unionEvolution(old, now, types, depth);
  const [oldRecord, newRecord] = [recordOf(old, oldTypes), recordOf(now, newTypes)];
  if (oldRecord !== null && newRecord !== null) return recordEvolution(oldRecord, newRecord, types, depth);
  const kind = avroKind(now, newTypes);
  if (kind === 'array' || kind === 'map') {
    const part = kind === 'array' ? 'items' : 'values';
    return evolution((old as Record<string, unknown>)[part], (now as Record<string, unknown>)[part], types, depth + 1);
  }
  if (kind === 'enum') {
    const gone = symbolsOf(old).filter((symbol) => !symbolsOf(now).includes(symbol));
    if (gone.length > 0 && !('default' in (now as object))) return { kind: 'refuses', reason: `the enum no longer has ${gone.join(', ')}` };
  }
  return WORKS;
}

function symbolsOf(schema: unknown): string[] {
  const symbols = (schema as { symbols?: unknown }).symbols;
  return Array.isArray(symbols) ? symbols.map(String) : [];
}

/** Values find their branch by what they are. */
function unionEvolution(old: unknown, now: unknown, types: Types, depth: number): PositionalVerdict {
  const [olds, news] = [old, now].map((each): unknown[] => (Array.isArray(each) ? (each as unknown[]) : [each]));
  const verdicts = (olds ?? []).map((branch) => {
    const match = news?.find((each) => avroKind(each, types.newTypes) === avroKind(branch, types.oldTypes));
    return match === undefined ? WORKS : evolution(branch, match, types, depth + 1);
  });
  return worst(verdicts);
}

function recordEvolution(old: AvroRecordJson, now: AvroRecordJson, types: Types, depth: number): PositionalVerdict {
  if (old.name !== now.name && !now.aliases.includes(old.name))
    return { kind: 'refuses', reason: `record ${old.name} cannot become record ${now.name}` };
  const verdicts: PositionalVerdict[] = [];
  const spoiled: string[] = [];
  const renamed: Renamed[] = [];
  for (const [index, field] of now.fields.entries()) {
    const partner = old.fields.find(({ name }) => name === field.name || field.aliases.includes(name));
    if (partner === undefined && !field.hasDefault) return { kind: 'refuses', reason: `field ${field.name} is new and has no default` };
    if (partner !== undefined) {
      const verdict = evolution(partner.type, field.type, types, depth + 1);
      if (verdict.kind === 'refuses') return verdict;
      if (partner === old.fields[index]) verdicts.push(verdict);
    }
    const found = old.fields[index];
    if (found === partner && found !== undefined) continue;
    if (found === undefined)
      verdicts.push({ kind: 'fails', reason: `the old records have no value at position ${String(index)}, where ${field.name} is now` });
    else if (partner === undefined && isUnclaimed(found.name, now)) {
      // Schemas that a plan writes have no aliases: they do not tell a rename from a field dropped and another added.
      renamed.push({ from: found.name, to: field.name });
      const verdict = evolution(found.type, field.type, types, depth + 1);
      verdicts.push(verdict.kind === 'refuses' ? { ...verdict, kind: 'fails' } : verdict);
    } else if (isTakenFor(found.type, field.type, types)) spoiled.push(`${field.name} gets the values of ${found.name}`);
    else
      verdicts.push({
        kind: 'fails',
        reason: `values of ${found.name} (${avroKind(found.type, types.oldTypes)}) are where ${field.name} (${avroKind(field.type, types.newTypes)}) is now`,
      });
  }
  if (spoiled.length > 0) verdicts.push({ kind: 'spoils', fields: spoiled });
  if (renamed.length > 0) verdicts.push({ kind: 'renames', fields: renamed });
  return worst(verdicts);
}

/** No field of the new schema is the old one's. */
function isUnclaimed(name: string, now: AvroRecordJson): boolean {
  return !now.fields.some((field) => field.name === name || field.aliases.includes(name));
}

/** Whether Avro's writer takes a value of one type for one of another. */
function isTakenFor(old: unknown, now: unknown, types: Types): boolean {
  const [from, to] = [resolved(old, types.oldTypes), resolved(now, types.newTypes)];
  if (Array.isArray(from)) return from.every((branch) => isTakenFor(branch, to, types));
  if (Array.isArray(to)) return to.some((branch) => isTakenFor(from, branch, types));
  const [a, b] = [avroKind(from, types.oldTypes), avroKind(to, types.newTypes)];
  if (a === 'record' && b === 'record') return nameOf(from) === nameOf(to);
  return a === b || (NUMBERS.includes(a) && NUMBERS.includes(b));
}

function nameOf(schema: unknown): string {
  return simpleName(String((schema as { name?: unknown } | null)?.name));
}

function worst(verdicts: readonly PositionalVerdict[]): PositionalVerdict {
  for (const kind of WORST) {
    const found = verdicts.find((verdict) => verdict.kind === kind);
    if (found !== undefined) return found;
  }
  return WORKS;
}
