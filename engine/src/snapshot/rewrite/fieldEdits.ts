import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { userValueSerializer, type StateMetaInfo } from '../stateMetaInfo.ts';
import { dumpText, isList, type DumpValue } from '../values/dumpValue.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { isDumpObject } from '../values/valueParts.ts';
import { changedSerializer } from './fieldsOfSerializer.ts';
import type { Changed, Convert } from './recordFields.ts';
import { refuse, type FieldEdit, type ValueEdit } from './rewritePlan.ts';
import type { StateReport } from './rewriteReport.ts';
import type { RowInHand } from './rowInHand.ts';
import { StateWriter } from './stateWriter.ts';
import { changedTtl, isTtlEdit } from './ttlChange.ts';

const VALUE = 'VALUE_SERIALIZER';

/** A state whose records have other fields, and how its values follow. @throws RewriteRefused where the values have no such fields */
export function changedState(
  meta: StateMetaInfo,
  edits: readonly FieldEdit[],
  label: string,
): { readonly meta: StateMetaInfo; readonly convert: Convert } {
  const stored = meta.serializers.get(VALUE) ?? refuse(`${label} has no values`);
  const isOfRecord = (edit: FieldEdit): edit is ValueEdit => !isTtlEdit(edit);
  const { part, convert } = edits.filter(isTtlEdit).reduce<Changed<SerializerSnapshot>>(
    (before, edit) => {
      const ttl = changedTtl(before.part, meta, edit, label);
      return { part: ttl.part, convert: (value) => ttl.convert(before.convert(value)) };
    },
    changedSerializer(stored.snapshot, edits.filter(isOfRecord), label),
  );
  return { meta: { ...meta, serializers: new Map(meta.serializers).set(VALUE, { snapshot: part, bytes: null }) }, convert };
}

/** Changes the fields of a keyed state's records, rows or POJOs: its serializer and all its values. */
export class FieldChange {
  readonly meta: StateMetaInfo;
  readonly #label: string;
  readonly #convert: Convert;
  readonly #writer: StateWriter;
  /** Values of Kryo are as their bytes, and are written as they were. */
  readonly #keyed: KeyedState;

  /** @throws RewriteRefused where the values have no such fields */
  constructor(edits: readonly FieldEdit[], meta: StateMetaInfo, keyed: KeyedState, label: string) {
    this.#label = label;
    const changed = changedState(meta, edits, label);
    this.meta = changed.meta;
    this.#keyed = keyed.withoutDecoders({ kryoAsBytes: true });
    this.#writer = new StateWriter(this.meta, keyed.rows.header.key.snapshot, keyed.context.flink);
    this.#convert = ofRows(changed.convert, this.#writer.type, meta);
  }

  apply(row: KeyedRow, hand: RowInHand, report: StateReport): boolean {
    const keyed = this.#keyed;
    try {
      const value = this.#writer.type === 'MAP' ? keyed.mapValue(row) : keyed.value(row);
      if (row.opaque || isUnread(value))
        refuse(
          `${this.#label}, key ${dumpText(keyed.rowKey(row).key)}: a value that cannot be read cannot be changed: its serializer, or that of a subclass, is not in the snapshot`,
        );
      const bytes = this.#writer.value(this.#convert(value));
      if (!hand.hasValue(bytes)) report.changed++;
      hand.setValue(bytes);
      return true;
    } catch (error) {
      if (error instanceof UnfitValue)
        refuse(`${this.#label}, key ${dumpText(keyed.rowKey(row).key)}: its value does not fit the new fields: ${error.message}`);
      throw error;
    }
  }
}

/** Such values are as their bytes, which no value with fields does. */
function isUnread(value: DumpValue): boolean {
  return isDumpObject(value) && value['$bytes'] !== undefined;
}

/**
 * Rows of maps hold one of their values, and those of lists all elements. Asynchronous state has the serializer of a value or an element
 * itself, other state that of the whole.
 */
function ofRows(convert: Convert, type: StateWriter['type'], meta: StateMetaInfo): Convert {
  const isWhole = meta.kind !== 'KEY_VALUE_V2';
  if (type === 'MAP') return isWhole && userValueSerializer(meta) !== null ? mapValueOf(convert) : convert;
  return type === 'LIST' && !isWhole ? (value) => (isList(value) ? value.map(convert) : value) : convert;
}

/** A map's conversion, for one of its values. */
function mapValueOf(convert: Convert): Convert {
  return (value) => {
    const map = convert({ $map: [[null, value]] });
    const pair: DumpValue | undefined =
      isDumpObject(map) && isList(map['$map'] ?? null) ? (map['$map'] as readonly DumpValue[])[0] : undefined;
    return pair !== undefined && isList(pair) ? (pair[1] ?? null) : null;
  };
}
