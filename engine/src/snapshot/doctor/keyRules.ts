import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { keyOf } from './operatorStates.ts';
import { counted, firstOf, inOperator } from './place.ts';

const DEPTH_MAX = 32;

/** A part of a key that has no hash of its own: Java takes that of the object's identity. */
interface IdentityPart {
  /** Such as `level (acme.Level)`. */
  readonly text: string;
  readonly what: 'enum' | 'array';
  /** A class of the user is around it, which may compute its hash in another way. */
  readonly inUserClass: boolean;
}

/**
 * Keys whose `hashCode` may be another in every JVM. Flink looks for the state of a key in the key group that its hash leads to: after a
 * restore such a key may go to another one, and begins with empty state. No error says so.
 */
export function* keyFindings(examination: Examination): Generator<DoctorFinding> {
  for (const operator of examination.headers.operators) {
    const key = keyOf(operator);
    const parts = key === null ? [] : identityParts(key, '', false, 0);
    if (parts.length === 0) continue;
    const isSure = parts.some(({ inUserClass }) => !inUserClass);
    const kinds = [...new Set(parts.map(({ what }) => what))].map((what) => (what === 'enum' ? 'an enum' : 'an array'));
    yield {
      ...inOperator(examination, operator),
      severity: isSure ? 'error' : 'warning',
      code: 'unstableKey',
      message: `Its keys have ${kinds.join(' and ')} in ${counted(parts.length, 'place')}: ${firstOf(parts.map(({ text }) => text))}. Java's hashCode of ${kinds.join(' and of ')} is another in every JVM${isSure ? '' : ", unless hashCode() of the key's class computes it from name() or ordinal(), or with Arrays.hashCode()"}. After a restore the same key goes to another key group, where its state is not found: it begins with empty state.`,
      remedy:
        'Use the name of the enum, or a list, in the key, or compute hashCode() of the class of the key from them. Then move the keys that are here: write a JavaScript module key-hash.mjs whose default export computes the same hash from a key, and run:\ntidemark edit SNAPSHOT --out OUT --key-hash key-hash.mjs',
    };
  }
}

/** Rows of SQL and records of Avro hash what they hold. */
function identityParts(serializer: SerializerSnapshot, path: string, inUserClass: boolean, depth: number): IdentityPart[] {
  if (depth > DEPTH_MAX) return [];
  const within = (part: SerializerSnapshot | null, name: string, inUser = inUserClass): IdentityPart[] =>
    part === null ? [] : identityParts(part, path === '' ? name : `${path}.${name}`, inUser, depth + 1);
  const found = (what: IdentityPart['what'], type: string): IdentityPart[] => [
    { what, text: path === '' ? type : `${path} (${type})`, inUserClass },
  ];
  switch (serializer.kind) {
    case 'enum':
      return found('enum', serializer.className);
    case 'genericArray':
      return found('array', `${serializer.componentClass}[]`);
    case 'pojo':
      return serializer.fields.flatMap(({ name, serializer: field }) => within(field, name, true));
    case 'scalaCaseClass':
      return serializer.fields.flatMap((field, i) => within(field, `_${String(i + 1)}`));
    case 'tuple':
      return serializer.fields.flatMap((field, i) => within(field, `f${String(i)}`));
    // Row looks into arrays.
    case 'row':
      return serializer.fields.flatMap((field, i) => within(field, `f${String(i)}`)).filter(({ what }) => what === 'enum');
    case 'list':
    case 'arrayList':
    case 'set':
      return within(serializer.element, '[]');
    case 'map':
      return [...within(serializer.key, '{key}'), ...within(serializer.value, '{value}')];
    case 'either':
      return [...within(serializer.left, 'left'), ...within(serializer.right, 'right')];
    case 'nullable':
    case 'scalaOption':
      return identityParts(serializer.value, path, inUserClass, depth + 1);
    default:
      return /^(boolean|byte|short|int|long|float|double|char|string)Array$/.test(serializer.kind)
        ? found('array', `${serializer.kind.slice(0, -'Array'.length)}[]`)
        : [];
  }
}
