import { expect, test } from 'vitest';
import { describeStates } from '../../../src/snapshot/describeStates.ts';
import { diagnose } from '../../../src/snapshot/doctor/diagnose.ts';
import { snapshotFacts } from '../../../src/snapshot/snapshotFacts.ts';
import { readHeaders } from '../../../src/snapshot/snapshotHeaders.ts';
import { usesForSt } from '../../../src/snapshot/stateBackend.ts';
import { NOTHING } from '../doctor/nothing.ts';
import { entriesOf, openFixture, rewritten } from './rewriting.ts';

/** Of real Flink 2.3.0: a job with asynchronous state on ForSt. What is written of it was restored by the job on HashMap and RocksDB. */
const source = await openFixture('../../snapshot/rawTimers/fixtures/2.3.0-forst-async-native');
const headers = await readHeaders(source);

test('is written as the synchronous state that HashMap and RocksDB declare for the same job', async () => {
  const { snapshot, report } = await rewritten([source]);
  const states = (await readHeaders(snapshot)).operators.flatMap(({ keyed }) => keyed.flatMap(({ header }) => header.states));
  expect(states.filter(({ kind }) => kind !== 'KEY_VALUE' && kind !== 'PRIORITY_QUEUE')).toEqual([]);
  const serializers = new Map(
    states.map(({ name, serializers: own }) => [name, [...own].map(([role, { snapshot: each }]) => `${role} ${JSON.stringify(each)}`)]),
  );
  expect(serializers.get('l')).toEqual([
    'VALUE_SERIALIZER {"kind":"list","element":{"kind":"string"}}',
    'NAMESPACE_SERIALIZER {"kind":"voidNamespace"}',
  ]);
  expect(serializers.get('ttl-m')?.[0]).toBe(
    'VALUE_SERIALIZER {"kind":"map","key":{"kind":"int"},"value":{"kind":"ttl","value":{"kind":"long"}}}',
  );
  expect(await entriesOf(snapshot, ['keyGroup'])).toEqual(await entriesOf(source, ['keyGroup']));
  expect(report.notes).toEqual([
    expect.stringContaining('the HashMap and RocksDB backends restore it, ForSt restores no canonical savepoint') as string,
    expect.stringContaining('without TTL') as string,
  ]);
});

test('is described as the same types as synchronous state', async () => {
  const operator = source.operators.find(({ metadata }) => metadata.operatorId === '93b2f076cea65ac3db837a144b08c84d');
  const { states } = operator === undefined ? { states: [] } : await describeStates(operator);
  const types = new Map(states.map(({ name, type, schema }) => [name, [type, schema?.userKey ?? null, schema?.hasTtl]]));
  expect(types.get('l')).toEqual(['list<string>', null, false]);
  expect(types.get('m')).toEqual(['map<string, Rec>', 'string', false]);
  expect(types.get('ttl-m')).toEqual(['map<int, long with TTL>', 'int', true]);
});

test('is called by its backend, and the doctor promises no more than Flink does', () => {
  expect(usesForSt(headers.operators.flatMap(({ keyed }) => keyed.flatMap(({ header }) => header.states)))).toBe(true);
  expect(snapshotFacts(source.metadata).formats).toEqual(['ForSt native']);
  const [native] = diagnose({ ...NOTHING, headers }).filter(({ code }) => code === 'nativeLayout');
  expect(native?.message).toContain('(ForSt)');
  expect(native?.remedy).toContain('The HashMap and RocksDB backends restore the canonical form, ForSt does not');
});
