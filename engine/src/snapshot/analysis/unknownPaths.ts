import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { keySerializer, namespaceSerializer, valueSerializer } from '../stateMetaInfo.ts';
import type { SnapshotOperator } from '../snapshot.ts';
import { compileAggregates, compileExpression } from './expression.ts';
import type { Path } from './expressionSyntax.ts';
import { positionOf } from './scalar.ts';

/** Expressions that are about to be computed. */
interface ExpressionTexts {
  readonly where: string | null;
  readonly aggregates: string | null;
}

/**
 * Parts that expressions name and no state that is looked at can have, in words with those there are: a field that is misspelt would
 * be null in every row. Reads headers only. @throws ExpressionError, FormatError
 */
export async function unknownPaths(
  operators: readonly SnapshotOperator[],
  state: ((name: string) => boolean) | null,
  { where, aggregates }: ExpressionTexts,
): Promise<string[]> {
  const { paths } = aggregates === null ? compileExpression(where ?? 'true') : compileAggregates(aggregates, where);
  const nested = paths.filter(({ steps }) => steps.length > 0);
  if (nested.length === 0) return [];
  const seen = new Map<Path, Set<string> | 'known'>(nested.map((path) => [path, new Set<string>()]));
  for (const operator of operators) {
    for (const subtask of operator.subtasks) {
      const partitions = subtask.metadata.managedOperatorState?.partitions ?? [];
      const isWanted = partitions.some(({ name }) => state?.(name) !== false);
      for (const { meta } of (isWanted ? await subtask.operatorState() : null)?.states ?? []) {
        if (state?.(meta.name) === false) continue;
        const roots: Partial<Record<Path['root'], SerializerSnapshot | null>> = { key: keySerializer(meta), value: valueSerializer(meta) };
        for (const path of nested) note(seen, path, roots[path.root] ?? null);
      }
      for (const keyed of await subtask.keyedStates()) {
        for (const { meta } of keyed.codec.states) {
          if (state?.(meta.name) === false) continue;
          const value = valueSerializer(meta);
          const roots: Partial<Record<Path['root'], SerializerSnapshot | null>> = {
            key: keyed.rows.header.key.snapshot,
            namespace: value?.kind === 'timer' ? value.namespace : namespaceSerializer(meta),
            userKey: value?.kind === 'map' ? value.key : null,
            value:
              value?.kind === 'map' && meta.options.get('KEYED_STATE_TYPE') === 'MAP'
                ? value.value
                : value?.kind === 'timer'
                  ? null
                  : value,
          };
          for (const path of nested) note(seen, path, roots[path.root] ?? null);
        }
      }
    }
  }
  return [...seen].flatMap(([path, found]) => (found === 'known' || found.size === 0 ? [] : [describe(path, found)]));
}

function note(seen: Map<Path, Set<string> | 'known'>, path: Path, serializer: SerializerSnapshot | null): void {
  const found = seen.get(path);
  if (found === undefined || found === 'known' || serializer === null) return;
  const names = missing(serializer, path.steps);
  if (names === null) seen.set(path, 'known');
  else for (const name of names) found.add(name);
}

/** The parts there are where the one that is named is not; null where it is, or may be. */
function missing(serializer: SerializerSnapshot, steps: readonly string[]): readonly string[] | null {
  const [step, ...rest] = steps;
  if (step === undefined) return null;
  switch (serializer.kind) {
    case 'pojo': {
      if (serializer.registered.length + serializer.unregistered.length > 0) return null;
      const field = serializer.fields.find(({ name }) => name === step);
      if (field === undefined) return step.startsWith('$') ? null : serializer.fields.map(({ name }) => name);
      return field.serializer === null ? null : missing(field.serializer, rest);
    }
    case 'tuple': {
      const field = serializer.fields[positionOf(step)];
      return field === undefined ? serializer.fields.map((_, i) => `f${String(i)}`) : missing(field, rest);
    }
    case 'ttl':
    case 'ttlAware':
      return missing(serializer.value, steps);
    case 'string':
    case 'boolean':
    case 'int':
    case 'long':
    case 'double':
      return ['no parts'];
    default:
      return null;
  }
}

function describe({ root, steps }: Path, known: ReadonlySet<string>): string {
  const names = [...known].filter((name) => name !== 'no parts');
  return `no state here has ${[root, ...steps].join('.')}${names.length === 0 ? '' : `; there is ${names.slice(0, 30).join(', ')}`}`;
}
