/** Where a text stops being UTF-8: a decoder only says that it does. */
import { isUtf8 } from 'node:buffer';

/** Bytes of the longest character. */
const LONGEST = 4;
/** What is kept of a block for the next one: a character that is not whole has at most so many bytes. */
export const KEPT = LONGEST - 1;

/**
 * Offset of the first byte that begins no whole character; the length if there is none.
 *
 * @param within how many bytes at the start may be the end of a character before
 */
export function firstInvalid(bytes: Buffer, within = 0): number {
  let at = 0;
  while (at < within && (bytes[at]! & 0xc0) === 0x80) at++;
  while (at < bytes.length) {
    const length = lengthOf(bytes[at]!);
    if (length === 0 || at + length > bytes.length || !isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return at;
}

/** Bytes of the character that a byte begins; 0 if it begins none. Source: RFC 3629 section 4. */
function lengthOf(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}
