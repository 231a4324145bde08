import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import type { StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import { keyedSchema, operatorSchema, type StateSchema } from '../snapshot/stateSchema.ts';
import type { RestoreFinding } from './restoreReport.ts';

/** What was written and what is wanted, with all fields, to be laid side by side. */
export function keyedSchemas(key: SerializerSnapshot, written: StateMetaInfo, wanted: StateMetaInfo): RestoreFinding['schemas'] {
  return { written: textOf(keyedSchema(key, written)), wanted: textOf(keyedSchema(key, wanted)) };
}

export function operatorSchemas(written: StateMetaInfo, wanted: StateMetaInfo): RestoreFinding['schemas'] {
  return { written: textOf(operatorSchema(written)), wanted: textOf(operatorSchema(wanted)) };
}

function textOf({ userKey, value, hasTtl }: StateSchema): string {
  const type = userKey === null ? (value ?? 'timers') : `map<${userKey}, ${value ?? '?'}>`;
  return hasTtl ? `${type} with time to live` : type;
}
