import type { DumpValue } from './dumpValue.ts';
import { isDumpObject } from './valueParts.ts';

const LIST = 'java.util.ArrayList';
const MAP = 'java.util.HashMap';
const DATE = 'java.util.Date';
const SET_CLASS = /^java\.util\..*Set(12|N)?$/;

/**
 * A value that Kryo has read, with its class where the value alone does not tell it: `[1]` is an ArrayList, `{"$map":[]}` a HashMap,
 * `{"$date":0}` a java.util.Date; all others say theirs: `{"$list":[1],"class":"java.util.HashSet"}`.
 */
export function withKryoClass(className: string, value: DumpValue): DumpValue {
  if (Array.isArray(value)) return className === LIST ? value : { $list: value as readonly DumpValue[], class: className };
  if (!isDumpObject(value)) return value;
  if (value['$map'] !== undefined) return className === MAP ? value : { ...value, class: className };
  if (value['$date'] !== undefined && value['$class'] === undefined) return className === DATE ? value : { ...value, class: className };
  return value['$list'] !== undefined || value['$array'] !== undefined ? { ...value, class: className } : value;
}

/** Whether the elements of a collection of the class have no order. */
export function isSetClass(className: DumpValue | undefined): boolean {
  return typeof className === 'string' && SET_CLASS.test(className);
}
