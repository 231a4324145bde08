/** Two savepoints of the flights pipeline compared, as the snapshot process says it; made by rule, so that pictures are the same every time. */
import type {
  ComparedOperator,
  ComparedPage,
  ComparedPair,
  ComparedRow,
  ComparedState,
  ComparisonOverview,
  ComparisonResult,
  DiffRequest,
  EntryChange,
  EntryCounts,
  OperatorCounts,
} from '../../src/diff/protocol.ts';
import { overview as snapshot, json } from '../savepoint/sampleSnapshot.ts';

export const pair: ComparedPair = { before: '/projects/a', after: '/projects/b', renames: [], usesProposals: true, ignore: [] };

const state = (name: string, type: string, more: Partial<ComparedState> = {}): ComparedState => ({
  name,
  group: 'keyed',
  presence: 'both',
  type,
  schema: [],
  ...more,
});

function operator(label: string, states: ComparedState[], more: Partial<ComparedOperator> = {}): ComparedOperator {
  const id = `${label}-id`;
  return {
    presence: 'both',
    before: id,
    after: id,
    labelBefore: label,
    labelAfter: label,
    matchedBy: 'id',
    bytesBefore: 27_787_264,
    bytesAfter: 28_311_552,
    states,
    notes: [],
    ...more,
  };
}

const timers = (name: string): ComparedState => state(`_timer_state/event_${name}`, 'event-time timers', { group: 'timers' });

const operators: ComparedOperator[] = [
  operator(
    'late-streaks',
    [
      state('worst', 'map<string, long>'),
      state('streak', 'value<Streak>', {
        schema: [
          { part: 'value', before: 'int', after: 'record Streak {origin: string, length: int}' },
          { part: 'serializer', before: 'IntSerializer', after: 'AvroSerializer' },
        ],
      }),
      timers('user-timers'),
    ],
    { before: 'late-streak-id', labelBefore: 'late-streak', matchedBy: 'proposal', bytesBefore: 377_025_531, bytesAfter: 421_527_552 },
  ),
  operator('hourly-delay', [state('window-contents', 'list<Flight>'), timers('window-timers')]),
  operator('enrich', [state('airports', 'broadcast<string, Airport>', { group: 'broadcast' })], {
    bytesBefore: 1_284_096,
    bytesAfter: 1_284_096,
  }),
  operator('gate-stats', [state('byGate', 'map<string, GateStat>', { presence: 'added' })], {
    presence: 'added',
    before: null,
    labelBefore: null,
    matchedBy: null,
    bytesBefore: 0,
    bytesAfter: 1_153_434,
  }),
  operator('dedupe', [state('seen', 'value<boolean>', { presence: 'removed' })], {
    presence: 'removed',
    after: null,
    labelAfter: null,
    matchedBy: null,
    bytesBefore: 9_437_184,
    bytesAfter: 0,
  }),
  operator('flights', [], { bytesBefore: 512, bytesAfter: 512 }),
];

export const overview: ComparisonOverview = {
  before: { ...snapshot, location: '/projects/a', name: 'savepoint-7f3a21-0c9d4be1', sizeBytes: 415_894_979 },
  after: {
    ...snapshot,
    location: '/projects/b',
    name: 'savepoint-7f3a21-5e80a2c7',
    sizeBytes: 442_641_386,
    createdAt: (snapshot.createdAt ?? 0) + 69_540_000,
  },
  operators,
  positions: [
    {
      operator: 'flights',
      before: 'data/flights.json: 402,118,044 of 431,882,190 bytes read',
      after: 'data/flights.json: 431,882,190 of 431,882,190 bytes read',
    },
    {
      operator: 'airports',
      before: 'data/airports.json: 812,331 of 812,331 bytes read',
      after: 'data/airports.json: 812,331 of 812,331 bytes read',
    },
  ],
};

const counts = (added: number, removed: number, changed: number, same: number, bytesBefore: number, bytesAfter: number): EntryCounts => ({
  added,
  removed,
  changed,
  same,
  bytesBefore,
  bytesAfter,
});

const COUNTS: EntryCounts[][] = [
  [
    counts(214_880, 41_206, 388_119, 2_539_999, 371_195_904, 414_187_520),
    counts(2106, 0, 316_098, 0, 5_033_165, 6_501_171),
    counts(18_233, 16_920, 0, 22_974, 796_918, 838_861),
  ],
  [counts(31_240, 29_877, 1904, 60_976, 27_787_264, 28_311_552), counts(402, 389, 0, 17_831, 360_448, 364_544)],
  [counts(0, 0, 12, 3364, 1_284_096, 1_284_096)],
  [counts(8204, 0, 0, 0, 0, 1_153_434)],
  [counts(0, 512_044, 0, 0, 9_437_184, 0)],
  [],
];

function keyGroups(index: number): OperatorCounts['keyGroups'] {
  if (index === 2 || index === 5) return null;
  const outliers: Record<number, number> = {
    5: 16_528_384,
    12: 22_125_757,
    37: 53_486_071,
    38: 33_965_196,
    77: 20_045_836,
    90: 43_647_168,
  };
  const before = Array.from({ length: 128 }, (_, i) => outliers[i] ?? 900_000 + ((i * 7919) % 1_100_000));
  return { before, after: before.map((each, i) => Math.round(each * (1 + ((i * 31) % 20) / 100))) };
}

export function countsOf(index: number, isFinal = true): OperatorCounts {
  const found = operators[index];
  return {
    operator: index,
    isFinal,
    states: (found?.states ?? []).map(({ name, group, presence }, i) => ({ name, group, presence, counts: COUNTS[index]![i]! })),
    sharedBytes: 0,
    keyGroups: isFinal ? keyGroups(index) : null,
  };
}

export const result: ComparisonResult = { operators: operators.map((_, i) => countsOf(i)), durationMs: 2100 };

/** Two that hold the same. */
export const same: ComparisonResult = {
  operators: operators.slice(1, 3).map((_, i) => {
    const counted = countsOf(i + 1);
    return { ...counted, operator: i, states: counted.states.map((each) => ({ ...each, counts: counts(0, 0, 0, 4007, 1000, 1000) })) };
  }),
  durationMs: 3,
};
export const sameOverview: ComparisonOverview = { ...overview, operators: operators.slice(1, 3) };

const AIRPORTS = ['ATL', 'ORD', 'SLC', 'DFW', 'DEN', 'CLT', 'LAX', 'PHX', 'SEA', 'BOS'];
const PAGE = 20;

function row(request: DiffRequest & { method: 'entries' }, i: number): ComparedRow {
  const { state: name } = request.params;
  const changes = request.params.changes;
  const change: EntryChange = changes[(i * 3 + 2) % changes.length] ?? 'changed';
  const airport = AIRPORTS[i % AIRPORTS.length]!;
  const isRecord = name === 'streak';
  const before = change === 'added' ? null : isRecord ? json(3 + i) : json({ $long: String(100 + i) });
  const after =
    change === 'removed' ? null : isRecord ? json({ $avro: { origin: airport, length: 4 + i } }) : json({ $long: String(119 + i * 2) });
  return {
    cursor: `c${String(i)}`,
    change,
    keyGroup: 37,
    key: json(airport),
    namespace: null,
    userKey: name === 'worst' ? json(`DL${String(1042 + i)}`) : null,
    timestamp: null,
    before,
    after,
    fields:
      change !== 'changed'
        ? []
        : isRecord
          ? [
              { path: 'value.origin', before: null, after: json(airport) },
              { path: 'value.length', before: json(3 + i), after: json(4 + i) },
            ]
          : [{ path: 'value', before, after }],
    fieldCount: change === 'changed' ? (isRecord ? 2 : 1) : 0,
  };
}

function page(request: DiffRequest & { method: 'entries' }): ComparedPage {
  const { cursor, key } = request.params;
  if (key === 'JFX') return { rows: [], cursor: null };
  const from = cursor === null ? 0 : Number(cursor.slice(1));
  return { rows: Array.from({ length: PAGE }, (_, i) => row(request, from + i)), cursor: `c${String(from + PAGE)}` };
}

export function answer(request: DiffRequest): unknown {
  switch (request.method) {
    case 'open':
      return overview;
    case 'run':
      return result;
    case 'entries':
      return page(request);
  }
}
