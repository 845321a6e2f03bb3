/** The beginning of an input, decompressed, without using it up. */
import { constants, gunzipSync } from 'node:zlib';
import { traceError, UserError } from '../model/errors.ts';
import { compressionOf, unxz } from './decompressed.ts';
import type { Input } from './input.ts';

/** Compressed bytes after which a beginning must be there; more would be no compression but a bomb. */
const MOST_COMPRESSED = 1 << 20;

/**
 * The first bytes, decompressed: `size` of them, fewer when `enough` is content with them or the file has no more.
 * Whatever was read is read again by the next reading. A UserError (exit 6) when the input cannot be opened or its
 * compression is damaged from the start.
 */
export async function headOf(input: Input, size: number, enough: (head: Buffer) => boolean): Promise<Buffer> {
  let raw: Buffer = Buffer.alloc(0);
  let head: Buffer = raw;
  for await (const block of input.peek()) {
    raw = Buffer.concat([raw, block]);
    head = (await beginningOf(raw, input.path)).subarray(0, size);
    if (head.length === size || raw.length >= MOST_COMPRESSED || (head.length > 0 && enough(head))) break;
  }
  return head;
}

/** What the first bytes of a file decompress to. */
async function beginningOf(raw: Buffer, file: string): Promise<Buffer> {
  const compression = compressionOf(raw);
  if (compression === 'plain') return raw;
  try {
    if (compression === 'gzip') return gunzipSync(raw, { finishFlush: constants.Z_SYNC_FLUSH });
    return await firstOf(unxz(once(raw)));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw traceError({ file, byte: 0 }, reason, `${compression} data`);
  }
}

async function* once(block: Buffer): AsyncGenerator<Buffer> {
  yield block;
}

/** The blocks that can be had; a decoder fails where the beginning is cut off, which is no fault of the file. */
async function firstOf(blocks: AsyncIterable<Buffer>): Promise<Buffer> {
  const some: Buffer[] = [];
  try {
    for await (const block of blocks) some.push(Buffer.from(block));
  } catch (error) {
    if (some.length === 0 && !(error instanceof Error && error.message.includes('end too early')))
      throw error;
  }
  return Buffer.concat(some);
}
