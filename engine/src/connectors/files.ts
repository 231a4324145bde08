export { read, type ReadOptions } from './files/readFiles.ts';
export { write, type WriteOptions } from './files/writeFiles.ts';
