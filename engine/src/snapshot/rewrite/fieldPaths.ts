import { avroForm } from '../forms/avroForm.ts';
import { fieldPathText, type FieldPath } from '../forms/fieldPath.ts';
import { typeName, type Form } from '../forms/form.ts';
import { describeSerializer } from '../serializers/describeSerializer.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { SnapshotOperator } from '../snapshot.ts';
import { valueSerializer } from '../stateMetaInfo.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { holesOf, holesOfRow } from './serializerHoles.ts';

/** A field as an edit names it, with its type for people. */
export interface NamedField {
  readonly path: string;
  readonly type: string;
}

/** Types that contain themselves have no end. */
const DEPTH_MAX = 6;
const FIELDS_MAX = 1000;

/** The fields of a state's values that edits can name, from the outside in. Empty where there are none. @throws FormatError */
export async function fieldsOfState({ subtasks }: SnapshotOperator, state: string): Promise<readonly NamedField[]> {
  for (const subtask of subtasks) {
    const keyed = (await subtask.keyedStates()).flatMap(({ states }) => states);
    const own = (await subtask.operatorState())?.states.map(({ meta }) => meta) ?? [];
    const meta = [...keyed, ...own].find(({ name }) => name === state);
    const value = meta === undefined ? null : valueSerializer(meta);
    if (value !== null) return fieldPaths(value);
  }
  return [];
}

export function fieldPaths(serializer: SerializerSnapshot): readonly NamedField[] {
  const found = new Map<string, string>();
  const add = (path: FieldPath, type: string): boolean => {
    const text = fieldPathText(path);
    if (found.has(text) || found.size >= FIELDS_MAX) return false;
    found.set(text, type);
    return path.length < DEPTH_MAX;
  };
  const walk = (part: SerializerSnapshot, path: FieldPath): void => {
    if (part.kind === 'avro') walkAvro(part.schema, path, add);
    else if (part.kind === 'pojo') {
      for (const { name, serializer: field } of part.fields) {
        const own = [...path, name];
        if (add(own, field === null ? 'unknown' : describeSerializer(field)) && field !== null) walk(field, own);
      }
      for (const subclass of [...part.registered, ...part.unregistered]) if (subclass.serializer !== null) walk(subclass.serializer, path);
    } else {
      const holes = part.kind === 'row' ? holesOfRow(part, namesOf(part.fields)) : holesOf(part);
      for (const { segment, part: inner, isPassed } of holes) {
        const own = isPassed ? path : [...path, segment];
        if (isPassed || add(own, describeSerializer(inner))) walk(inner, own);
      }
    }
  };
  walk(serializer, []);
  return [...found].map(([path, type]) => ({ path, type }));
}

function namesOf(fields: readonly unknown[]): string[] {
  return fields.map((_field, i) => `f${String(i)}`);
}

function walkAvro(schema: string, path: FieldPath, add: (path: FieldPath, type: string) => boolean): void {
  const walk = (form: Form, at: FieldPath): void => {
    switch (form.kind) {
      case 'leaf':
        return;
      case 'record':
        for (const { name, form: field } of form.fields) if (add([...at, name], typeOf(field()))) walk(field(), [...at, name]);
        return;
      case 'items': {
        walk(form.item(), at);
        return;
      }
      case 'pairs': {
        walk(form.value(), at);
        return;
      }
      case 'choice':
        for (const branch of form.of) walk(branch.form(), at);
    }
  };
  try {
    walk(avroForm(schema), path);
  } catch (error) {
    // A schema that is none has no fields.
    if (!(error instanceof UnfitValue)) throw error;
  }
}

/** A name stands for what it names. */
function typeOf(form: Form): string {
  return form.kind === 'choice' ? form.of.map((branch) => typeOf(branch.form())).join(' | ') : typeName(form);
}
