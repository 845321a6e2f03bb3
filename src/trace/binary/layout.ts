/**
 * The binary form of the trace table: a file that says itself which columns it has, how each is encoded and what
 * its codes mean. Byte by byte in docs/trace-table.md; this file has its constants.
 */

/** First bytes: one that no text has, the name, and line ends that a transfer as text would change. */
export const MAGIC_BYTES = Buffer.from([0x89, 0x55, 0x54, 0x54, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Whether a file that begins with these bytes, one at least, is a binary table and no text. */
export function isBinary(head: Buffer): boolean {
  return head[0] === MAGIC_BYTES[0];
}

/** Version of the layout; that of the table stands beside it. */
export const LAYOUT = 1;

/** Sections, in this order; ROWS any number of times. */
export const Tag = { head: 'HEAD', rows: 'ROWS', index: 'INDX', done: 'DONE' } as const;
/** Tag and length before a section's payload, CRC-32 behind it. */
export const SECTION_HEAD = 8;
export const SECTION_TAIL = 4;
/** Payload of DONE: offset of INDX, rows, SHA-256 of everything before this section. */
export const DONE_BYTES = 8 + 8 + 32;
/** The whole section, which is the end of every file. */
export const TRAILER_BYTES = SECTION_HEAD + DONE_BYTES + SECTION_TAIL;

/** Rows of a block as written here. */
export const BLOCK_ROWS = 16_384;
/** What a reader accepts: rows of a block, its state's included, and bytes of a section. */
export const MOST_BLOCK_ROWS = 65_536;
export const MOST_SECTION = 1 << 26;

/** How a column is encoded. */
export const Encoding = {
  /** Difference to the row before; to 0 in a block's first row. */
  delta: 'delta',
  /** The value itself. */
  varint: 'varint',
  /** Columns that go together: one number a row, its place in the block's list of combinations. */
  shape: 'shape',
} as const;

/** A column as the file describes it; a value is what is stored plus `base`. */
export interface Column {
  readonly name: string;
  readonly encoding: string;
  readonly base: number;
}

/** The columns as written, in the order of the text form. */
export const COLUMNS_WRITTEN: readonly Column[] = [
  { name: 'time', encoding: Encoding.delta, base: 0 },
  { name: 'kind', encoding: Encoding.shape, base: 0 },
  { name: 'by', encoding: Encoding.shape, base: -1 },
  { name: 'port', encoding: Encoding.varint, base: 0 },
  { name: 'to', encoding: Encoding.shape, base: 0 },
  { name: 'channel', encoding: Encoding.shape, base: 0 },
  { name: 'handler', encoding: Encoding.shape, base: 0 },
  { name: 'target', encoding: Encoding.shape, base: 0 },
];

/** How a stream of a block is stored. */
export const Stored = { plain: 0, deflate: 1 } as const;
