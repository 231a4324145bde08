export { ByteReader } from './bytes/byteReader.ts';
export { ByteWriter } from './bytes/byteWriter.ts';
export { FormatError } from './bytes/formatError.ts';
export { readMetadata } from './metadata/readMetadata.ts';
export type * from './metadata/snapshotMetadata.ts';
