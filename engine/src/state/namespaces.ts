import * as engineTypes from '../types/engineTypes.ts';
import { string } from '../types/t.ts';
import type { Type } from '../types/type.ts';

/** Namespaces of state and timers, as types of whatever value: operators keep them untyped. */
function untyped<T>(type: Type<T>): Type<unknown> {
  return type as unknown as Type<unknown>;
}

/** State that belongs to the key alone; its value is null. */
export const voidNamespace = untyped(engineTypes.voidNamespace);
/** `{ start, end }`, epoch milliseconds. */
export const timeWindowNamespace = untyped(engineTypes.timeWindow);
/** The one window that holds everything; its value is null. */
export const globalWindowNamespace = untyped(engineTypes.globalWindow);
/** The interval join's timers say in text which side they clean. */
export const stringNamespace = untyped(string);
