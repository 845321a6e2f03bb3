/** Binary tables taken apart and put together again with right lengths and checksums: damage then reaches what reads payloads. */
import { createHash } from 'node:crypto';
import {
  DONE_BYTES,
  MAGIC_BYTES,
  SECTION_HEAD,
  SECTION_TAIL,
  Tag,
  TRAILER_BYTES,
} from '../../src/trace/binary/layout.ts';
import { encodeSection } from '../../src/trace/binary/sections.ts';

/** A section taken out of a file. */
export interface Part {
  readonly tag: string;
  readonly payload: Buffer;
}

/** The sections of an intact file. */
export function partsOf(file: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = MAGIC_BYTES.length; at < file.length; ) {
    const length = file.readUInt32LE(at + 4);
    const tag = file.toString('latin1', at, at + 4);
    parts.push({ tag, payload: file.subarray(at + SECTION_HEAD, at + SECTION_HEAD + length) });
    at += SECTION_HEAD + length + SECTION_TAIL;
  }
  return parts;
}

/** A file of these sections; DONE gets the offset of INDX and the checksum that are right for it, its rows stay. */
export function fileOf(parts: readonly Part[]): Buffer {
  let file: Buffer = MAGIC_BYTES;
  let indexByte = 0;
  for (const { tag, payload } of parts) {
    if (tag === Tag.index) indexByte = file.length;
    const done = Buffer.from(payload);
    if (tag === Tag.done && done.length === DONE_BYTES) {
      done.writeBigUInt64LE(BigInt(indexByte), 0);
      done.set(createHash('sha256').update(file).digest(), 16);
    }
    file = Buffer.concat([file, encodeSection(tag, done)]);
  }
  return file;
}

/** A damaged file whose sections, found by their tags wherever they are now, are given right lengths and checksums. */
export function mended(file: Buffer): Buffer {
  const places = Object.values(Tag)
    .flatMap((tag) => placesOf(file, tag))
    .sort((a, b) => a - b);
  return fileOf(
    places.map((at, i) => {
      const end = (places[i + 1] ?? Math.min(file.length, at + TRAILER_BYTES)) - SECTION_TAIL;
      const from = Math.min(at + SECTION_HEAD, file.length);
      return { tag: file.toString('latin1', at, at + 4), payload: file.subarray(from, Math.max(from, end)) };
    }),
  );
}

function placesOf(file: Buffer, tag: string): number[] {
  const places: number[] = [];
  for (let at = file.indexOf(tag); at >= 0; at = file.indexOf(tag, at + SECTION_HEAD)) places.push(at);
  return places;
}
