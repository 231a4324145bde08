import type { Type } from '../types/type.ts';
import type { SinkConnector, SourceConnector } from './operatorSpec.ts';

/** A source of records of type T, as `p.source` takes it. */
export interface Source<T> extends Omit<SourceConnector, 'type'> {
  readonly type: Type<T>;
}

/** A sink that takes records of type T, as `stream.sink` takes it. */
export interface Sink<in T> extends SinkConnector {
  /** Only for the compiler: what the sink takes. */
  readonly accepts?: (value: T) => void;
}
