/** What may come of an input: a complete result that adds up, or an error that says where and what. Nothing else. */
import assert from 'node:assert/strict';
import { Exit, UserError } from '../../src/model/errors.ts';
import { Input } from '../../src/trace/input.ts';

/** Name of the bytes in messages. */
export const NAME = 'fuzzed';

/** How an input may end. */
export type Outcome = 'complete' | 'refused';

/** Place, what was found, what was expected, on one line of printable characters. */
const LOCATED =
  /^fuzzed(?: \(decompressed\))?(?::\d+| at byte \d+)?(?:, record \d+)?: found [^\n]+, expected [^\n]+$/;
/** Errors about a file as a whole have no line. */
const PLACED = /^fuzzed(?: \(decompressed\))?(?::\d+| at byte \d+)/;
const WHOLE =
  /found (?:an empty file|no event that tells|no channel of domain|a recording (?:that gives|whose row)|interrupt \d+ on CPU|\d+ interrupts|.* after \d+ bytes of decompressed text)/;
const PRINTABLE = /^[\x20-\x7e]*$/;
const LONGEST_MESSAGE = 1000;

/** Reads an input to its end; anything but the two outcomes is thrown. */
export async function judge(
  bytes: Buffer,
  read: (input: Input, i: number) => Promise<void>,
  i: number,
): Promise<Outcome> {
  try {
    await read(new Input(NAME, false, bytes), i);
    return 'complete';
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { message } = error;
    if (error.exit !== Exit.badTrace) throw error;
    if (!LOCATED.test(message) || !PRINTABLE.test(message) || message.length > LONGEST_MESSAGE) throw error;
    assert.ok(PLACED.test(message) || WHOLE.test(message), message);
    return 'refused';
  }
}
