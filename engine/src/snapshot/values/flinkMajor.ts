/** Which Flink wrote the values. Flink 1.x has Kryo 2, Flink 2.x has Kryo 5, and their values differ. */
export type FlinkMajor = 1 | 2;
