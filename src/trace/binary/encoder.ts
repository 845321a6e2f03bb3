/** Writes a binary table row by row; memory is one block and the index. */
import { createHash } from 'node:crypto';
import type { TraceHeader, TraceRow } from '../table.ts';
import { TableState } from '../table-state.ts';
import { encodeBlock } from './block.ts';
import { type BlockPlace, encodeDone, encodeIndex } from './block-index.ts';
import { encodeHeader } from './header.ts';
import { BLOCK_ROWS, MAGIC_BYTES, Tag } from './layout.ts';
import { encodeSection } from './sections.ts';

/** One table being written; `emit` is given its bytes in order. */
export class BinaryTableEncoder {
  readonly #emit: (bytes: Uint8Array) => void;
  readonly #hash = createHash('sha256');
  readonly #before = new TableState();
  readonly #places: BlockPlace[] = [];
  #rows: TraceRow[] = [];
  #state: TraceRow[] = [];
  #byte = 0;
  #count = 0;

  constructor(header: TraceHeader, emit: (bytes: Uint8Array) => void) {
    this.#emit = emit;
    this.#write(MAGIC_BYTES);
    this.#write(encodeSection(Tag.head, encodeHeader(header)));
  }

  /** Appends a row; its object is not kept. */
  row(row: TraceRow): void {
    if (this.#rows.length === 0) this.#state = this.#before.rows(row.time);
    this.#rows.push({ ...row });
    this.#before.take(row);
    if (this.#rows.length === BLOCK_ROWS) this.#block();
  }

  /** Ends the table. */
  end(): void {
    if (this.#rows.length > 0) this.#block();
    const indexByte = this.#byte;
    this.#write(encodeSection(Tag.index, encodeIndex(this.#places)));
    const done = encodeDone({ indexByte, rows: this.#count, sha256: this.#hash.copy().digest() });
    this.#write(encodeSection(Tag.done, done));
  }

  #block(): void {
    const rows = this.#rows;
    const firstTime = rows[0]!.time;
    const lastTime = rows.at(-1)!.time;
    this.#places.push({ byte: this.#byte, rows: rows.length, firstTime, lastTime });
    this.#write(encodeSection(Tag.rows, encodeBlock(this.#state, rows)));
    this.#count += rows.length;
    this.#rows = [];
  }

  #write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#byte += bytes.length;
    this.#emit(bytes);
  }
}
