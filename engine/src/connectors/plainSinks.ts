import type { OpenSink, SinkWriter } from '../operators/connector.ts';
import type { Sink } from '../plan/connectors.ts';
import { dataTypeOf } from '../types/dataType.ts';

/** Sinks that write at once and keep nothing: after a failure, records since the last checkpoint come again. */
function immediate(write: (value: unknown) => void): SinkWriter {
  return { write, prepareCommit: () => [], commit: () => undefined, finish: () => undefined, close: () => undefined };
}

/** Writes records as JSON to the run's standard output, a line each. */
export function print(options: { readonly prefix?: string } = {}): Sink<unknown> {
  const { prefix = '' } = options;
  const open: OpenSink = (host, _subtask, type) => {
    const dataType = dataTypeOf(type);
    return immediate((value) => {
      host.print(prefix + JSON.stringify(dataType.toJson(value)));
    });
  };
  return { name: 'print', details: {}, open };
}

/** A sink that keeps what comes, for tests. */
export interface Collected<T> extends Sink<T> {
  readonly records: T[];
}

export function collect<T>(): Collected<T> {
  const records: T[] = [];
  const open: OpenSink = () => immediate((value) => records.push(value as T));
  return { name: 'collect', details: {}, open, records };
}

/** Where records end that nobody wants: for measuring. */
export function discard(): Sink<unknown> {
  const open: OpenSink = () => immediate(() => undefined);
  return { name: 'discard', details: {}, open, discards: true };
}
