import { ByteWriter } from '../bytes/byteWriter.ts';
import { bytesOfHex, dumpBytes, dumpText, type DumpValue } from '../values/dumpValue.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { longOf } from '../values/valueParts.ts';
import { withLogPosition } from './cdcState.ts';
import { readVersioned, whole, type ConnectorView } from './connectorView.ts';
import { describeConnectorElement } from './describeConnectorState.ts';
import { LEGACY_KAFKA_STATE, legacyKafkaBytes } from './legacyKafkaState.ts';

const CONNECTOR = '$connector';
const LONG_SIZE = 8;
const NO_STOP = -(2n ** 63n);

/** What a connector says in an element of operator state, as it is read: bytes. Null where it is none's, or of one that is not known. */
export function viewOfElement(state: string, value: DumpValue): ConnectorView | null {
  const bytes = bytesOfElement(value);
  return bytes === null ? null : describeConnectorElement(state, bytes);
}

/** The element as it is shown: beside its bytes what they say, such as `{"$bytes":...,"$connector":"kafkaSplit","topic":"orders",...}`. */
export function shownElement(state: string, value: DumpValue): DumpValue {
  const view = viewOfElement(state, value);
  return view === null ? value : { $bytes: hexOf(value), [CONNECTOR]: view.kind, ...view.fields };
}

/**
 * The element whose fields are as shown, perhaps changed, as bytes again. Unchanged ones are the bytes that they were.
 * @throws UnfitValue where what was changed cannot be written
 */
export function elementOfShown(state: string, shown: DumpValue): DumpValue {
  if (typeof shown !== 'object' || shown === null || !(CONNECTOR in shown)) return shown;
  const bytes = bytesOfElement(shown);
  const view = bytes === null ? null : describeConnectorElement(state, bytes);
  if (bytes === null || view === null) throw new UnfitValue('$bytes must be those of the element whose fields are set');
  const given = shown as Readonly<Record<string, DumpValue>>;
  const kind = given[CONNECTOR];
  const fields = Object.fromEntries(Object.entries(given).filter(([name]) => name !== '$bytes' && name !== CONNECTOR));
  if (kind !== view.kind) throw new UnfitValue(`$connector is ${dumpText(kind ?? null)}, and the bytes are of ${view.kind}`);
  const changed = [...new Set([...Object.keys(fields), ...Object.keys(view.fields)])].filter(
    (name) => dumpText(fields[name] ?? null) !== dumpText(view.fields[name] ?? null),
  );
  if (changed.length === 0) return dumpBytes(bytes);
  const written = state === LEGACY_KAFKA_STATE ? legacyKafkaBytes(bytes, fields) : splitBytes(bytes, view, fields, changed);
  if (written === null) throw new UnfitValue(`${changed.join(', ')} of ${view.kind} cannot be set; what else it says stays as it is`);
  return dumpBytes(written);
}

/** Offsets of Kafka, the next number of a sequence or a generator, and the beginning in the log of a database. */
function splitBytes(
  element: Uint8Array,
  { kind }: ConnectorView,
  fields: ConnectorView['fields'],
  changed: readonly string[],
): Uint8Array | null {
  const only = (...names: string[]): boolean => changed.every((name) => names.includes(name));
  const moved = element.slice();
  const view = new DataView(moved.buffer);
  switch (kind) {
    case 'kafkaSplit':
    case 'dynamicKafkaSplit': {
      if (!only('startingOffset', 'stoppingOffset')) return null;
      const stop = fields['stoppingOffset'] ?? null;
      view.setBigInt64(moved.length - 2 * LONG_SIZE, longOf(fields['startingOffset'] ?? null));
      view.setBigInt64(moved.length - LONG_SIZE, stop === null ? NO_STOP : longOf(stop));
      return moved;
    }
    case 'generatorSplit':
      if (!only('next')) return null;
      view.setBigInt64(moved.length - LONG_SIZE, longOf(fields['next'] ?? null));
      return moved;
    case 'cdcStreamSplit': {
      const start = fields['start'];
      if (!only('start') || typeof start !== 'object' || start === null) return null;
      return withSplitPayload(element, (payload) => withLogPosition(payload, start as Readonly<Record<string, DumpValue>>));
    }
    default:
      return null;
  }
}

/** A split with another payload, of the same version. */
export function withSplitPayload(element: Uint8Array, change: (payload: Uint8Array) => Uint8Array | null): Uint8Array | null {
  const split = whole(element, readVersioned);
  const payload = split === null ? null : change(split.bytes);
  if (split === null || payload === null) return null;
  const writer = new ByteWriter(payload.length + 8);
  writer.i32(split.version);
  writer.i32(payload.length);
  writer.raw(payload);
  return writer.toBytes();
}

function hexOf(value: DumpValue): string {
  const hex = typeof value === 'object' && value !== null && '$bytes' in value ? value['$bytes'] : null;
  return typeof hex === 'string' ? hex : '';
}

/** Null where it is not read as bytes. */
export function bytesOfElement(value: DumpValue): Uint8Array | null {
  const isBytes = typeof value === 'object' && value !== null && '$bytes' in value;
  return isBytes ? bytesOfHex(hexOf(value)) : null;
}
