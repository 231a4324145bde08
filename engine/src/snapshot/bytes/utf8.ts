// The only globals beyond ECMAScript that the pure part of the engine uses: every JavaScript host has them. Declared here and not for
// all, so that the engine's sources compile in every project that imports them, with whatever libraries that has.
declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> };
declare const TextDecoder: new (label: string, options: { fatal: boolean; ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
// Ignoring a byte order mark means to leave it in the text.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** @throws TypeError where the bytes are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  return strict.decode(bytes);
}

/** What is not UTF-8 becomes U+FFFD. */
export function decodeUtf8Leniently(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/** Where calling the decoder costs more than it saves. */
const SHORT = 24;

/** Bytes that are known to be below 0x80. Both ways are several times faster than one letter at a time. */
export function decodeAscii(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT) return lenient.decode(bytes.subarray(start, end));
  let text = '';
  let at = start;
  for (; at + 8 <= end; at += 8) {
    text += String.fromCharCode(
      bytes[at] ?? 0,
      bytes[at + 1] ?? 0,
      bytes[at + 2] ?? 0,
      bytes[at + 3] ?? 0,
      bytes[at + 4] ?? 0,
      bytes[at + 5] ?? 0,
      bytes[at + 6] ?? 0,
      bytes[at + 7] ?? 0,
    );
  }
  for (; at + 2 <= end; at += 2) text += String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0);
  if (at < end) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

/** Where the first byte of 0x80 and above is; `end` where there is none. */
export function endOfAscii(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] ?? 0) < 0x80) at++;
  return at;
}
