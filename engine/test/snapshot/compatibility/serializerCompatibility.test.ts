import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../../src/snapshot/bytes/byteReader.ts';
import type { FlinkTarget, FlinkVerdict } from '../../../src/snapshot/compatibility/flinkVerdict.ts';
import { serializerCompatibility } from '../../../src/snapshot/compatibility/serializerCompatibility.ts';
import { readVersionedSnapshot } from '../../../src/snapshot/serializers/snapshotEnvelope.ts';
import type { SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';

interface Judged {
  readonly name: string;
  readonly writtenBy: 1 | 2;
  readonly target: FlinkTarget;
  readonly verdict: 'asIs' | 'reconfigured' | 'migrates' | 'refused';
  /** Snapshots of the serializers, base64. */
  readonly before: string;
  readonly after: string;
}

/** What `resolveSchemaCompatibility` of Flink 1.20.5 and 2.3.0 answered, for pairs of serializers that differ in one thing each. */
const judged = gunzipSync(readFileSync(new URL('verdictsOfFlink.jsonl.gz', import.meta.url)))
  .toString('utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Judged);

const snapshot = (base64: string): SerializerSnapshot =>
  readVersionedSnapshot(new ByteReader(new Uint8Array(Buffer.from(base64, 'base64'))));

function verdictOf({ before, after, writtenBy, target }: Judged): FlinkVerdict {
  return serializerCompatibility(snapshot(before), snapshot(after), { writtenBy, target });
}

/** Flink agrees with these, and what it does then is another matter: seen when jobs were restored. */
const AFTER_AGREEING: readonly FlinkVerdict['kind'][] = ['spoils', 'renames', 'fails'];

describe('the verdict is that of Flink', () => {
  test.each(judged.map((each) => [`${each.name}, written by Flink ${String(each.writtenBy)}, restored by ${each.target}`, each] as const))(
    '%s',
    (_, each) => {
      const { kind } = verdictOf(each);
      const expected = each.verdict === 'refused' ? 'refuses' : each.verdict === 'migrates' ? 'migrates' : 'works';
      if (expected !== 'refuses' && AFTER_AGREEING.includes(kind)) {
        expect(each.name).toMatch(/^(avro|pojo-Generic)/);
        return;
      }
      // Flink takes a field whose enum has lost a constant for one that is gone, and then has no serializer to read it with.
      expect(kind).toBe(each.name === 'pojo-HasGone' ? 'refuses' : expected);
    },
  );
});

test('the reason names what differs, with its place', () => {
  const reason = (name: string, target: FlinkTarget = '2.3', writtenBy: 1 | 2 = 2): string => {
    const found = judged.find((each) => each.name === name && each.target === target && each.writtenBy === writtenBy);
    const verdict = found === undefined ? null : verdictOf(found);
    return verdict === null ? '' : 'reason' in verdict ? verdict.reason : 'changes' in verdict ? verdict.changes.join('; ') : '';
  };
  expect(reason('sql-length')).toBe('VARCHAR(20) cannot become VARCHAR(40)');
  expect(reason('sql-notnull')).toBe('BIGINT cannot become BIGINT NOT NULL');
  expect(reason('pojo-Outer2')).toBe('i.a: int cannot become long');
  expect(reason('pojo-Outer')).toBe('field i.b is new');
  expect(reason('map-value-fieldtype')).toBe('value.a: int cannot become long');
  expect(reason('pojo-Moved')).toBe('class m.Types$Moved was written, and m.Types$Elsewhere is declared: Flink takes no other class');
  expect(reason('enum-Gone')).toBe('the enum m.Types$Gone no longer has B');
  expect(reason('pojo-Collections_', '2.3', 1)).toContain('items: Kryo of Flink 1 wrote java.util.List');
  expect(reason('pojo-Generic', '2.3', 1)).toContain('whose bytes that of Flink 2.3 does not read');
});

test('TTL switched on or off is refused before Flink 2, and migrated since', () => {
  const [plain, ttl]: SerializerSnapshot[] = [{ kind: 'long' }, { kind: 'ttl', value: { kind: 'long' } }];
  for (const [before, after] of [
    [plain, ttl],
    [ttl, plain],
  ] as const) {
    if (before === undefined || after === undefined) throw new Error('two serializers');
    expect(serializerCompatibility(before, after, { writtenBy: 1, target: '1.20' }).kind).toBe('refuses');
    expect(serializerCompatibility(before, after, { writtenBy: 1, target: '2.3' }).kind).toBe('migrates');
  }
});
