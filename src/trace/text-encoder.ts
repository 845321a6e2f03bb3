/** Writes a table of one row a line, plain or compressed with gzip. The only import of fflate beside binary/block.ts. */
import { Gzip } from 'fflate';
import { notesOf } from './header.ts';
import {
  CHANNELS,
  COLUMNS,
  EXTERNAL,
  HANDLERS,
  hasTo,
  KINDS,
  MAGIC,
  namesNoPort,
  TARGETS,
  type TraceHeader,
  type TraceRow,
  VERSION,
} from './table.ts';

/** Rows that are handed on together. */
const CHUNK_ROWS = 4096;
/**
 * How the text is compressed: the same bytes from every Node.js on every processor, which zlib does not promise.
 * No time of the file; memory not left to the library, whose choice goes by a logarithm.
 */
const GZIP = { level: 9, mem: 8, mtime: 0 } as const;

/** One row as a line, without its end. */
export function formatRow(row: TraceRow): string {
  const by = row.by === EXTERNAL ? '-' : String(row.by);
  const port = namesNoPort(row.kind) ? '' : row.port;
  const tail = `${CHANNELS[row.channel]},${HANDLERS[row.handler]},${TARGETS[row.target]}`;
  return `${row.time},${KINDS[row.kind]},${by},${port},${hasTo(row) ? row.to : ''},${tail}`;
}

/** The lines before the rows: always of this version, whatever the header was read from. */
export function formatHeader(header: TraceHeader): string {
  const notes = notesOf(header).map(([key, value]) => `# ${key}: ${value}\n`);
  return `${MAGIC} ${VERSION}\n${notes.join('')}${COLUMNS}\n`;
}

/** How a form of one row a line is written; every line with its end. ASCII only. */
export interface WrittenForm {
  head(header: TraceHeader): string;
  row(row: TraceRow): string;
  tail(rows: number): string;
}

/** The text form itself. */
export const TEXT: WrittenForm = {
  head: formatHeader,
  row: (row) => `${formatRow(row)}\n`,
  tail: (rows) => `# end rows=${rows}\n`,
};

/** One table being written; `emit` is given its bytes in order. */
export class TextTableEncoder {
  readonly #form: WrittenForm;
  readonly #put: (text: string, last: boolean) => void;
  #pending: string;
  #rows = 0;

  /** @param compressed whether as a gzip file */
  constructor(
    form: WrittenForm,
    header: TraceHeader,
    compressed: boolean,
    emit: (bytes: Uint8Array) => void,
  ) {
    this.#form = form;
    this.#pending = form.head(header);
    if (compressed) {
      const gzip = new Gzip(GZIP, emit);
      this.#put = (text, last) => gzip.push(Buffer.from(text, 'latin1'), last);
    } else this.#put = (text) => emit(Buffer.from(text, 'latin1'));
  }

  /** Appends a row. */
  row(row: TraceRow): void {
    this.#pending += this.#form.row(row);
    if (++this.#rows % CHUNK_ROWS > 0) return;
    this.#put(this.#pending, false);
    this.#pending = '';
  }

  /** Ends the table. */
  end(): void {
    this.#put(this.#pending + this.#form.tail(this.#rows), true);
  }
}
