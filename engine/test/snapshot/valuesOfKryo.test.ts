import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { FormatError } from '../../src/snapshot/bytes/formatError.ts';
import { readVersionedSnapshot } from '../../src/snapshot/serializers/snapshotEnvelope.ts';
import { dumpText } from '../../src/snapshot/values/dumpValue.ts';
import { UnreadableValue } from '../../src/snapshot/values/unreadableValue.ts';
import { valueReader, type ValueReader } from '../../src/snapshot/values/valueReader.ts';

type Vector = { readonly flink: string } & (
  { readonly class: string; readonly value: string; readonly hex: string } | { readonly snapshotHex: string }
);

const VECTORS = JSON.parse(readFileSync(new URL('../fixtures/vectors/kryo-values.json', import.meta.url), 'utf8')) as Vector[];

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function readerOf(flink: string): ValueReader {
  const header = VECTORS.find((vector) => vector.flink === flink && 'snapshotHex' in vector);
  const snapshot = readVersionedSnapshot(new ByteReader(bytes(header !== undefined && 'snapshotHex' in header ? header.snapshotHex : '')));
  const enumConstants = new Map([['org.apache.flink.cep.nfa.Vectors$Color', ['RED', 'GREEN', 'BLUE']]]);
  return valueReader(snapshot, { flink: flink.startsWith('1.') ? 1 : 2, enumConstants });
}

describe.each(['2.3.0', '1.20.3'])('what the Kryo of Flink %s wrote', (flink) => {
  const read = readerOf(flink);
  const values = VECTORS.flatMap((vector) => (vector.flink === flink && 'hex' in vector ? [vector] : []));

  test('is read to its last byte, or said to be opaque', async () => {
    const lines = values.map(({ class: className, value, hex }) => {
      const reader = new ByteReader(bytes(hex));
      const shown = `${className} ${value.replace(/@[0-9a-f]+/g, '@...')}`;
      try {
        const text = dumpText(read(reader));
        return reader.remaining === 0
          ? `${shown}\n  ${text}`
          : `${shown}\n  ${String(reader.remaining)} BYTES LEFT OVER after ${text} of ${hex}`;
      } catch (error) {
        if (error instanceof UnreadableValue) return `${shown}\n  (${error.message})`;
        if (error instanceof FormatError) return `${shown}\n  FORMAT ERROR ${error.message} of ${hex}`;
        throw error;
      }
    });
    expect(lines.filter((line) => /BYTES LEFT OVER|FORMAT ERROR/.test(line))).toEqual([]);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`goldens/kryoValues-${flink}.txt`);
  });

  test('and is refused where it is cut off', () => {
    for (const { hex } of values) {
      const whole = bytes(hex);
      for (let length = 0; length < whole.length; length++) {
        const reader = new ByteReader(whole.subarray(0, length));
        try {
          read(reader);
        } catch (error) {
          if (!(error instanceof FormatError || error instanceof UnreadableValue)) throw error;
          continue;
        }
        throw new Error(`${hex} cut to ${String(length)} bytes was read`);
      }
    }
  });
});
