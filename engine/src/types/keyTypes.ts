import { dataTypeOf, isKeyDataType } from './dataType.ts';
import { TupleType } from './tuple.ts';
import type { KeyType, Type } from './type.ts';

/** True for types that a stream can be keyed by. The compiler knows; plain JavaScript has to be told. */
export function isKeyType(type: Type<unknown>): type is KeyType<unknown> {
  const dataType = dataTypeOf(type);
  return isKeyDataType(dataType) && (!(dataType instanceof TupleType) || dataType.isKey);
}
