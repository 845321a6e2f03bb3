/**
 * Opens a binary table at a time: the end and the index are read, then only the blocks from that time on, the first
 * of them with the rows that say the state it begins in. The checksum of the whole is not looked at, those of the
 * sections are.
 */
import { createReadStream, statSync } from 'node:fs';
import { RowCheck } from '../row-check.ts';
import type { Trace, TraceBatch } from '../table.ts';
import { decodeBlock } from './block.ts';
import { decodeDone, decodeIndex } from './block-index.ts';
import { type BinaryHeader, decodeHeader } from './header.ts';
import { MAGIC_BYTES, Tag, TRAILER_BYTES } from './layout.ts';
import { BlockRows } from './rows.ts';
import { SectionReader } from './sections.ts';

/** Where reading begins. */
interface From {
  readonly byte: number;
  /** Whether no block is before it. */
  readonly first: boolean;
}

/**
 * The rows from the block on that has the first one at `time` or later; none if all are earlier.
 *
 * @param file a regular file, not compressed
 * @throws UserError (exit 6) with the byte, found and expected
 */
export async function openBinaryAt(file: string, time: number): Promise<Trace> {
  const head = await reading(file, 0, async (sections) => {
    await sections.magic();
    return sections.understand(await sections.next([Tag.head]), decodeHeader);
  });
  const from = await placeAt(file, time);
  return { header: head.header, batches: from === undefined ? none() : batches(file, head, from) };
}

/** The block that has the first row at a time or later, and whether it is the first of all. */
async function placeAt(file: string, time: number): Promise<From | undefined> {
  const end = Math.max(MAGIC_BYTES.length, statSync(file).size - TRAILER_BYTES);
  const { indexByte } = await reading(file, end, async (sections) => {
    const done = sections.understand(await sections.next([Tag.done]), decodeDone);
    if (done.indexByte > end) throw sections.error(end, `the index at byte ${done.indexByte}`, `0..${end}`);
    return done;
  });
  return reading(file, indexByte, async (sections) =>
    sections.understand(await sections.next([Tag.index]), (payload) => {
      let first = true;
      for (const { byte, lastTime } of decodeIndex(payload)) {
        if (byte >= indexByte)
          throw sections.error(indexByte, `a block at byte ${byte} in the index`, `0..${indexByte - 1}`);
        if (lastTime >= time) return { byte, first };
        first = false;
      }
      return undefined;
    }),
  );
}

async function* none(): AsyncGenerator<TraceBatch> {}

async function* batches(file: string, head: BinaryHeader, { byte, first }: From): AsyncGenerator<TraceBatch> {
  const stream = createReadStream(file, { start: byte });
  try {
    const sections = new SectionReader(file, stream, byte);
    const rows = new BlockRows(file, head.codes, new RowCheck(head.header.vcpus));
    for (let skipped = !first; ; skipped = false) {
      const section = await sections.next([Tag.rows, Tag.index]);
      if (section.tag === Tag.index) return;
      const block = sections.understand(section, (payload) => decodeBlock(payload, head.columns));
      yield rows.read(block, section.byte, skipped);
    }
  } finally {
    stream.destroy();
  }
}

/** Reads sections from a byte of a file on. */
async function reading<T>(
  file: string,
  byte: number,
  read: (sections: SectionReader) => Promise<T>,
): Promise<T> {
  const stream = createReadStream(file, { start: byte });
  try {
    return await read(new SectionReader(file, stream, byte));
  } finally {
    stream.destroy();
  }
}
