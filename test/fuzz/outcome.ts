/** What came of reading bytes that may be anything: a complete recording, or an error that says where and what. */
import assert from 'node:assert/strict';
import { Exit, UserError } from '../../src/model/errors.ts';
import { Input } from '../../src/trace/input.ts';
import { openTrace } from '../../src/trace/reader.ts';

/** Name of the bytes in messages. */
const NAME = 'fuzzed';
/** A message that names the place, what was found and what was expected, on one line of printable characters. */
const LOCATED =
  /^fuzzed( \(decompressed\))?(:\d+| at byte \d+)?(, record \d+)?: found [^\n]+, expected [^\n]+$/;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Reads bytes to their end. Anything but the two allowed outcomes is thrown. */
export async function outcomeOf(
  bytes: Buffer,
  read: (input: Input) => Promise<void>,
): Promise<'complete' | 'refused'> {
  try {
    await read(new Input(NAME, false, bytes));
    return 'complete';
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assert.equal(error.exit, Exit.badTrace, error.message);
    assert.match(error.message, LOCATED);
    assert.match(error.message, PRINTABLE);
    assert.ok(error.message.length < 1000, error.message);
    return 'refused';
  }
}

/** Reads a table in either form. */
export async function readTable(input: Input): Promise<void> {
  for await (const batch of (await openTrace(input)).batches) assert.ok(batch.length > 0);
}
