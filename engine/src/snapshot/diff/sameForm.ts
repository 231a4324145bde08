import { sameBytes } from '../bytes/sameBytes.ts';
import type { PojoSubclass, SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';

/** What a snapshot says beside the form of the bytes: Java objects that are kept as they are, where classes were declared, and what a type allows. */
const BESIDE_THE_FORM = new Set(['content', 'snapshotClass', 'declaredIn', 'classKnown', 'length', 'isNullable']);
/** Of these the content is all there is to tell them apart. */
const ALL_CONTENT = new Set(['unknown']);
/** Wrappers that add no bytes. */
const NO_BYTES = new Set(['ttlAware', 'external']);
/** Flink 1 and Flink 2 have another Kryo each. */
const KRYO = /"kind":"(kryo|pojo)"/;

/** A serializer, and the Flink that wrote with it. */
export interface WrittenForm {
  readonly serializer: SerializerSnapshot | null;
  readonly flink: FlinkMajor;
}

/** Whether equal bytes of both mean the same value: only then bytes can be compared without reading them. */
export function sameForm(a: WrittenForm, b: WrittenForm): boolean {
  if (a.flink !== b.flink && (hasKryo(a.serializer) || hasKryo(b.serializer))) return false;
  return samePart(a.serializer, b.serializer);
}

function hasKryo(serializer: SerializerSnapshot | null): boolean {
  return serializer !== null && KRYO.test(JSON.stringify(serializer));
}

function samePart(a: unknown, b: unknown): boolean {
  const one = unwrapped(a);
  const two = unwrapped(b);
  if (one === two) return true;
  if (typeof one !== 'object' || typeof two !== 'object' || one === null || two === null) return false;
  if (one instanceof Uint8Array || two instanceof Uint8Array) {
    return one instanceof Uint8Array && two instanceof Uint8Array && sameBytes(one, two);
  }
  if (Array.isArray(one) || Array.isArray(two)) {
    if (!Array.isArray(one) || !Array.isArray(two) || one.length !== two.length) return false;
    return one.every((item, i) => samePart(item, two[i]));
  }
  const left = one as Readonly<Record<string, unknown>>;
  const right = two as Readonly<Record<string, unknown>>;
  const isContentAll = ALL_CONTENT.has(String(left['kind']));
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => {
    if (BESIDE_THE_FORM.has(name) && !isContentAll) return true;
    return name === 'unregistered' ? sameSubclasses(left[name], right[name]) : samePart(left[name], right[name]);
  });
}

/** Values name subclasses without a tag: a snapshot lists those that its serializer has met so far. */
function sameSubclasses(a: unknown, b: unknown): boolean {
  const others = new Map((b as readonly PojoSubclass[]).map((each) => [each.className, each.serializer]));
  return (a as readonly PojoSubclass[]).every(
    ({ className, serializer }) => !others.has(className) || samePart(serializer, others.get(className)),
  );
}

function unwrapped(part: unknown): unknown {
  let inner = part;
  while (typeof inner === 'object' && inner !== null && 'kind' in inner && NO_BYTES.has(String(inner.kind)) && 'value' in inner) {
    inner = inner.value;
  }
  return inner;
}

/** What may be written in more than one order, or by other code than ours: equal keys may have other bytes. */
const SEVERAL_FORMS = /"kind":"(map|sortedMap|nullAwareMap|set|mapData|kryo|avro|unknown)"/;

export function hasSeveralForms(serializer: SerializerSnapshot | null): boolean {
  return serializer !== null && SEVERAL_FORMS.test(JSON.stringify(serializer));
}
