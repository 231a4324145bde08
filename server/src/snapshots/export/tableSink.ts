import type { Scalar } from 'tidemark/snapshot';

/** Takes a table, row by row. The values are those of the columns, and hold until the call returns. */
export interface TableSink {
  /** A promise holds up the rows until it is kept. */
  row(values: readonly Scalar[]): Promise<undefined> | undefined;
  end(): Promise<void>;
}
