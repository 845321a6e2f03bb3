/**
 * Reads a binary table from its first byte to its last, one block in memory at a time, and checks everything: the
 * sections, the rows as the text reader does, the index, and the checksum of the whole.
 */
import { decompressed } from '../decompressed.ts';
import type { Input } from '../input.ts';
import { RowCheck } from '../row-check.ts';
import type { Trace, TraceBatch } from '../table.ts';
import { decodeBlock } from './block.ts';
import { type BlockPlace, decodeDone, decodeIndex } from './block-index.ts';
import { type BinaryHeader, decodeHeader } from './header.ts';
import { Tag } from './layout.ts';
import { BlockRows } from './rows.ts';
import { type Section, SectionReader } from './sections.ts';

/** Opens a binary table, plain or compressed. Throws a UserError (exit 6) that names the byte, found and expected. */
export async function openBinary(input: Input): Promise<Trace> {
  try {
    const { compression, blocks, drain } = await decompressed(input);
    const file = compression === 'plain' ? input.path : `${input.path} (decompressed)`;
    const sections = new SectionReader(file, blocks);
    await sections.magic();
    const section = await sections.next([Tag.head]);
    const head = sections.understand(section, decodeHeader);
    return { header: head.header, batches: batches(input, file, sections, head, drain) };
  } catch (error) {
    input.close();
    throw error;
  }
}

async function* batches(
  input: Input,
  file: string,
  sections: SectionReader,
  head: BinaryHeader,
  drain: () => Promise<void>,
): AsyncGenerator<TraceBatch> {
  const rows = new BlockRows(file, head.codes, new RowCheck(head.header.vcpus));
  const places: BlockPlace[] = [];
  try {
    for (;;) {
      const section = await sections.next([Tag.rows, Tag.index]);
      if (section.tag === Tag.index) {
        await finish(sections, section, places, rows.rows);
        await drain();
        return;
      }
      const block = sections.understand(section, (payload) => decodeBlock(payload, head.columns));
      const batch = rows.read(block, section.byte, false);
      const { length, time } = batch;
      places.push({ byte: section.byte, rows: length, firstTime: time[0]!, lastTime: time[length - 1]! });
      yield batch;
    }
  } finally {
    input.close();
  }
}

/** The index and the end must say what was read. */
async function finish(
  sections: SectionReader,
  index: Section,
  places: readonly BlockPlace[],
  rows: number,
): Promise<void> {
  sections.understand(index, (payload) => {
    let at = 0;
    for (const place of decodeIndex(payload)) {
      const [found, expected] = [place, places[at++]].map(describe);
      if (found !== expected) {
        throw sections.error(index.byte, `block ${at} in the index ${found}`, expected!);
      }
    }
    if (at < places.length) throw sections.error(index.byte, `${at} blocks in the index`, `${places.length}`);
  });
  const { sha256 } = sections;
  const section = await sections.next([Tag.done]);
  const done = sections.understand(section, decodeDone);
  if (done.rows !== rows) throw sections.error(section.byte, `${done.rows} rows in DONE`, `${rows}`);
  if (done.indexByte !== index.byte) {
    throw sections.error(section.byte, `the index at byte ${done.indexByte} in DONE`, `${index.byte}`);
  }
  if (!done.sha256.equals(sha256)) {
    throw sections.error(
      section.byte,
      `checksum ${done.sha256.toString('hex')} of the file`,
      `${sha256.toString('hex')}: it is damaged`,
    );
  }
  await sections.end();
}

function describe(place: BlockPlace | undefined): string {
  if (place === undefined) return 'no more';
  return `at byte ${place.byte}, ${place.rows} rows, time ${place.firstTime}..${place.lastTime}`;
}
