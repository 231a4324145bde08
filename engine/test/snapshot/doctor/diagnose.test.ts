import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../src/snapshot/doctor/diagnose.ts';
import type { Examination } from '../../../src/snapshot/doctor/examination.ts';
import type { DoctorFinding } from '../../../src/snapshot/doctor/finding.ts';
import { sinkFilePaths } from '../../../src/snapshot/doctor/sinkFileRules.ts';
import { keyedHeader } from '../../../src/snapshot/keyed/keyedStream.ts';
import type { OperatorMetadata } from '../../../src/snapshot/metadata/snapshotMetadata.ts';
import type { SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';
import { readSnapshot } from '../../../src/snapshot/snapshot.ts';
import { readHeaders, type OperatorHeaders } from '../../../src/snapshot/snapshotHeaders.ts';
import { keyValueState, operatorListState, timerState } from '../../../src/snapshot/stateMetaInfo.ts';
import { operatorIdOf } from '../../../src/keys/operatorId.ts';
import { memoryStorage, snapshotFiles } from '../snapshotFixtures.ts';
import { NO_COUNTS, NOTHING } from './nothing.ts';

async function headersOf(name: string): Promise<Examination['headers']> {
  return readHeaders(await readSnapshot(memoryStorage(snapshotFiles(name)), `/${name}`));
}

async function findingsOf(name: string, known: Partial<Examination> = {}): Promise<DoctorFinding[]> {
  return diagnose({ ...NOTHING, headers: await headersOf(name), ...known });
}

const codes = (findings: readonly DoctorFinding[]): string[] => [...new Set(findings.map(({ code }) => code))];
const of = (findings: readonly DoctorFinding[], code: DoctorFinding['code']): DoctorFinding[] =>
  findings.filter((each) => each.code === code);

describe('snapshots of Flink', () => {
  test('a native savepoint of RocksDB whose timers were on the heap has lost them', async () => {
    const found = of(await findingsOf('2.3.0-rocksdb-heaptimers-native'), 'timersLeftOut');
    const sure = found.filter(({ severity }) => severity === 'error').map(({ operator }) => operator);
    expect(sure).toEqual(expect.arrayContaining(['win-tumbling-agg', 'win-session-process', 'interval-join', 'win-evictor']));
    // Of count windows and plain keyed operators nothing tells whether they had timers.
    expect(sure).not.toContain('win-count-reduce');
    expect(sure).not.toContain('everything');
    expect(found.at(-1)).toMatchObject({ severity: 'warning', operator: null, message: expect.stringMatching(/17 other keyed/) as string });
  });

  test.each([
    '2.3.0-rocksdb-native',
    '2.3.0-forst-native',
    '2.3.0-hashmap-native',
    '2.3.0-rocksdb-sql-native',
    '2.3.0-rocksdb-checkpoint-changelog',
  ])('those of %s are there', async (name) => {
    expect(codes(await findingsOf(name))).not.toContain('timersLeftOut');
  });

  test('operators without uid, with the way to keep their state', async () => {
    const found = of(await findingsOf('2.3.0-hashmap-canonical'), 'noUid');
    expect(found.map(({ operator }) => operator)).toEqual(expect.arrayContaining(['nouid-reduce']));
    expect(found[0]?.remedy).toMatch(
      /setUidHash\("[0-9a-f]{32}"\).*\ntidemark edit SNAPSHOT --out OUT --rename-uid [0-9a-f]{32}=[a-z0-9-]+$/,
    );
  });

  test('operators that the planner of SQL made are told once for the job, without uids or renames', async () => {
    const other = await headersOf('2.3.0-hashmap-canonical');
    for (const name of ['2.3.0-hashmap-sql-canonical', '2.3.0-rocksdb-sql-native']) {
      const found = await findingsOf(name, { other, plan: new Set(['src']) });
      expect(codes(found)).not.toContain('noUid');
      expect(of(found, 'sqlPlan')).toMatchObject([
        { severity: 'warning', operator: null, message: expect.stringContaining('made 4 operators with state (GroupAggregate[') as string },
      ]);
      for (const code of ['notInPlan', 'notInOther'] as const)
        expect(of(found, code).filter(({ operator }) => operator === null || operator.includes('['))).toHaveLength(1);
      expect(found.map(({ remedy }) => remedy).join()).not.toMatch(/--rename-uid [0-9a-f]{32}/);
    }
    // Metadata before version 5 has no names: keys in the format of SQL tell.
    const { metadata, operators } = await headersOf('2.3.0-hashmap-sql-canonical');
    const old = {
      metadata: { ...metadata, version: 4 as const },
      operators: operators.map((each) => ({ ...each, metadata: { ...each.metadata, name: null, uid: null } })),
    };
    expect(of(diagnose({ ...NOTHING, headers: old }), 'sqlPlan')).toMatchObject([
      { message: expect.stringContaining('made 4 operators') as string },
    ]);
  });

  test('Kryo, which stores no schema', async () => {
    const found = of(await findingsOf('2.3.0-hashmap-canonical'), 'kryo');
    expect(found.map(({ operator, state }) => `${operator ?? ''} ${state ?? ''}`).sort()).toEqual([
      'everything v-kryo',
      'everything v-kryo-list',
      'everything v-uuid',
    ]);
  });

  test('what Flink 2 cannot take over from Flink 1', async () => {
    const found = await findingsOf('1.20.5-hashmap-canonical');
    expect(of(found, 'upgradeKryo').map(({ state }) => state)).toEqual(expect.arrayContaining(['v-kryo', 'v-uuid', 'v-kryo-list']));
    expect(of(found, 'upgradeCollections').map(({ state }) => state)).toEqual(
      expect.arrayContaining(['v-pojo', 'list-pojo', 'rules-pojo']),
    );
    expect(codes(found)).not.toContain('kryo');
    expect(codes(await findingsOf('2.3.0-hashmap-canonical'))).toContain('metadataVersion');
  });

  test('uids that are known only in part point at operators without one', async () => {
    const all = await findingsOf('1.20.5-hashmap-canonical');
    expect(of(all, 'unknownUid')).toMatchObject([{ severity: 'info', operator: null }]);
    const some = await findingsOf('1.20.5-hashmap-canonical', { uids: new Map([[operatorIdOf('everything'), 'everything']]) });
    expect(of(some, 'unknownUid').every(({ severity, operatorId }) => severity === 'warning' && operatorId !== null)).toBe(true);
    expect(of(some, 'unknownUid').some(({ operatorId }) => operatorId === operatorIdOf('everything'))).toBe(false);
  });

  test('records in flight', async () => {
    expect(of(await findingsOf('2.3.0-hashmap-checkpoint-unaligned'), 'inFlight')).toMatchObject([{ severity: 'warning' }]);
    expect(codes(await findingsOf('2.3.0-hashmap-checkpoint-full'))).not.toContain('inFlight');
  });

  test('state that no operator of a plan owns', async () => {
    const found = of(await findingsOf('2.3.0-hashmap-canonical', { plan: new Set(['key-long', 'file-sink', 'other']) }), 'notInPlan');
    const operators = found.map(({ operator }) => operator);
    expect(operators).toContain('key-int');
    expect(operators).not.toContain('key-long');
    // The committer of a sink has a uid that is made of the sink's.
    expect(operators).not.toContain('Sink Committer: file-sink');
    expect(found.find(({ operator }) => operator === 'key-int')?.remedy).toBe(
      'Give it its new uid:\ntidemark edit SNAPSHOT --out OUT --rename-uid key-int=other\nOr leave it out:\ntidemark edit SNAPSHOT --out OUT --drop-operator key-int',
    );
  });

  test('nothing is found between two snapshots of one job, whatever their layout', async () => {
    const other = await headersOf('2.3.0-rocksdb-canonical');
    const found = await findingsOf('2.3.0-hashmap-canonical', { other });
    expect(found.filter(({ code }) => code === 'notInOther' || code === 'differsFromOther')).toEqual([]);
  });

  test('what changed between versions of Flink shows against a snapshot of the newer', async () => {
    const found = await findingsOf('1.20.5-hashmap-canonical', { other: await headersOf('2.3.0-hashmap-canonical') });
    const states = of(found, 'differsFromOther').map(({ state }) => state);
    expect(states).toEqual(expect.arrayContaining(['v-pojo', 'list-pojo']));
    expect(states).not.toContain('v-long');
  });
});

describe('files that sinks have not committed', () => {
  const gone = async (sizes: (path: string) => number | null | undefined) => {
    const headers = await headersOf('2.3.0-hashmap-canonical');
    const sinkFiles = new Map<string, number | null>();
    for (const path of sinkFilePaths(headers)) {
      const size = sizes(path);
      if (size !== undefined) sinkFiles.set(path, size);
    }
    return of(diagnose({ ...NOTHING, headers, sinkFiles }), 'sinkFileGone').map(({ operator, message }) => `${operator ?? ''}: ${message}`);
  };
  const isHidden = (path: string): boolean => path.includes('/.');

  test('a hidden file that is written on must be there with its bytes; one that is to be removed may be gone', async () => {
    expect(await gone(() => 1 << 20)).toEqual([]);
    expect(await gone(() => undefined)).toEqual([]);
    expect(await gone(() => null)).toEqual([
      expect.stringMatching(/^file-sink: Of 2 files that this sink has not committed yet, 2 are not on this machine .* is not there/),
    ]);
    expect((await gone((path) => (isHidden(path) ? 1 : null)))[0]).toMatch(/ has 1 of \d+ bytes/);
  });
});

describe('made up', () => {
  const operator = (uid: string, more: Partial<OperatorHeaders> = {}, metadata: Partial<OperatorMetadata> = {}): OperatorHeaders => ({
    metadata: {
      operatorId: operatorIdOf(uid),
      name: null,
      uid,
      parallelism: 2,
      maxParallelism: 128,
      coordinatorState: null,
      finished: false,
      subtasks: [],
      ...metadata,
    },
    uid,
    stateSize: 10,
    keyed: [],
    operatorStates: [],
    rawStates: [],
    unreadable: null,
    damage: null,
    ...more,
  });
  const keyed = (
    value: SerializerSnapshot,
    sections: readonly { keyGroup: number; size: number | null }[] = [{ keyGroup: 0, size: 10 }],
  ) => [
    {
      subtask: 0,
      layout: 'canonical' as const,
      header: keyedHeader({ kind: 'string' }, [keyValueState('v', 'VALUE', { kind: 'voidNamespace' }, value)]),
      sections,
    },
  ];
  const found = (operators: readonly OperatorHeaders[], known: Partial<Examination> = {}, version = 4): DoctorFinding[] =>
    diagnose({
      ...NOTHING,
      uids: new Map(operators.map(({ metadata }) => [metadata.operatorId, metadata.uid ?? ''])),
      headers: { metadata: { version, checkpointId: 1, masterStates: [], properties: null, operators: [] }, operators },
      ...known,
    });

  test('a healthy one has no findings', () => {
    expect(found([operator('a', { keyed: keyed({ kind: 'long' }) })])).toEqual([]);
  });

  test('Scala serializers cannot go to Flink 2, wherever they stand', () => {
    const value: SerializerSnapshot = {
      kind: 'map',
      key: { kind: 'string' },
      value: { kind: 'tuple', fields: [{ kind: 'scalaOption', value: { kind: 'int' } }] },
    };
    expect(found([operator('a', { keyed: keyed(value) })])).toMatchObject([
      { severity: 'error', code: 'upgradeScala', operator: 'a', state: 'v' },
    ]);
    expect(codes(found([operator('a', { keyed: keyed(value) })], {}, 6))).not.toContain('upgradeScala');
  });

  test('serializers of which nothing is known', () => {
    const value: SerializerSnapshot = { kind: 'unknown', className: 'com.acme.MySnapshot', version: 1, content: new Uint8Array(3) };
    expect(found([operator('a', { keyed: keyed({ kind: 'list', element: value }) })])).toMatchObject([
      { code: 'noSchema', message: expect.stringContaining('com.acme.MySnapshot') as string },
    ]);
  });

  test('a max parallelism that is nearly used up', () => {
    const state = { keyed: keyed({ kind: 'long' }) };
    expect(found([operator('a', state, { parallelism: 64 })])).toEqual([]);
    expect(found([operator('a', state, { parallelism: 80 })])).toMatchObject([
      {
        code: 'maxParallelism',
        message: expect.stringContaining("Flink's default") as string,
        remedy: expect.stringContaining('--max-parallelism a=512') as string,
      },
    ]);
    expect(found([operator('a', {}, { parallelism: 100 })])).toEqual([]);
  });

  test('key groups of very different size, where handles tell', () => {
    const sections = (largest: number | null) =>
      Array.from({ length: 128 }, (_, keyGroup) => ({ keyGroup, size: keyGroup === 7 ? largest : 1 << 20 }));
    expect(found([operator('a', { keyed: keyed({ kind: 'long' }, sections(10 << 20)) })])).toMatchObject([
      { code: 'skewedKeyGroups', message: expect.stringMatching(/Key group 7 has 10.0 MB, 10.0 times the median/) as string },
    ]);
    expect(found([operator('a', { keyed: keyed({ kind: 'long' }, sections(3 << 20)) })])).toEqual([]);
    expect(found([operator('a', { keyed: keyed({ kind: 'long' }, sections(null)) })])).toEqual([]);
  });

  test('transactions of Kafka, the worse the older the snapshot is', () => {
    const part = {
      subtask: 0,
      meta: operatorListState('streaming_committer_raw_states', 'SPLIT_DISTRIBUTE', { kind: 'byteArray' }),
      mode: 'SPLIT_DISTRIBUTE' as const,
      distinct: null,
      count: 1,
      views: [
        {
          kind: 'committables',
          text: '',
          fields: { checkpoints: [{ subtasks: [{ requests: [{ committable: { transactionalId: 'tx-0-1' } }] }] }] },
        },
      ],
    };
    const severityAfter = (minutes: number | null) =>
      found([operator('sink', { operatorStates: [part] })], { takenAt: minutes === null ? null : NOTHING.asOf - minutes * 60_000 }).map(
        ({ code, severity }) => [code, severity],
      );
    expect(severityAfter(5)).toEqual([['transactionsExpire', 'info']]);
    expect(severityAfter(20)).toEqual([['transactionsExpire', 'warning']]);
    expect(severityAfter(61)).toEqual([['transactionsExpire', 'error']]);
    expect(severityAfter(null)).toEqual([['transactionsExpire', 'info']]);
  });

  test('offsets of Kafka where a topic has nothing, once its cluster was asked', () => {
    const split = (partition: number, offset: string) => ({
      kind: 'kafkaSplit',
      text: '',
      fields: { topic: 'orders', partition, startingOffset: { $long: offset }, stoppingOffset: null },
    });
    const meta = operatorListState('SourceReaderState', 'SPLIT_DISTRIBUTE', { kind: 'byteArray' });
    const views = [split(0, '5'), split(1, '9'), split(2, '30'), split(3, '-2'), split(4, '20')];
    const source = operator('src', {
      operatorStates: [{ subtask: 0, meta, mode: 'SPLIT_DISTRIBUTE' as const, distinct: null, count: 5, views }],
    });
    const there = { first: 10n, end: 20n };
    const asked = (topics: Examination['topics']) => found([source], { topics }).map(({ code, message }) => [code, message]);
    expect(asked(null)).toEqual([]);
    expect(asked(new Map([['orders', new Map([0, 1, 2, 3, 4].map((partition) => [partition, there]))]]))).toEqual([
      [
        'offsetsGone',
        'goes on before the first record of 2 partitions of topic orders: 6 records are gone (orders-0 at 5, which begins at 10, orders-1 at 9, which begins at 10).',
      ],
      [
        'offsetsAhead',
        'goes on behind the last record of 1 partition of topic orders, which was made again or lost records (orders-2 at 30, which ends at 20).',
      ],
    ]);
    const remedies = found([source], { topics: new Map([['orders', new Map([0, 1, 2, 3, 4].map((partition) => [partition, there]))]]) });
    // What is as it should be is not moved.
    expect(remedies.map(({ remedy }) => remedy?.slice(remedy.indexOf('tidemark edit')))).toEqual([
      'tidemark edit SNAPSHOT --out OUT --move-offset src:orders/0=earliest --move-offset src:orders/1=earliest',
      'tidemark edit SNAPSHOT --out OUT --move-offset src:orders/2=earliest',
    ]);
    const many = Array.from({ length: 1000 }, (_, partition) => split(partition, '-1'));
    const large = operator('src', {
      operatorStates: [{ subtask: 0, meta, mode: 'SPLIT_DISTRIBUTE' as const, distinct: null, count: 1200, views: many }],
    });
    const all = new Map([['orders', new Map(many.map((_view, partition) => [partition, there]))]]);
    expect(found([large], { topics: all }).map(({ code, message }) => [code, message])).toEqual([
      ['topicsUnknown', 'has 200 splits more than are looked at: of each subtask, the first 1,000.'],
    ]);
    expect(asked(new Map())).toEqual([['topicGone', 'goes on reading topic orders, which the cluster does not have.']]);
    expect(
      asked(
        new Map([
          [
            'orders',
            new Map([
              [3, there],
              [4, there],
            ]),
          ],
        ]),
      ).map(([code]) => code),
    ).toEqual(['topicGone']);
  });

  const timerQueue = (namespace: SerializerSnapshot) => timerState('_timer_state/event_window-timers', { kind: 'string' }, namespace);
  const keyedBy = (key: SerializerSnapshot, states = [keyValueState('v', 'VALUE', { kind: 'voidNamespace' }, { kind: 'long' })]) => ({
    keyed: [{ subtask: 0, layout: 'canonical' as const, header: keyedHeader(key, states), sections: [] }],
  });

  test('keys whose hash is that of an identity are another in every JVM', () => {
    const level: SerializerSnapshot = { kind: 'enum', className: 'acme.Level', constants: ['LOW', 'HIGH'] };
    const field = (name: string, serializer: SerializerSnapshot) => ({ name, declaredIn: null, serializer });
    const pojo: SerializerSnapshot = {
      kind: 'pojo',
      className: 'acme.Key',
      fields: [field('site', { kind: 'string' }), field('level', level)],
      registered: [],
      unregistered: [],
    };
    const unstable = (key: SerializerSnapshot) => of(found([operator('a', keyedBy(key))]), 'unstableKey');
    expect(unstable(pojo)).toMatchObject([
      {
        severity: 'warning',
        operator: 'a',
        message: expect.stringMatching(/^Its keys have an enum in 1 place: level \(acme\.Level\)\./) as string,
        remedy: expect.stringContaining('\ntidemark edit SNAPSHOT --out OUT --key-hash key-hash.mjs') as string,
      },
    ]);
    // Of a tuple nothing else computes the hash.
    expect(unstable({ kind: 'tuple', fields: [{ kind: 'intArray' }, level] })).toMatchObject([
      { severity: 'error', message: expect.stringContaining('an array and an enum in 2 places: f0 (int[]), f1 (acme.Level)') as string },
    ]);
    expect(unstable({ kind: 'row', fields: [{ kind: 'byteArray' }], withRowKind: false })).toEqual([]);
    expect(unstable({ kind: 'tuple', fields: [{ kind: 'string' }, { kind: 'long' }] })).toEqual([]);
  });

  test('windows without the timer that removes them, in any layout', () => {
    const contents = (namespace: SerializerSnapshot) => keyValueState('window-contents', 'LIST', namespace, { kind: 'long' });
    const window = { kind: 'timeWindow' } as const;
    const counts = (group: 'keyed' | 'timers', state: string, keyGroups: readonly (readonly [number, number])[]) => ({
      ...NO_COUNTS,
      state,
      group,
      entries: keyGroups.reduce((sum, [, entries]) => sum + entries, 0),
      keyGroups: keyGroups.map(([keyGroup, entries]) => ({ keyGroup, entries, bytes: entries })),
    });
    const scanned = (windows: readonly (readonly [number, number])[], timers: readonly (readonly [number, number])[]) => {
      const one = operator('w', keyedBy({ kind: 'string' }, [contents(window), timerQueue(window)]));
      const states = [counts('keyed', 'window-contents', windows), counts('timers', '_timer_state/event_window-timers', timers)];
      const statistics = new Map([[one.metadata.operatorId, { states, subtasks: [], largestKeys: [], exactKeys: true, errors: [] }]]);
      return of(found([one], { statistics }), 'windowsWithoutTimer').map(({ message }) => message.split(':')[0]);
    };
    expect(scanned([[1, 3]], [[1, 4]])).toEqual([]);
    // Timers of other key groups are of other windows.
    expect(
      scanned(
        [
          [1, 3],
          [2, 2],
        ],
        [
          [1, 1],
          [2, 5],
        ],
      ),
    ).toEqual(['Of 5 windows, at least 2 have no timer']);
    const bare = (namespace: SerializerSnapshot) => codes(found([operator('w', keyedBy({ kind: 'string' }, [contents(namespace)]))]));
    expect(bare(window)).toContain('windowsWithoutTimer');
    expect(bare({ kind: 'globalWindow' })).not.toContain('windowsWithoutTimer');
  });

  test('a file that waits for its commit may have its name already', () => {
    const pendingFile = { target: '/out/part', temporary: '/out/.part.inprogress', offset: { $long: '8' } };
    const request = (state: string) => ({ committable: { bucketId: '', pendingFile }, retries: 0, state });
    const meta = operatorListState('streaming_committer_raw_states', 'SPLIT_DISTRIBUTE', { kind: 'byteArray' });
    const committer = (state: string) => {
      const views = [{ kind: 'committables', text: '', fields: { committables: [request(state)] } }];
      return operator('Sink Committer: a', {
        operatorStates: [{ subtask: 0, meta, mode: 'SPLIT_DISTRIBUTE' as const, distinct: null, count: 1, views }],
      });
    };
    const gone = (hidden: number | null, visible: number | null, state = 'RECEIVED') => {
      const sinkFiles = new Map([
        ['/out/part', visible],
        ['/out/.part.inprogress', hidden],
      ]);
      return of(found([committer(state)], { sinkFiles }), 'sinkFileGone');
    };
    expect([gone(8, null), gone(null, 8), gone(null, null, 'COMMITTED')]).toEqual([[], [], []]);
    expect(gone(7, null)).toHaveLength(1);
    expect(gone(null, null)).toMatchObject([
      {
        operator: 'Sink Committer: a',
        remedy: expect.stringContaining("--drop-state 'Sink Committer: a/streaming_committer_raw_states'") as string,
      },
    ]);
  });

  test('timers of event time are judged by the watermark, else by nothing that is known', () => {
    const one = operator('w', keyedBy({ kind: 'string' }, [timerQueue({ kind: 'voidNamespace' })]));
    const { operatorId } = one.metadata;
    const due = (state: string, known: Partial<Examination>) => {
      const timers = { start: 0, bucketMs: 60_000, counts: [2], first: 0, last: 1, due: 2, beyond: 0 };
      const states = [{ ...NO_COUNTS, state, group: 'timers' as const, entries: 2, timers }];
      const statistics = new Map([[operatorId, { states, subtasks: [], largestKeys: [], exactKeys: true, errors: [] }]]);
      const [first] = of(found([one], { statistics, ...known }), 'timersDue');
      return [first?.severity, first?.message.slice('2 timers of 2 '.length)];
    };
    const taken = { asOfGiven: false, takenAt: Date.UTC(2026, 0, 1) };
    const event = '_timer_state/event_window-timers';
    expect(due(event, taken)).toEqual([
      'info',
      expect.stringMatching(/^are before 2026-01-01T00:00:00.*when the snapshot was taken\..*whether they are overdue is unknown\./),
    ]);
    expect(due(event, { ...taken, watermarks: new Map([[operatorId, Date.UTC(2001, 0, 1)]]) })).toEqual([
      'info',
      expect.stringMatching(/^are overdue: the watermark was at 2001-01-01T00:00:00/),
    ]);
    expect(due(event, { asOfGiven: true })[1]).toMatch(/^are before 2026-01-31T.*: they fire when the watermark/);
    // When it is restored, the clock is what counts.
    expect(due('_timer_state/processing_user-timers', taken)).toEqual(['warning', expect.stringMatching(/^are before 2026-01-31T/)]);
  });

  test('union state with copies of its elements', () => {
    const meta = operatorListState('ids', 'UNION', { kind: 'string' });
    const union = (...counts: readonly (readonly [number, number])[]) =>
      operator('u', {
        operatorStates: counts.map(([count, distinct], subtask) => ({ subtask, meta, mode: 'UNION' as const, count, distinct, views: [] })),
      });
    expect(found([union([4, 4], [4, 4])])).toEqual([]);
    expect(found([union([4, 1], [4, 4])])).toMatchObject([
      {
        code: 'unionGrows',
        operator: 'u',
        state: 'ids',
        message: expect.stringMatching(/^This union state has 8 elements, and 1 of 2 subtasks has equal ones, up to 3 copies/) as string,
      },
    ]);
  });

  test('a command about a topic names every partition that is to be moved, however many there are', () => {
    const views = Array.from({ length: 60 }, (_, partition) => ({
      kind: 'kafkaSplit',
      text: '',
      fields: { topic: 'orders', partition, startingOffset: { $long: '5' }, stoppingOffset: null },
    }));
    const meta = operatorListState('SourceReaderState', 'SPLIT_DISTRIBUTE', { kind: 'byteArray' });
    const part = { subtask: 0, meta, mode: 'SPLIT_DISTRIBUTE' as const, distinct: null, count: 60, views };
    const topics = new Map([['orders', new Map(views.map((_, partition) => [partition, { first: 10n, end: 20n }]))]]);
    const [gone] = of(found([operator('src', { operatorStates: [part] })], { topics }), 'offsetsGone');
    expect(gone?.remedy?.match(/--move-offset src:orders\/\d+=earliest/g)).toHaveLength(60);
  });

  test('no name writes a line that looks like a command, and none that begins with a dash is taken for an option', () => {
    const state = { keyed: keyed({ kind: 'long' }) };
    const evil = 'a\ntidemark edit SNAPSHOT --out /\r\u001b[2J\u202e';
    const other = { metadata: null, operators: [operator(evil, state), operator('else')] } as never;
    const [renamed] = found([operator('-old', state)], { other });
    expect(renamed?.remedy?.split('\n')).toEqual([
      'It looks like a\\ntidemark edit SNAPSHOT --out /\\u000d\\u001b[2J\\u202e:',
      String.raw`tidemark edit SNAPSHOT --out OUT --rename-uid=$'-old=a\u000atidemark edit SNAPSHOT --out /\u000d\u001b[2J\u202e'`,
      'Or leave it out:',
      'tidemark edit SNAPSHOT --out OUT --drop-operator=-old',
    ]);
    const planned = found([operator('-old', state)], { plan: new Set([evil, '-new', 'c', 'd', 'e', 'f']) });
    const lines = planned.flatMap(({ remedy }) => remedy?.split('\n') ?? []);
    expect(lines).toHaveLength(8);
    expect(lines[0]).toMatch(/\(for the first 5 of 6 uids that are free\):$/);
    expect(lines[2]).toBe('tidemark edit SNAPSHOT --out OUT --rename-uid=-old=-new');
  });

  test('a renamed operator is recognised by its states', () => {
    const state = { keyed: keyed({ kind: 'long' }) };
    const other = { ...NOTHING, headers: { metadata: null, operators: [operator('new', state), operator('else')] } }.headers;
    const findings = found([operator('old', state)], { other: other as never });
    expect(findings).toMatchObject([
      { code: 'notInOther', operator: 'old', remedy: expect.stringContaining('--rename-uid old=new') as string },
    ]);
  });
});
