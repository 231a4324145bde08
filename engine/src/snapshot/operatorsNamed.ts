import { operatorIdOf } from '../keys/operatorId.ts';

/** What an operator is called. */
export interface OperatorNames {
  readonly id: string;
  readonly uid: string | null;
  readonly name: string | null;
}

/** Shorter beginnings of ids are not taken for one. */
const ID_BEGINNING_MIN = 4;

/**
 * The operators that a text means: by uid or id, else by name, else by the beginning of an id. An operator's id is the hash of its uid, so a
 * uid names its operator also where the snapshot has only hashes. More than one where the text is not enough to tell them apart.
 */
export function operatorsNamed<T>(operators: readonly T[], text: string, namesOf: (operator: T) => OperatorNames): readonly T[] {
  const hash = operatorIdOf(text);
  const chosen = (isMeant: (names: OperatorNames) => boolean): readonly T[] => operators.filter((operator) => isMeant(namesOf(operator)));
  const byUid = chosen(({ id, uid }) => id === hash || id === text || uid === text);
  if (byUid.length > 0) return byUid;
  const byName = chosen(({ name }) => name === text);
  if (byName.length > 0 || text.length < ID_BEGINNING_MIN) return byName;
  return chosen(({ id }) => id.startsWith(text));
}
