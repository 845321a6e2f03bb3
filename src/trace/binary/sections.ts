/** Sections of a binary table as they are written and read: tag, length, payload, checksum. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { traceError, UserError } from '../../model/errors.ts';
import { MAGIC_BYTES, MOST_SECTION, SECTION_HEAD, SECTION_TAIL, Tag } from './layout.ts';
import { EncodingFault } from './varint.ts';

/** A section: its payload, and where it and the payload begin. */
export interface Section {
  readonly tag: string;
  readonly byte: number;
  readonly payload: Buffer;
  readonly payloadByte: number;
}

/** A section as bytes. The checksum is CRC-32 (ISO 3309, as in gzip) of everything before it in the section. */
export function encodeSection(tag: string, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(SECTION_HEAD + payload.length + SECTION_TAIL);
  bytes.write(tag, 'latin1');
  bytes.writeUInt32LE(payload.length, 4);
  bytes.set(payload, SECTION_HEAD);
  const end = SECTION_HEAD + payload.length;
  bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end);
  return bytes;
}

/** Reads sections one after the other out of blocks of bytes, and hashes what it has read. */
export class SectionReader {
  /** Offset of the next byte. */
  byte = 0;
  readonly #file: string;
  readonly #blocks: AsyncIterator<Buffer>;
  readonly #hash = createHash('sha256');
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** @param byte offset of the first byte of `blocks` in the file */
  constructor(file: string, blocks: AsyncIterable<Buffer>, byte = 0) {
    this.#file = file;
    this.#blocks = blocks[Symbol.asyncIterator]();
    this.byte = byte;
  }

  /** Takes the magic; a UserError (exit 6) if it is another. */
  async magic(): Promise<void> {
    const bytes = await this.#take(MAGIC_BYTES.length);
    if (!bytes.equals(MAGIC_BYTES))
      throw this.error(0, `bytes ${bytes.toString('hex')}`, `${MAGIC_BYTES.toString('hex')}, a binary table`);
    this.#hash.update(bytes);
  }

  /** SHA-256 of all sections read so far but DONE, the magic included. */
  get sha256(): Buffer {
    return this.#hash.copy().digest();
  }

  /** The next section, which must be one of `tags`; a UserError (exit 6) if it is another, damaged or cut off. */
  async next(tags: readonly string[]): Promise<Section> {
    const { byte } = this;
    const head = await this.#take(SECTION_HEAD);
    if (head.length < SECTION_HEAD) throw this.#cutOff(byte, tags);
    const tag = head.toString('latin1', 0, 4);
    if (!tags.includes(tag)) {
      throw this.error(byte, `a section "${tag.replace(/[^\x20-\x7e]/g, '?')}"`, tags.join(' or '));
    }
    const length = head.readUInt32LE(4);
    if (length > MOST_SECTION)
      throw this.error(byte, `a section ${tag} of ${length} bytes`, `at most ${MOST_SECTION}`);
    const rest = await this.#take(length + SECTION_TAIL);
    if (rest.length < length + SECTION_TAIL) throw this.#cutOff(byte, [`all of section ${tag}`]);
    const payload = rest.subarray(0, length);
    const found = rest.readUInt32LE(length);
    const expected = crc32(payload, crc32(head));
    if (found !== expected)
      throw this.error(
        byte,
        `a section ${tag} with checksum ${hex(found)}`,
        `${hex(expected)}: it is damaged`,
      );
    if (tag !== Tag.done) this.#hash.update(head).update(rest);
    return { tag, byte, payload, payloadByte: byte + SECTION_HEAD };
  }

  /** Throws unless the file ends here. */
  async end(): Promise<void> {
    const { byte } = this;
    if ((await this.#take(1)).length > 0) throw this.error(byte, 'more bytes', 'the end of the file');
  }

  /** An error at a byte. */
  error(byte: number, found: string, expected: string): UserError {
    return traceError({ file: this.#file, byte }, found, expected);
  }

  /** What a section's payload says; what is wrong with it becomes an error at its byte. */
  understand<T>(section: Section, decode: (payload: Buffer) => T): T {
    try {
      return decode(section.payload);
    } catch (error) {
      if (!(error instanceof EncodingFault)) throw error;
      throw this.error(section.payloadByte + error.at, error.found, error.expected);
    }
  }

  /** The next bytes there are; a damaged compression is an error at the byte where they end. */
  async #nextBlock(): Promise<IteratorResult<Buffer>> {
    try {
      return await this.#blocks.next();
    } catch (error) {
      if (error instanceof UserError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw this.error(this.byte + this.#heldBytes, reason, 'a complete plain, gzip or xz file');
    }
  }

  #cutOff(byte: number, expected: readonly string[]): UserError {
    return this.error(byte, 'the end of the file: it is cut off', expected.join(' or '));
  }

  /** The next bytes, fewer at the end of the file. */
  async #take(size: number): Promise<Buffer> {
    while (this.#heldBytes < size) {
      const next = await this.#nextBlock();
      if (next.done === true) break;
      this.#held.push(next.value);
      this.#heldBytes += next.value.length;
    }
    const all = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
    const taken = all.subarray(0, size);
    this.#held = [all.subarray(taken.length)];
    this.#heldBytes = all.length - taken.length;
    this.byte += taken.length;
    return taken;
  }
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
