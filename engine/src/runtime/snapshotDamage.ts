/** A snapshot that cannot be used: which of its files, and why. */
export class SnapshotDamage extends Error {
  override readonly name = 'SnapshotDamage';
  readonly folder: string;
  readonly file: string;
  readonly reason: string;

  constructor(folder: string, file: string, reason: string, cause?: unknown) {
    super(`Snapshot ${folder} cannot be used: ${file}: ${reason}`, cause === undefined ? undefined : { cause });
    this.folder = folder;
    this.file = file;
    this.reason = reason;
  }
}
