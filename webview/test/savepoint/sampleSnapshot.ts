/** A savepoint of the flights pipeline, as the snapshot process describes it; made by rule, so that pictures are the same every time. */
import type {
  EntryPage,
  EntryRow,
  OperatorFacts,
  OperatorOverview,
  PageRequest,
  SnapshotOverview,
  SnapshotStatistics,
  StateBytes,
  StateFacts,
  StateStatistics,
} from '../../src/savepoint/protocol.ts';
import type { ValueText } from '../../src/snapshot/typedValue.ts';

const HOUR = 3_600_000;
export const TAKEN = Date.UTC(2026, 10, 22, 18, 2, 14, 338);

function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const json = (value: unknown): ValueText => ({ json: JSON.stringify(value), cut: false });

function sizes(part: Partial<StateBytes>): StateBytes {
  const all = { keyed: 0, rawKeyed: 0, operator: 0, rawOperator: 0, channels: 0, coordinator: 0, ...part };
  return { ...all, total: Object.values(all).reduce((sum, value) => sum + value, 0) };
}

function operator(
  id: string,
  uid: string,
  name: string,
  parallelism: number,
  bytes: Partial<StateBytes>,
  finished = false,
): OperatorOverview {
  return { id, label: uid, uid, name, parallelism, maxParallelism: 128, finished, bytes: sizes(bytes) };
}

const operators: OperatorOverview[] = [
  operator('6692742343b36a081ec658df5c1cbb48', 'flights', 'Source', 2, { operator: 18_432 }),
  operator('6312ad5061414d3af76f0ba5a572b4f7', 'airports', 'Source', 1, { operator: 1024 }),
  operator('2ef03937e1a6d13c0f32aa218405d913', 'event-time', 'Watermark', 2, {}),
  operator('eeb7e96161dcfff868c194e2bd51afba', 'enrich', 'BroadcastProcess', 4, { operator: 1_284_096 }),
  operator('e2d64698a136b2f7186b4755aa1c1260', 'late-streaks', 'KeyedProcess', 4, { keyed: 421_527_552 }),
  operator('011eb49e33a11f90f5ed4a9adfbb6102', 'hourly-delay', 'WindowOperator', 4, { keyed: 28_311_552 }),
  operator('91e1946d80309feae10d26abab085aa8', 'streaks', 'Sink', 1, { operator: 6144 }),
  operator('b11df39380ea82e7150d3d2af8ee77e8', 'hourly', 'Sink', 1, { operator: 6144 }),
];

export const overview: SnapshotOverview = {
  location: '/projects/flights/.tidemark/departure-delays/savepoints/savepoint-7f3a21-0c9d4be1',
  name: 'savepoint-7f3a21-0c9d4be1',
  kind: 'savepoint',
  version: 4,
  checkpointId: 812,
  pipeline: 'departure-delays',
  program: '/projects/flights/departure-delays.pipeline.ts',
  createdAt: TAKEN,
  trigger: 'command',
  writer: 'Tidemark',
  format: 'canonical',
  restoresOn: 'Flink 1.16 to 2.3',
  sizeBytes: 451_154_944,
  fileCount: 9,
  relocatable: true,
  hasChecksums: true,
  operators,
};

const state = (name: string, group: StateFacts['group'], kind: string, part: Partial<StateFacts>): StateFacts => ({
  name,
  group,
  kind,
  key: null,
  namespace: null,
  userKey: null,
  value: null,
  serializers: [],
  hasTtl: false,
  count: null,
  ...part,
});

const states: Record<string, StateFacts[]> = {
  'late-streaks': [
    state('worst', 'keyed', 'map', {
      key: 'string',
      userKey: 'string',
      value: 'long',
      hasTtl: true,
      serializers: ['StringSerializer', 'MapSerializer', 'TtlSerializer'],
    }),
    state('streak', 'keyed', 'value', { key: 'string', value: 'avro Streak', serializers: ['StringSerializer', 'AvroSerializer'] }),
    state('_timer_state/event_user-timers', 'timers', 'event-time timers', { key: 'string', serializers: ['TimerSerializer'] }),
  ],
  'hourly-delay': [
    state('window-contents', 'keyed', 'aggregating', { key: 'string', namespace: 'time window', value: 'tuple<long, double>' }),
    state('_timer_state/event_window-timers', 'timers', 'event-time timers', { key: 'string', namespace: 'time window' }),
  ],
  enrich: [state('airports', 'broadcast', 'broadcast', { key: 'string', value: 'avro Airport', count: 3376 })],
  flights: [state('SourceReaderState', 'list', 'list', { value: 'bytes', count: 2 })],
  airports: [state('SourceReaderState', 'list', 'list', { value: 'bytes', count: 1 })],
  streaks: [state('writer_raw_states', 'list', 'list', { value: 'bytes', count: 1 })],
  hourly: [state('writer_raw_states', 'list', 'list', { value: 'bytes', count: 1 })],
};

const positions: Record<string, string[]> = {
  flights: ['data/flights.json: 402,118,044 of 431,882,190 bytes read'],
  airports: ['data/airports.json: 812,331 of 812,331 bytes read'],
};

const HOT: Record<number, number> = {
  37: 63_820_316,
  90: 51_617_228,
  38: 41_326_383,
  12: 28_179_970,
  77: 23_755_761,
  104: 22_217_649,
  5: 19_645_729,
};

function keyGroups(total: number): number[] {
  const next = random(total);
  const rest = Array.from({ length: 128 }, () => 870_000 + next() * 1_120_000);
  return rest.map((size, group) => Math.round(total > 1e8 ? (HOT[group] ?? size) : size * (total / 170_000_000)));
}

export function factsOf({ id, label, parallelism, bytes, finished }: OperatorOverview): OperatorFacts {
  return {
    id,
    states: states[label] ?? (label.startsWith('operator-') ? (states['hourly-delay'] ?? []) : []),
    unreadable: null,
    subtasks: Array.from({ length: parallelism }, (_, index) => ({
      index,
      finished,
      bytes: Math.round(bytes.total / parallelism),
      keyGroups:
        bytes.keyed === 0
          ? null
          : { first: Math.ceil((index * 128) / parallelism), last: Math.ceil(((index + 1) * 128) / parallelism) - 1 },
    })),
    keyGroupBytes: bytes.keyed === 0 ? null : keyGroups(bytes.keyed),
    sourcePositions: positions[label] ?? [],
  };
}

const hours = (count: number, first: number): number[] => {
  const next = random(count);
  return Array.from({ length: 7 * 24 }, (_, i) => {
    if (i < first || i > 163) return 0;
    const hour = i % 24;
    const day = Math.floor(i / 24);
    const busy = hour < 6 ? 0.06 : 0.3 + 0.7 * Math.exp(-(((hour - (day === 0 ? 21 : 9)) / 5) ** 2));
    return Math.round((count / 60) * busy * 0.72 ** day * (0.7 + next() * 0.6));
  });
};

const KEYS: [string, number, number, number][] = [
  ['ATL', 61_865_984, 431_220, 37],
  ['ORD', 50_331_648, 352_118, 90],
  ['DFW', 39_845_888, 281_007, 38],
  ['DEN', 27_262_976, 190_455, 12],
  ['CLT', 22_020_096, 150_209, 77],
  ['LAX', 20_971_520, 144_812, 104],
  ['PHX', 17_825_792, 120_340, 5],
];

const base = (
  label: string,
  name: string,
  group: StateStatistics['group'],
  entries: number,
  bytes: number,
  keys: number,
): StateStatistics => ({
  operator: operators.find((each) => each.label === label)?.id ?? '',
  state: name,
  group,
  entries,
  keys,
  bytes,
  keyGroups: [],
  sizes: [],
  medianBytes: null,
  p99Bytes: null,
  largestBytes: 0,
  largestKeys: [],
  timers: null,
  lastAccess: null,
});

export const statistics: StateStatistics[] = [
  {
    ...base('late-streaks', 'worst', 'keyed', 3_184_204, 414_187_520, 358),
    sizes: [0, 0, 0, 120, 18_400, 201_332, 1_840_221, 880_120, 190_233, 42_018, 9144, 1820, 640, 201, 56, 12, 7],
    medianBytes: 127,
    p99Bytes: 1023,
    largestBytes: 98_120,
    largestKeys: KEYS.map(([key, bytes, entries, keyGroup]) => ({ key: json(key), bytes, entries, keyGroup })),
    lastAccess: {
      start: Date.UTC(2026, 10, 15, 18),
      bucketMs: HOUR,
      counts: Array.from({ length: 169 }, (_, i) => Math.round(38_000 * Math.exp(-(((i - 96) / 34) ** 2)))),
      first: Date.UTC(2026, 10, 15, 18, 4),
      last: TAKEN - 8000,
      due: 3_184_204,
      beyond: 0,
    },
  },
  {
    ...base('late-streaks', 'streak', 'keyed', 318_204, 7_108_220, 318_204),
    sizes: [0, 0, 0, 0, 280_331, 37_873],
    medianBytes: 31,
    p99Bytes: 63,
    largestBytes: 41,
    largestKeys: KEYS.map(([key, , , keyGroup]) => ({ key: json(key), bytes: 41, entries: 1, keyGroup })),
  },
  {
    ...base('late-streaks', '_timer_state/event_user-timers', 'timers', 41_207, 741_726, 358),
    sizes: [0, 0, 0, 0, 41_207],
    medianBytes: 31,
    p99Bytes: 31,
    largestBytes: 18,
    largestKeys: KEYS.map(([key, bytes, entries, keyGroup]) => ({
      key: json(key),
      bytes: Math.round(bytes / 9000),
      entries: Math.round(entries / 90),
      keyGroup,
    })),
    timers: {
      start: Date.UTC(2026, 10, 22),
      bucketMs: HOUR,
      counts: hours(41_207, 15),
      first: Date.UTC(2026, 10, 22, 15, 2),
      last: Date.UTC(2026, 10, 28, 19, 2),
      due: 1842,
      beyond: 0,
    },
  },
  {
    ...base('hourly-delay', 'window-contents', 'keyed', 94_120, 27_311_552, 358),
    sizes: [0, 0, 0, 0, 0, 0, 41_207, 52_913],
    medianBytes: 255,
    p99Bytes: 255,
    largestBytes: 240,
  },
  { ...base('enrich', 'airports', 'broadcast', 3376, 1_284_096, 0), keys: null },
  ...['flights', 'airports'].map((label, i) => ({ ...base(label, 'SourceReaderState', 'list', 2 - i, 1024, 0), keys: null })),
  ...['streaks', 'hourly'].map((label) => ({ ...base(label, 'writer_raw_states', 'list', 1, 6144, 0), keys: null })),
];

const FLIGHTS = ['DL1042', 'UA318', 'AA2207', 'WN811', 'B6615', 'DL77', 'AS340', 'NK1190', 'UA1504', 'DL2231', 'AA91', 'F9420'];

function row(i: number, name: string): EntryRow {
  const next = random(i + 7);
  const flight = FLIGHTS[i % FLIGHTS.length] ?? '';
  const common = { cursor: `c${String(i)}`, keyGroup: 37, subtask: 1, namespace: null, userKey: null, timestamp: null, lastAccess: null };
  if (name === 'worst')
    return {
      ...common,
      key: json('ATL'),
      userKey: json(flight),
      value: { json: `{"$ttl":${String(TAKEN - i * 5 * HOUR)},"value":{"$long":"${String(Math.round(next() * 900))}"}}`, cut: false },
      lastAccess: TAKEN - i * 5 * HOUR - 120_000,
      bytes: 26 + (i % 3),
    };
  if (name === 'airports')
    return {
      ...common,
      keyGroup: null,
      key: json(flight),
      value: json({ $avro: { code: flight, name: 'Hartsfield–Jackson Atlanta', runways: 5, open: true, closed: null } }),
      bytes: 214,
    };
  if (name.startsWith('_timer')) return { ...common, timestamp: String(TAKEN + i * HOUR), key: json('ATL'), value: null, bytes: 18 };
  return { ...common, key: json('ATL'), value: json({ $avro: { count: i, since: flight } }), bytes: 41 };
}

/** Answers a page's request as the snapshot process would. */
export function answer(request: PageRequest): unknown {
  switch (request.method) {
    case 'verify':
      return { ok: true, checksums: true, problems: [] };
    case 'operators':
      return {
        operators: request.params.operators.flatMap((id) =>
          allOperators()
            .filter((each) => each.id === id)
            .map(factsOf),
        ),
      };
    case 'statistics':
      return { bytesRead: overview.sizeBytes, durationMs: 4100, states: statistics, errors: [] } satisfies SnapshotStatistics;
    case 'entries': {
      const { query, state: name, cursor, limit } = request.params;
      const found = query.expression?.includes('JFX') === true || query.key === 'JFX' ? 0 : 124;
      const from = cursor === null ? 0 : Number(cursor.slice(1));
      const rows = Array.from({ length: Math.max(0, Math.min(limit, found - from)) }, (_, i) => row(from + i, name));
      const more = from + rows.length < found;
      return {
        rows,
        cursor: more ? `c${String(from + rows.length)}` : null,
        bytesRead: 1_992_294,
        bytesTotal: 421_527_552,
        searchedKeyGroups: query.keyGroup === null ? 38 : 1,
        keyGroups: query.keyGroup === null ? 128 : 1,
        unreadable: null,
        durationMs: 14,
      } satisfies EntryPage;
    }
  }
}

let many: OperatorOverview[] = [];
const allOperators = (): OperatorOverview[] => (many.length > 0 ? many : operators);

/** A snapshot with very many operators. */
export function largeOverview(count: number): SnapshotOverview {
  many = Array.from({ length: count }, (_, i) =>
    operator(`${'0'.repeat(24)}${String(i).padStart(8, '0')}`, `operator-${String(i)}`, 'Map', 8, { keyed: Math.round(1e9 / (i + 1)) }),
  );
  return { ...overview, operators: many, sizeBytes: many.reduce((sum, { bytes }) => sum + bytes.total, 0) };
}

/** Gives the largest operator very many states. */
export function addStates(count: number): void {
  states['late-streaks'] = Array.from({ length: count }, (_, i) =>
    state(`state-${String(i)}`, 'keyed', 'value', { key: 'string', value: 'long', serializers: ['StringSerializer', 'LongSerializer'] }),
  );
}
