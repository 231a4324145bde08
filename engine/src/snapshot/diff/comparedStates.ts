import type { KeyedState } from '../keyed/keyedState.ts';
import {
  elementSerializer,
  keyedStateType,
  namespaceSerializer,
  userKeySerializer,
  userValueSerializer,
  valueSerializer,
  type StateMetaInfo,
} from '../stateMetaInfo.ts';
import { withUnreadable, type UnreadableEntries, type UnreadableSummary } from '../keyed/unreadableEntries.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { EntryCounts } from './differences.ts';
import { noCounts } from './differences.ts';
import type { Side } from './rowJoin.ts';
import { hasSeveralForms, sameForm, type WrittenForm } from './sameForm.ts';
import { unorderedParts, type UnorderedParts } from './unorderedParts.ts';

/** Where window operators that merge keep which windows they have: a list for its form only, written in the order of a hash map. */
const MERGING_WINDOWS = 'merging-window-set';

/** With what the rows of one state were written. */
interface RowForms {
  readonly kind: string;
  readonly key: WrittenForm;
  readonly namespace: WrittenForm;
  readonly userKey: WrittenForm;
  readonly value: WrittenForm;
}

/** A state of an operator's keyed state or a queue of timers, on one side or on both. */
export class ComparedState {
  readonly name: string;
  readonly group: 'keyed' | 'timers';
  readonly counts: EntryCounts = noCounts();
  /** At least a part of it is in files that both sides share, and is not read. */
  isShared = false;
  /** By place, because a part of a side may be read again. */
  readonly #unreadable = { before: new Map<string, UnreadableEntries>(), after: new Map<string, UnreadableEntries>() };
  #before: RowForms | null = null;
  #after: RowForms | null = null;
  /** Subtasks of one side differ, so that rows can only be compared by what they mean. */
  #isMixed = false;

  constructor(name: string, group: 'keyed' | 'timers') {
    this.name = name;
    this.group = group;
  }

  add(side: Side, keyed: KeyedState, meta: StateMetaInfo): void {
    const forms = formsOf(keyed, meta);
    const known = side === 'before' ? this.#before : this.#after;
    if (known !== null) {
      if (!isSame(known, forms)) this.#isMixed = true;
    } else if (side === 'before') this.#before = forms;
    else this.#after = forms;
  }

  /** `source` is the keyed state that they are in. */
  addUnreadable(side: Side, source: number, entries: UnreadableEntries): void {
    this.#unreadable[side].set(`${String(source)} ${String(entries.keyGroup)}`, entries);
  }

  hasUnreadable(side: Side, keyGroups: readonly number[]): boolean {
    for (const { keyGroup } of this.#unreadable[side].values()) if (keyGroups.includes(keyGroup)) return true;
    return false;
  }

  unreadable(side: Side): UnreadableSummary | null {
    return [...this.#unreadable[side].values()].reduce<UnreadableSummary | null>(withUnreadable, null);
  }

  /** Both sides have it, and rows of the same kind: else none has a counterpart. */
  get isJoined(): boolean {
    return this.#before !== null && this.#after !== null && this.#before.kind === this.#after.kind;
  }

  /** Equal keys have equal bytes on both sides. */
  get hasSameKeys(): boolean {
    const [before, after] = [this.#before, this.#after];
    if (this.#isMixed || before === null || after === null) return false;
    return KEY_PARTS.every((part) => sameForm(before[part], after[part]) && !hasSeveralForms(before[part].serializer));
  }

  /** Equal keys have the same text, with the types that their serializers give them. */
  get hasLooseKeys(): boolean {
    const [before, after] = [this.#before, this.#after];
    return this.#isMixed || before === null || after === null || !KEY_PARTS.every((part) => sameForm(before[part], after[part]));
  }

  /** Equal bytes of values mean the same. */
  get hasSameValues(): boolean {
    const [before, after] = [this.#before, this.#after];
    return !this.#isMixed && before !== null && after !== null && sameForm(before.value, after.value);
  }

  get unorderedValue(): UnorderedParts | null {
    const forms = this.#after ?? this.#before;
    if (forms?.kind === 'LIST' && this.name === MERGING_WINDOWS) return { isSet: true, part: () => null };
    const parts = unorderedParts(forms?.value.serializer ?? null);
    // The value of a list state is the whole list.
    return forms?.kind === 'LIST' && parts !== null ? { isSet: false, part: () => parts } : parts;
  }

  unorderedKey(part: (typeof KEY_PARTS)[number]): UnorderedParts | null {
    return unorderedParts((this.#after ?? this.#before)?.[part].serializer ?? null);
  }
}

const KEY_PARTS = ['key', 'namespace', 'userKey'] as const;

function formsOf(keyed: KeyedState, meta: StateMetaInfo): RowForms {
  const { flink } = keyed.context;
  const form = (serializer: SerializerSnapshot | null): WrittenForm => ({ serializer, flink });
  const whole = valueSerializer(meta);
  const key = form(keyed.rows.header.key.snapshot);
  if (meta.kind === 'PRIORITY_QUEUE') {
    const namespace = whole?.kind === 'timer' ? whole.namespace : null;
    return { kind: 'TIMER', key, namespace: form(namespace), userKey: form(null), value: form(null) };
  }
  const kind = keyedStateType(meta) ?? 'VALUE';
  const isMap = kind === 'MAP';
  return {
    kind,
    key,
    namespace: form(namespaceSerializer(meta)),
    userKey: form(isMap ? userKeySerializer(meta) : null),
    value: form(isMap ? userValueSerializer(meta) : kind === 'LIST' ? elementSerializer(meta) : whole),
  };
}

function isSame(a: RowForms, b: RowForms): boolean {
  return a.kind === b.kind && ([...KEY_PARTS, 'value'] as const).every((part) => sameForm(a[part], b[part]));
}
