/**
 * A text file as a stream of lines in bounded memory: plain, gzip or xz (told by its first bytes, not by its name),
 * from whatever an `Input` can be.
 */
import { traceError, UserError, type Where } from '../model/errors.ts';
import { decompressed } from './decompressed.ts';
import { Input } from './input.ts';
import { firstInvalid, KEPT } from './utf8.ts';

/** Longest line accepted, bytes; a longer one means that the file is not what it should be. */
const MAX_LINE = 65_536;
const WHOLE = 'a complete text, gzip or xz file in UTF-8';

/**
 * Lines of a file without their line ends, in blocks of some thousand, so that a reader waits once a block.
 * Throws a UserError (exit 6) when the file cannot be opened, is empty, is not text, or its compression is
 * damaged.
 *
 * @param expected what the file should be, for the error when it is empty
 */
export async function* readLineBlocks(from: string | Input, expected: string): AsyncGenerator<string[]> {
  const input = inputOf(from);
  const file = input.path;
  let rest = '';
  let lines = 0;
  for await (const chunk of chunks(input)) {
    const block = (rest + chunk).split('\n');
    const long = block.findIndex((line) => line.length > MAX_LINE);
    if (long >= 0) {
      throw traceError(
        { file, line: lines + long + 1 },
        `a line of over ${MAX_LINE} characters`,
        'lines of text',
      );
    }
    rest = block.pop()!;
    lines += block.length;
    if (block.length > 0) yield block.map(withoutReturn);
  }
  if (rest !== '') yield [withoutReturn(rest)];
  else if (lines === 0) throw traceError({ file }, 'an empty file', expected);
}

/** The whole text of a small file, its last line end included; errors as `readLineBlocks`. */
export async function readText(from: string | Input, expected: string): Promise<string> {
  const input = inputOf(from);
  let text = '';
  for await (const chunk of chunks(input)) text += chunk;
  if (text === '') throw traceError({ file: input.path }, 'an empty file', expected);
  return text;
}

/** An input for a path; one that is one already stays. */
export function inputOf(from: string | Input): Input {
  return typeof from === 'string' ? new Input(from) : from;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Decoded text of a file, chunk by chunk. */
async function* chunks(input: Input): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let compressed = false;
  let count = 0;
  let before: Buffer = Buffer.alloc(0);
  const wrong = (offset: number, found: string, expected: string) => {
    const { path: file } = input;
    const where: Where = compressed ? { file } : { file, byte: offset };
    return traceError(
      where,
      compressed ? `${found} after ${offset} bytes of decompressed text` : found,
      expected,
    );
  };
  try {
    const { compression, blocks, drain } = await decompressed(input);
    compressed = compression !== 'plain';
    for await (const buffer of blocks) {
      const zero = buffer.indexOf(0);
      if (zero >= 0) throw wrong(count + zero, 'a zero byte', 'text');
      const text = decoded(decoder, buffer);
      if (text === undefined) {
        const at = firstInvalid(Buffer.concat([before, buffer]), before.length);
        throw wrong(count - before.length + at, 'bytes that are not UTF-8', WHOLE);
      }
      count += buffer.length;
      before = buffer.subarray(-KEPT);
      yield text;
    }
    if (decoded(decoder) === undefined) {
      const at = firstInvalid(before, before.length);
      throw wrong(count - before.length + at, 'bytes that are not UTF-8', WHOLE);
    }
    await drain();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw wrong(count, reason, WHOLE);
  } finally {
    input.close();
  }
}

/** The text of the next block, or of what the last one left over at the end; undefined if it is none. */
function decoded(decoder: InstanceType<typeof TextDecoder>, block?: Buffer): string | undefined {
  try {
    return block === undefined ? decoder.decode() : decoder.decode(block, { stream: true });
  } catch {
    return undefined;
  }
}
