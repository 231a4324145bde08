import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { enumConstantsOf } from '../keyed/stateCodec.ts';
import type { StoredSubtask } from '../rewrite/operatorRewrite.ts';
import { refuse } from '../rewrite/rewritePlan.ts';
import { keySerializer, valueSerializer } from '../stateMetaInfo.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { dumpText } from '../values/dumpValue.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { valueReader } from '../values/valueReader.ts';
import { valueWriter } from '../values/valueWriter.ts';
import type { Change } from './formRedaction.ts';

type StoredState = StoredSubtask['managed'][number];

/** Of broadcast state the keys too. */
export interface OperatorStateChange {
  readonly key: Change | null;
  readonly value: Change;
}

/** The parts of an operator's state in other words. @throws RewriteRefused */
export function redactedState(state: StoredState, change: OperatorStateChange, flink: FlinkMajor, place: string): StoredState {
  const { meta } = state;
  const of = (serializer: SerializerSnapshot | null): Part =>
    serializer === null ? refuse(`${place} has no serializer`) : new Part(serializer, flink);
  try {
    const value = of(valueSerializer(meta));
    if (meta.kind !== 'BROADCAST') return { ...state, parts: state.parts.map((part) => redactedElement(part, value, change.value)) };
    const key = of(keySerializer(meta));
    return { ...state, parts: state.parts.map((part) => redactedEntries(part, key, value, change, place)) };
  } catch (error) {
    if (error instanceof UnfitValue || error instanceof UnreadableValue)
      return refuse(`${place}: a value cannot be redacted: ${error.message}; drop the state`);
    throw error;
  }
}

class Part {
  readonly read: ReturnType<typeof valueReader>;
  readonly write: ReturnType<typeof valueWriter>;

  constructor(serializer: SerializerSnapshot, flink: FlinkMajor) {
    this.read = valueReader(serializer, { flink, enumConstants: enumConstantsOf([serializer]), kryoAsBytes: true });
    this.write = valueWriter(serializer, flink);
  }
}

function redactedElement(bytes: Uint8Array, { read, write }: Part, change: Change): Uint8Array {
  const reader = new ByteReader(bytes);
  const value = read(reader);
  if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes are left over`);
  const writer = new ByteWriter();
  write(writer, change.convert(value));
  return writer.toBytes();
}

/** All entries, behind their count. */
function redactedEntries(bytes: Uint8Array, key: Part, value: Part, change: OperatorStateChange, place: string): Uint8Array {
  const reader = new ByteReader(bytes);
  const writer = new ByteWriter();
  const count = reader.count(0);
  writer.i32(count);
  const keys = new Set<string>();
  for (let i = 0; i < count; i++) {
    const was = key.read(reader);
    const now = change.key === null ? was : change.key.convert(was);
    const text = dumpText(now);
    if (keys.has(text))
      refuse(`${place}: two of its keys both become ${text} by what the rules say, and would be one; hash them, with all digits`);
    keys.add(text);
    key.write(writer, now);
    value.write(writer, change.value.convert(value.read(reader)));
  }
  if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes are left over`);
  return writer.toBytes();
}
