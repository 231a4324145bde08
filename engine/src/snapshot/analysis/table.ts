import type { RowAnswer } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import type { LogicalType } from '../serializers/logicalType.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { PartsProgress, type ReadProgress } from '../readProgress.ts';
import type { SnapshotOperator, SnapshotSubtask } from '../snapshot.ts';
import { keySerializer, namespaceSerializer, valueSerializer } from '../stateMetaInfo.ts';
import { partOfElement, queryElements, wantsElements, type MatchedElement } from './elementQuery.ts';
import { parseAvroType, type AvroType } from '../values/avroType.ts';
import { compileExpression } from './expression.ts';
import type { Path, PathRoot } from './expressionSyntax.ts';
import { RowProjection } from './rowProjection.ts';
import type { Scalar } from './scalar.ts';
import { queryRows, searchedShare, type QueryOptions, type StateQuery } from './stateQuery.ts';

/** `long` has 64 bits; `json` is whatever has parts, or is not the same in all states. */
export type ColumnType = 'text' | 'boolean' | 'int' | 'long' | 'double' | 'json';

export interface TableColumn {
  /** Such as `key`, `value.count`, `namespace.start`. */
  readonly name: string;
  readonly type: ColumnType;
}

interface PathColumn extends TableColumn {
  readonly path: Path;
}

/** Wider values are one column of JSON. */
const COLUMNS_MAX = 200;
const DEPTH_MAX = 8;

/** State as a table: one row an entry (of maps one a user key), the parts of keys and values in columns of their own. */
export class StateTable {
  readonly #operators: readonly SnapshotOperator[];
  readonly #query: StateQuery;
  readonly #columns: readonly PathColumn[];

  private constructor(operators: readonly SnapshotOperator[], query: StateQuery, columns: readonly PathColumn[]) {
    this.#operators = operators;
    this.#query = query;
    this.#columns = columns;
  }

  /** Reads headers only: columns are known before the first row. @throws ExpressionError, FormatError */
  static async open(operators: readonly SnapshotOperator[], query: StateQuery): Promise<StateTable> {
    if (query.where !== undefined) compileExpression(query.where);
    const columns = new ColumnSet();
    for (const operator of operators) {
      for (const subtask of operator.subtasks) {
        for (const keyed of await subtask.keyedStates()) addKeyedColumns(columns, keyed, query);
        if (wantsElements(query)) await addElementColumns(columns, subtask, query);
      }
    }
    return new StateTable(operators, query, columns.inOrder());
  }

  get columns(): readonly TableColumn[] {
    return [OPERATOR, ...this.#columns];
  }

  /**
   * Shows the rows, in the order of `columns`; the values hold until the visitor returns. Resolves to how many there were; `false` ends it.
   * @throws as queryRows
   */
  async rows(
    visit: (values: readonly Scalar[]) => RowAnswer,
    {
      signal,
      onUnreadable,
      onProgress,
    }: Pick<QueryOptions, 'signal' | 'onUnreadable'> & { readonly onProgress?: (progress: ReadProgress) => void } = {},
  ): Promise<number> {
    let count = 0;
    const progress = new PartsProgress(this.#operators, onProgress);
    const paths = this.#columns.map(({ path }) => path);
    const show = (operator: SnapshotOperator, slots: readonly Scalar[]): RowAnswer => {
      count++;
      return visit([operator.metadata.operatorId, ...slots]);
    };
    for (const operator of this.#operators) {
      const projections = new Map<KeyedState, RowProjection>();
      const outcome = await queryRows(
        operator,
        this.#query,
        ({ keyed, subtask, row }) => {
          let projection = projections.get(keyed);
          if (projection === undefined) projections.set(keyed, (projection = new RowProjection(keyed, subtask, paths)));
          projection.read(row);
          return show(operator, projection.slots);
        },
        {
          ...(signal === undefined ? {} : { signal }),
          ...(onUnreadable === undefined ? {} : { onUnreadable }),
          onProgress: (each) => progress.at(operator, searchedShare(each)),
        },
      );
      const valuesOf = (element: MatchedElement): Scalar[] => paths.map((path) => partOfElement(element, path));
      const showElement = (element: MatchedElement): RowAnswer => show(operator, valuesOf(element));
      if (outcome.ended || !(await queryElements(operator, this.#query, showElement, signal))) break;
      progress.end(operator);
    }
    return count;
  }
}

const OPERATOR: TableColumn = { name: 'operator', type: 'text' };

async function addElementColumns(columns: ColumnSet, subtask: SnapshotSubtask, query: StateQuery): Promise<void> {
  for (const { meta } of (await subtask.operatorState())?.states ?? []) {
    if (query.state?.(meta.name, meta.kind === 'BROADCAST' ? 'broadcast' : 'list') === false) continue;
    columns.add('key', keySerializer(meta));
    columns.add('value', valueSerializer(meta));
  }
  const raw = subtask.metadata.rawOperatorState?.partitions ?? [];
  if (raw.some(({ name }) => query.state?.(name, 'raw') ?? true)) columns.add('value', { kind: 'byteArray' });
}

function addKeyedColumns(columns: ColumnSet, keyed: KeyedState, query: StateQuery): void {
  for (const state of keyed.codec.states) {
    const { meta, type } = state;
    const isTimer = type === 'TIMER';
    if (query.state?.(meta.name, isTimer ? 'timers' : 'keyed') === false) continue;
    columns.addScalar('keyGroup', 'int');
    columns.add('key', keyed.rows.header.key.snapshot);
    const stored = valueSerializer(meta);
    const value = stored?.kind === 'ttlAware' ? stored.value : stored;
    if (isTimer) {
      columns.addScalar('timestamp', 'long');
      columns.add('namespace', value?.kind === 'timer' ? value.namespace : null);
      continue;
    }
    columns.add('namespace', namespaceSerializer(meta));
    const map = type === 'MAP' && value?.kind === 'map' ? value : null;
    if (map !== null) columns.add('userKey', map.key);
    const own = map?.value ?? value;
    if (own?.kind === 'ttl') columns.addScalar('lastAccess', 'long');
    // What decoders make of values is not known before.
    if (own !== null && keyed.decodedReader(own, state) !== null) columns.addScalar('value', 'json');
    else columns.add('value', own);
  }
}

const ROOT_ORDER: readonly PathRoot[] = ['subtask', 'state', 'keyGroup', 'key', 'namespace', 'userKey', 'timestamp', 'lastAccess', 'value'];

/** The columns of several states: those of the same name are one. */
class ColumnSet {
  readonly #columns = new Map<string, PathColumn>();

  constructor() {
    this.addScalar('subtask', 'int');
    this.addScalar('state', 'text');
  }

  addScalar(root: PathRoot, type: ColumnType): void {
    this.#put({ name: root, type, path: { root, steps: [] } });
  }

  add(root: PathRoot, serializer: SerializerSnapshot | null): void {
    if (serializer === null || serializer.kind === 'voidNamespace') return;
    const leaves = leavesOf(serializer, [], 0);
    const fitting = leaves.length + this.#columns.size > COLUMNS_MAX ? [{ steps: [], label: [], type: 'json' as const }] : leaves;
    for (const { steps, label, type } of fitting) this.#put({ name: [root, ...label].join('.'), type, path: { root, steps } });
  }

  #put(column: PathColumn): void {
    const known = this.#columns.get(column.name);
    if (known === undefined) this.#columns.set(column.name, column);
    else if (known.type !== column.type || known.path.steps.length !== column.path.steps.length) {
      const steps = column.path.steps.filter((step) => !step.startsWith('$'));
      this.#columns.set(column.name, { ...known, type: 'json', path: { root: column.path.root, steps } });
    }
  }

  inOrder(): PathColumn[] {
    return [...this.#columns.values()].sort((a, b) => ROOT_ORDER.indexOf(a.path.root) - ROOT_ORDER.indexOf(b.path.root));
  }
}

/** A part of a value that is a column. Steps with `$` take a number as the text that keeps all its digits. */
interface Leaf {
  readonly steps: readonly string[];
  readonly label: readonly string[];
  readonly type: ColumnType;
}

function leavesOf(serializer: SerializerSnapshot, at: readonly string[], depth: number): Leaf[] {
  const leaf = (type: ColumnType, exact: readonly string[] = []): Leaf[] => [{ steps: [...at, ...exact], label: at, type }];
  const fields = (parts: readonly (readonly [string, SerializerSnapshot | null])[]): Leaf[] =>
    parts.flatMap(([name, part]) =>
      part === null ? [{ steps: [...at, name], label: [...at, name], type: 'json' as const }] : leavesOf(part, [...at, name], depth + 1),
    );
  if (depth > DEPTH_MAX) return leaf('json');
  switch (serializer.kind) {
    case 'boolean':
      return leaf('boolean');
    case 'byte':
    case 'short':
    case 'int':
      return leaf('int');
    case 'long':
      return leaf('long');
    case 'float':
    case 'double':
      return leaf('double');
    case 'bigInteger':
      return leaf('text', ['$bigint']);
    case 'bigDecimal':
    case 'decimalData':
      return leaf('text', ['$decimal']);
    case 'string':
    case 'stringData':
    case 'char':
    case 'enum':
    case 'scalaEnum':
    case 'byteArray':
    case 'byteArrayWrapper':
    case 'localDate':
    case 'localTime':
    case 'localDateTime':
    case 'instant':
    case 'timestampData':
      return leaf('text');
    case 'date':
    case 'sqlDate':
    case 'sqlTime':
    case 'sqlTimestamp':
      return leaf('long');
    case 'timeWindow':
      return ['start', 'end'].map((name) => ({ steps: [...at, name], label: [...at, name], type: 'long' as const }));
    case 'pojo':
      return serializer.unregistered.length + serializer.registered.length > 0 || serializer.fields.length === 0
        ? leaf('json')
        : fields(serializer.fields.map((field) => [field.name, field.serializer]));
    case 'tuple':
    case 'scalaCaseClass':
      return fields(serializer.fields.map((field, i) => [`f${String(i)}`, field]));
    case 'rowData':
      return serializer.types.flatMap((type, i) => logicalLeaves(type, [...at, `f${String(i)}`]));
    case 'avro':
      return avroLeaves(serializer.schema, at);
    case 'nullable':
    case 'scalaOption':
    case 'ttl':
    case 'ttlAware':
    case 'external':
      return leavesOf(serializer.value, at, depth + 1);
    default:
      return leaf('json');
  }
}

const LOGICAL_TYPES: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ['BOOLEAN', 'boolean'],
  ['TINYINT', 'int'],
  ['SMALLINT', 'int'],
  ['INTEGER', 'int'],
  ['BIGINT', 'long'],
  ['FLOAT', 'double'],
  ['DOUBLE', 'double'],
  ['CHAR', 'text'],
  ['VARCHAR', 'text'],
  ['DATE', 'text'],
  ['TIME_WITHOUT_TIME_ZONE', 'text'],
  ['TIMESTAMP_WITHOUT_TIME_ZONE', 'text'],
  ['TIMESTAMP_WITH_LOCAL_TIME_ZONE', 'text'],
]);

function logicalLeaves({ root }: LogicalType, at: readonly string[]): Leaf[] {
  if (root === 'DECIMAL') return [{ steps: [...at, '$decimal'], label: at, type: 'text' }];
  return [{ steps: at, label: at, type: LOGICAL_TYPES.get(root) ?? 'json' }];
}

/** The fields of a record; of other schemas one column. A type or null has the columns of the type. */
function avroLeaves(schema: string, at: readonly string[]): Leaf[] {
  const type = parseAvroType(schema);
  // A schema that is not JSON is reported where its values are read.
  if (type?.kind !== 'record') return [{ steps: at, label: at, type: 'json' }];
  return type.fields.map((field) => {
    const label = [...at, field.name];
    const branches = field.type.kind === 'union' ? field.type.branches.filter(({ kind }) => kind !== 'null') : [field.type];
    const column = branches.length === 1 && branches[0] !== undefined ? avroColumn(branches[0]) : 'json';
    return column === 'decimal' ? { steps: [...label, '$decimal'], label, type: 'text' } : { steps: label, label, type: column };
  });
}

function avroColumn(type: AvroType): ColumnType | 'decimal' {
  switch (type.kind) {
    case 'boolean':
      return 'boolean';
    case 'int':
    case 'long':
      return type.logical === null ? type.kind : 'text';
    case 'float':
    case 'double':
      return 'double';
    case 'string':
      return 'text';
    case 'bytes':
    case 'fixed':
      return type.logical === null ? 'json' : type.logical.type === 'decimal' ? 'decimal' : type.logical.type === 'uuid' ? 'text' : 'json';
    default:
      return 'json';
  }
}
