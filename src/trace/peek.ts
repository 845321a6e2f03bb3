/** The beginning of an input, decompressed, without using it up. */
import { constants, gunzipSync } from 'node:zlib';
import { traceError, UserError } from '../model/errors.ts';
import { compressionOf, unxz } from './decompressed.ts';
import type { Input } from './input.ts';

/** Compressed bytes that are looked at first: they cannot become more than memory holds. */
const FIRST_COMPRESSED = 4096;
/** Compressed bytes after which a beginning must be there. */
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
    head = await beginningOf(raw, size, input.path);
    if (head.length === size || raw.length >= MOST_COMPRESSED || (head.length > 0 && enough(head))) break;
  }
  return head;
}

/** What the first bytes of a file decompress to, up to `size` bytes of it. */
async function beginningOf(raw: Buffer, size: number, file: string): Promise<Buffer> {
  const compression = compressionOf(raw);
  if (compression === 'plain') return raw.subarray(0, size);
  try {
    for (let length = FIRST_COMPRESSED; ; length *= 2) {
      const some = raw.subarray(0, length);
      const head = compression === 'gzip' ? gunzipped(some) : await unxzed(some, size);
      if (head.length >= size || length >= raw.length) return head.subarray(0, size);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw traceError({ file, byte: 0 }, reason, `${compression} data`);
  }
}

function gunzipped(some: Buffer): Buffer {
  return gunzipSync(some, { finishFlush: constants.Z_SYNC_FLUSH });
}

/** The blocks that can be had; a decoder fails where the beginning is cut off, which is no fault of the file. */
async function unxzed(some: Buffer, size: number): Promise<Buffer> {
  const blocks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const block of unxz(once(some))) {
      blocks.push(Buffer.from(block));
      bytes += block.length;
      if (bytes >= size) break;
    }
  } catch (error) {
    if (bytes === 0 && !(error instanceof Error && error.message.includes('end too early'))) throw error;
  }
  return Buffer.concat(blocks);
}

async function* once(block: Buffer): AsyncGenerator<Buffer> {
  yield block;
}
