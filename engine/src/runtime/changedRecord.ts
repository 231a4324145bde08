/** What JavaScript says when something frozen is changed: the property, where it names one. */
const FROZEN =
  /^Cannot (?:assign to read only property|add property|delete property|define property|redefine property:?) '?([^',]*)'?|object is not extensible/;

/** An error that came of changing a frozen record, said so that it is understood; any other as it is. */
export function changedRecord(error: Error, uid: string | null): Error {
  const match = error instanceof TypeError ? FROZEN.exec(error.message) : null;
  if (match === null) return error;
  const field = match[1] ?? '';
  const what = field === '' ? 'a record' : `"${field}" of a record`;
  const who = uid === null ? 'the pipeline' : `operator "${uid}"`;
  const problem = `${who} changes ${what} that it was given or has emitted; others share it (other branches, state, snapshots), so make a new one, such as { ...record, ${/^[A-Za-z_$][\w$]*$/.test(field) ? field : 'field'}: value }, or set copyRecords: true in the options of the pipeline`;
  const clear = new TypeError(`${problem} (${error.message})`, { cause: error });
  if (error.stack !== undefined) clear.stack = error.stack.replace(error.message, clear.message);
  return clear;
}
