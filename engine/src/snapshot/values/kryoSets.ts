import type { DumpValue } from './dumpValue.ts';

/** Kryo's sets are lists in a dump. Only the class that stands before the elements says so: what compares values asks here. */
const SETS = new WeakSet<readonly DumpValue[]>();
const SET_CLASS = /^java\.util\..*Set(12|N)?$/;

/** The value itself, remembered as a set where its class is one. */
export function ofKryoClass(className: string, value: DumpValue): DumpValue {
  if (Array.isArray(value) && SET_CLASS.test(className)) SETS.add(value as readonly DumpValue[]);
  return value;
}

export function isKryoSet(items: readonly DumpValue[]): boolean {
  return SETS.has(items);
}
