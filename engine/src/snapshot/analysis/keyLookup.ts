import { keyGroupOfHash } from '../../keys/keyGroup.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { keyHash } from '../keyed/keyHash.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { dumpText, type DumpValue } from '../values/dumpValue.ts';
import { parseKey } from '../values/parseKey.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { valueWriter } from '../values/valueWriter.ts';
import { scalarOf } from './scalar.ts';

/** A key that someone looks for. */
export interface WantedKey {
  readonly value: DumpValue;
  /** As its serializer writes it; null where one value has several forms, so that keys are compared by their text. */
  readonly bytes: Uint8Array | null;
  /** Null where only the job's own code knows the hash of such keys: it may be in any key group. */
  readonly keyGroup: number | null;
}

/** A text that no key of this type can be. */
export class KeyTextError extends Error {
  override readonly name = 'KeyTextError';
}

/** What may be written in more than one order, or by other code than ours. */
const SEVERAL_FORMS = /"kind":"(map|sortedMap|nullAwareMap|set|mapData|kryo|avro)"/;

/** The key that a text means, as `parseKey` takes it. @throws KeyTextError */
export function wantedKey(text: string, keyed: KeyedState, maxParallelism: number): WantedKey {
  const serializer = keyed.rows.header.key.snapshot;
  const { flink } = keyed.context;
  try {
    const value = parseKey(serializer, text, flink);
    const writer = new ByteWriter();
    valueWriter(serializer, flink)(writer, value);
    const bytes = writer.toBytes();
    const hash = keyHash(serializer, value, bytes);
    return {
      value,
      bytes: SEVERAL_FORMS.test(JSON.stringify(serializer)) ? null : bytes,
      keyGroup: hash === null ? null : keyGroupOfHash(hash, maxParallelism),
    };
  } catch (error) {
    if (!(error instanceof UnfitValue)) throw error;
    throw new KeyTextError(`${JSON.stringify(text)} is not a key of this operator: ${error.message}`);
  }
}

/** What a search for a prefix compares: texts as they are, numbers as digits, everything else as a line of JSON. */
export function textOfKey(key: DumpValue): string {
  const scalar = scalarOf(key);
  return scalar === null || typeof scalar === 'object' ? dumpText(key) : String(scalar);
}
