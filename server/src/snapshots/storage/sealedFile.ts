import { createDecipheriv, hkdfSync } from 'node:crypto';
import { sizeText } from 'tidemark/snapshot';
import type { RangedFile } from './rangedFile.ts';

/** What opens files that were sealed with age. */
export interface SealKeys {
  readonly passphrases: readonly string[];
  /** Secret keys, `AGE-SECRET-KEY-1...`. */
  readonly identities: readonly string[];
  /** Of this file, from where it has been opened before: nothing else is needed then. */
  readonly fileKey?: Uint8Array;
}

/** The file is sealed, and none of the keys that were given opens it. */
export class SealedFileError extends Error {
  override readonly name = 'SealedFileError';
  readonly sealed: 'passphrase' | 'recipient';

  constructor(message: string, sealed: 'passphrase' | 'recipient') {
    super(message);
    this.sealed = sealed;
  }
}

const HEADER_MAX = 64 << 10;
/** What age itself writes: 256 MiB of memory, and about a second. */
const SCRYPT_USUAL = 18;
const SCRYPT_MAX = 'TIDEMARK_SCRYPT_MAX';
const NONCE = 16;
const CHUNK = 64 << 10;
const TAG = 16;
const SEALED_CHUNK = CHUNK + TAG;
/** Chunks that stay decrypted. */
const KEPT = 32;

/**
 * Opens a file in the format of age (age-encryption.org/v1), which is decrypted chunk by chunk as it is read: nothing of it is ever on
 * disk. Every chunk is authenticated, and that the file is whole. `path` is for errors. @throws SealedFileError, Error where it is damaged
 */
export async function openSealed(file: RangedFile, path: string, keys: SealKeys): Promise<{ file: RangedFile; fileKey: Uint8Array }> {
  const head = Buffer.from(await file.slice(0, Math.min(file.size, HEADER_MAX)));
  const headerSize = headerEnd(head, path);
  const fileKey = keys.fileKey ?? (await unwrapped(head.subarray(0, headerSize), path, keys));
  if (file.size < headerSize + NONCE + TAG) throw new Error(`${path} is cut off: it ends behind its header`);
  const key = Buffer.from(hkdfSync('sha256', fileKey, await file.slice(headerSize, NONCE), 'payload', 32));
  const chunks = new Chunks(file, path, headerSize + NONCE, key);
  // That the last chunk is the last one says that nothing is missing.
  await chunks.slice(Math.max(0, chunks.size - 1), Math.min(1, chunks.size));
  return { file: chunks, fileKey };
}

/** Lines up to the one that begins with `--- ` and has the checksum of the header. */
function headerEnd(head: Buffer, path: string): number {
  const mac = head.indexOf('\n--- ');
  const end = mac < 0 ? -1 : head.indexOf('\n', mac + 1);
  if (end < 0) throw new Error(`${path} is not a file of age, or cut off: its header does not end`);
  return end + 1;
}

async function unwrapped(header: Uint8Array, path: string, { passphrases, identities }: SealKeys): Promise<Uint8Array> {
  const sealed = Buffer.from(header).includes('\n-> scrypt ') ? 'passphrase' : 'recipient';
  if ((sealed === 'passphrase' ? passphrases : identities).length === 0)
    throw new SealedFileError(
      sealed === 'passphrase'
        ? `${path} is sealed with a passphrase: give it with --passphrase-file FILE`
        : `${path} is sealed for a recipient: give the secret key with --identity FILE`,
      sealed,
    );
  checkCost(header, path);
  const { Decrypter } = await import('./age.ts');
  const decrypter = new Decrypter();
  for (const passphrase of passphrases) decrypter.addPassphrase(passphrase);
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason.includes('no identity matched'))
      throw new SealedFileError(
        `${path} is sealed, and ${sealed === 'passphrase' ? 'the passphrase is wrong' : 'the secret key is of another recipient'}`,
        sealed,
      );
    throw new Error(`${path} cannot be opened: ${reason}`, { cause: error });
  }
}

/** Code that sealed the file chose what each try of a passphrase costs. @throws Error before that is paid, where it is more than usual */
function checkCost(header: Uint8Array, path: string): void {
  const [, exponent] = /^-> scrypt \S{1,100} (\d{1,9})$/m.exec(Buffer.from(header).toString('latin1')) ?? [];
  const most = Number(process.env[SCRYPT_MAX] ?? SCRYPT_USUAL);
  if (exponent === undefined || Number(exponent) <= most) return;
  const memory = Number(exponent) > 30 ? 'more than 1 TiB' : sizeText(128 * 8 * 2 ** Number(exponent));
  throw new Error(
    `${path} is sealed so that each try of a passphrase takes ${memory} of memory (work factor ${exponent}, usual is ${String(SCRYPT_USUAL)}): ` +
      `set ${SCRYPT_MAX}=${exponent} if you trust where it is from`,
  );
}

/** age's STREAM: chunks of 64 KiB, each with its number as nonce, and the last one with a mark. */
class Chunks implements RangedFile {
  readonly size: number;
  readonly #file: RangedFile;
  readonly #path: string;
  readonly #start: number;
  readonly #key: Buffer;
  readonly #count: number;
  readonly #sealedSize: number;
  /** In the order of their last use. */
  readonly #kept = new Map<number, Uint8Array>();

  constructor(file: RangedFile, path: string, start: number, key: Buffer) {
    this.#file = file;
    this.#path = path;
    this.#start = start;
    this.#key = key;
    this.#sealedSize = file.size - start;
    this.#count = Math.ceil(this.#sealedSize / SEALED_CHUNK);
    this.size = this.#sealedSize - this.#count * TAG;
  }

  async slice(offset: number, length: number): Promise<Uint8Array> {
    if (offset + length > this.size)
      throw new Error(
        `${this.#path} holds ${String(this.size)} bytes, but bytes up to ${String(offset + length)} are needed: it is cut off`,
      );
    const bytes = new Uint8Array(length);
    const first = Math.floor(offset / CHUNK);
    const last = Math.floor((offset + Math.max(0, length - 1)) / CHUNK);
    for (let number = first; number <= last; number++) {
      const chunk = this.#kept.get(number) ?? (await this.#decrypt(number));
      this.#keep(number, chunk);
      const from = Math.max(0, offset - number * CHUNK);
      const to = Math.min(chunk.length, offset + length - number * CHUNK);
      bytes.set(chunk.subarray(from, to), number * CHUNK + from - offset);
    }
    return bytes;
  }

  close(): void {
    this.#kept.clear();
    this.#file.close();
  }

  #keep(number: number, chunk: Uint8Array): void {
    this.#kept.delete(number);
    this.#kept.set(number, chunk);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  async #decrypt(number: number): Promise<Uint8Array> {
    const at = number * SEALED_CHUNK;
    const sealed = await this.#file.slice(this.#start + at, Math.min(SEALED_CHUNK, this.#sealedSize - at));
    const nonce = Buffer.alloc(12);
    nonce.writeUIntBE(number, 5, 6);
    nonce[11] = number === this.#count - 1 ? 1 : 0;
    const decipher = createDecipheriv('chacha20-poly1305', this.#key, nonce, { authTagLength: TAG });
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, -TAG)), decipher.final()]);
    } catch {
      throw new Error(`${this.#path} is damaged, cut off or changed at byte ${String(this.#start + at)}: it is not what was sealed`);
    }
  }
}
