import { ByteReader } from '../bytes/byteReader.ts';
import { sameBytes } from '../bytes/sameBytes.ts';
import { ConvertedParts } from '../operator/convertedParts.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { countsOf, type CountsByState } from './elementEdits.ts';
import { changedState } from './fieldEdits.ts';
import type { StoredSubtask } from './operatorRewrite.ts';
import { isFieldEdit, refuse, type FieldEdit } from './rewritePlan.ts';
import type { TargetOperator } from './targetOperators.ts';

/** Changes the fields of records, rows and POJOs in an operator's list, union and broadcast state. Keys of broadcast state keep theirs. */
export class OperatorFieldEdits {
  readonly #label: string;
  readonly #edits: readonly FieldEdit[];

  /** `keyed` are the names of keyed states: edits of those are not for here. @throws RewriteRefused */
  constructor({ edits, label }: TargetOperator, keyed: ReadonlySet<string>) {
    this.#label = label;
    this.#edits = edits.filter((edit) => isFieldEdit(edit)).filter(({ state }) => !keyed.has(state));
    for (const { state } of this.#edits)
      if (edits.some((edit) => edit.edit === 'set' && edit.state === state))
        refuse(`${label}, state ${state}: set elements in one rewriting, and change fields in another`);
  }

  /** @throws RewriteRefused where the values have no such fields, or do not fit the new ones */
  apply(stored: StoredSubtask, flink: FlinkMajor, counts: CountsByState): StoredSubtask {
    if (this.#edits.length === 0) return stored;
    const managed = stored.managed.map((state) => {
      const own = this.#edits.filter((edit) => edit.state === state.meta.name);
      return own.length === 0 ? state : this.#changed(state, own, flink, counts);
    });
    return { ...stored, managed };
  }

  #changed(state: StoredState, edits: readonly FieldEdit[], flink: FlinkMajor, all: CountsByState): StoredState {
    const place = `${this.#label}, state ${state.meta.name}`;
    const { meta, convert } = changedState(state.meta, edits, place);
    const isBroadcast = meta.kind === 'BROADCAST';
    const counts = countsOf(all, meta.name, isBroadcast);
    try {
      const converted = new ConvertedParts(state, meta, flink);
      const parts = state.parts.map((part) => {
        const bytes = converted.convert(part, (key) => key, convert);
        if (!sameBytes(part, bytes)) counts.changed += isBroadcast ? new ByteReader(part).count(0) : 1;
        return bytes;
      });
      return { ...state, meta, parts };
    } catch (error) {
      if (error instanceof UnfitValue) return refuse(`${place}: an element does not fit the new fields: ${error.message}`);
      if (error instanceof UnreadableValue) return refuse(`${place}: what cannot be read cannot be changed: ${error.message}`);
      throw error;
    }
  }
}

type StoredState = StoredSubtask['managed'][number];
