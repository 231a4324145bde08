import { stat } from 'node:fs/promises';
import { OpenFiles } from './openFiles.ts';

/** A file that is read by ranges. */
export interface RangedFile {
  /** In bytes. */
  readonly size: number;
  /** Exactly these bytes. @throws when the file is shorter, or damaged there */
  slice(offset: number, length: number): Promise<Uint8Array>;
  close(): void;
}

/** A local file, open while it is read. @throws when there is none */
export async function localFile(path: string): Promise<RangedFile> {
  const { size } = await stat(path);
  const files = new OpenFiles();
  return { size, slice: (offset, length) => files.slice(path, offset, length), close: () => files.close() };
}
