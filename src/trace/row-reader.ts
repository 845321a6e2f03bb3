/**
 * The rows of a table that has one a line, in whichever form: turned into checked batches. A form says what the fields of a
 * line are; what they may be, and what may follow what, is the same for all.
 */
import { traceError, UserError } from '../model/errors.ts';
import { codesOf, type Dialect } from './dialect.ts';
import { shown } from './header.ts';
import type { Input } from './input.ts';
import type { LineCursor } from './line-cursor.ts';
import { type Fault, RowState } from './row-state.ts';
import {
  CHANNELS,
  COLUMNS,
  EXTERNAL,
  emptyBatch,
  HANDLERS,
  Kind,
  MAX_PORTS,
  namesNoPort,
  PRIORITIES,
  type TraceBatch,
  type TraceHeader,
} from './table.ts';
import type { Tolerance } from './tolerance.ts';
import { DIALECTS } from './versions.ts';

const BATCH_ROWS = 4096;
const FIELDS = 8;
const CHANNEL_CODES = codesOf(CHANNELS);
const HANDLER_CODES = codesOf(HANDLERS);

/** A line that a form cannot take apart; thrown by `fields`. */
export class LineFault {
  readonly fault: Fault;

  constructor(...fault: Fault) {
    this.fault = fault;
  }
}

/** How a form writes a row and the end of a table. */
export interface LineForm {
  /** The eight fields of a row as the text form has them; undefined for a line that ends the table. */
  fields(line: string): readonly string[] | undefined;
  /** The line that ends a table of so many rows, as it is written. */
  trailer(rows: number): string;
  /** Whether a line that ends a table is that of so many rows. */
  ends(line: string, rows: number): boolean;
}

/** The rows behind a header; a writer that is slow to say more is not waited for when they are wrong. */
export async function* readRows(
  input: Input,
  header: TraceHeader,
  lines: LineCursor,
  form: LineForm,
  tolerance: Tolerance,
): AsyncGenerator<TraceBatch> {
  try {
    yield* new RowReader(input.path, header, lines, form, tolerance).batches();
  } finally {
    input.close();
  }
}

/** Turns lines into checked batches. */
class RowReader {
  readonly #file: string;
  readonly #vcpus: number;
  readonly #lines: LineCursor;
  readonly #dialect: Dialect;
  readonly #form: LineForm;
  readonly #state = new RowState();
  #time = 0;
  #rows = 0;
  #skipped = 0;
  readonly #tolerance: Tolerance;

  constructor(file: string, header: TraceHeader, lines: LineCursor, form: LineForm, tolerance: Tolerance) {
    this.#file = file;
    this.#tolerance = tolerance;
    this.#vcpus = header.vcpus;
    this.#dialect = DIALECTS.find((d) => d.version === header.version)!;
    this.#lines = lines;
    this.#form = form;
  }

  async *batches(): AsyncGenerator<TraceBatch> {
    const batch = emptyBatch(BATCH_ROWS);
    let whole = false;
    for (;;) {
      const text = this.#lines.take();
      if (text === undefined) {
        if (await this.#lines.fetch()) continue;
        break;
      }
      if (whole) throw this.#error(shown(text), 'nothing behind the trailer');
      if (batch.length === 0) batch.firstLine = this.#lines.line;
      const taken = this.#take(text, batch);
      if (taken === 'end') whole = true;
      // Rows of a batch are on consecutive lines, so one that is skipped ends it.
      if (batch.length === BATCH_ROWS || (taken === 'skipped' && batch.length > 0)) {
        yield batch;
        batch.length = 0;
      }
    }
    if (!whole) {
      const expected = `"${this.#form.trailer(this.#rows + this.#skipped)}"`;
      this.#tolerance.skip(this.#error('the end of the file: it is cut off', expected));
    }
    if (batch.length > 0) yield batch;
    this.#tolerance.finish();
  }

  /** Takes a row, or leaves one out that may not be there. */
  #take(text: string, batch: TraceBatch): 'row' | 'skipped' | 'end' {
    try {
      const fields = this.#fields(text);
      if (fields !== undefined) {
        this.#row(text, fields, batch);
        this.#tolerance.read();
        return 'row';
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#tolerance.skip(error);
      this.#skipped++;
      return 'skipped';
    }
    this.#end(text);
    return 'end';
  }

  /** Checks the line that ends the table: it counts the rows, those left out too. */
  #end(text: string): void {
    const rows = this.#rows + this.#skipped;
    if (this.#form.ends(text, rows)) return;
    this.#tolerance.skip(this.#error(shown(text), `"${this.#form.trailer(rows)}"`));
  }

  #fields(text: string): readonly string[] | undefined {
    try {
      return this.#form.fields(text);
    } catch (error) {
      throw error instanceof LineFault ? this.#error(...error.fault) : error;
    }
  }

  #row(text: string, fields: readonly string[], batch: TraceBatch): void {
    if (fields.length !== FIELDS) throw this.#error(shown(text), `8 columns: ${COLUMNS}`);
    const time = this.#integer(fields[0]!, 'time', 0, Number.MAX_SAFE_INTEGER);
    if (time < this.#time) throw this.#error(`time ${time}`, `${this.#time} or later: time runs backwards`);
    const kind = this.#name(fields[1]!, this.#dialect.kinds, 'kind');
    const by = fields[2] === '-' ? EXTERNAL : this.#integer(fields[2]!, 'by', 0, this.#vcpus - 1);
    if (namesNoPort(kind) && fields[3] !== '') {
      throw this.#error(`port ${shown(fields[3]!)}`, `an empty port: a row of kind ${fields[1]} has none`);
    }
    const lowest = kind === Kind.notify ? 0 : 1;
    const port = namesNoPort(kind) ? 0 : this.#integer(fields[3]!, 'port', lowest, MAX_PORTS - 1);
    const to = this.#to(fields[4]!, kind);
    const channel = this.#name(fields[5]!, CHANNEL_CODES, 'channel');
    const handler = this.#name(fields[6]!, HANDLER_CODES, 'handler');
    const target = this.#name(fields[7]!, this.#dialect.targets, 'target');
    const fault = this.#state.take(kind, by, port, channel, handler);
    if (fault !== undefined) throw this.#error(fault[0], fault[1]);
    const i = batch.length++;
    batch.time[i] = time;
    batch.kind[i] = kind;
    batch.by[i] = by;
    batch.port[i] = port;
    batch.to[i] = to;
    batch.channel[i] = channel;
    batch.handler[i] = handler;
    batch.target[i] = target;
    this.#time = time;
    this.#rows++;
  }

  /** The vCPU a port goes to, or its priority. */
  #to(text: string, kind: number): number {
    if (kind === Kind.priority) return this.#integer(text, 'to (the priority)', 0, PRIORITIES - 1);
    return text === '' ? 0 : this.#integer(text, 'to', 0, this.#vcpus - 1);
  }

  #integer(text: string, what: string, low: number, high: number): number {
    const value = Number(text);
    if (!/^\d{1,16}$/.test(text) || value > high || value < low) {
      throw this.#error(`${what} ${shown(text)}`, `an integer ${low}..${high}`);
    }
    return value;
  }

  #name(text: string, codes: ReadonlyMap<string, number>, what: string): number {
    const code = codes.get(text);
    if (code !== undefined) return code;
    const names = [...codes.keys()].filter((n) => n !== '').join(', ');
    throw this.#error(`${what} ${shown(text)}`, `one of ${names} in version ${this.#dialect.version}`);
  }

  #error(found: string, expected: string): UserError {
    return traceError({ file: this.#file, line: this.#lines.line }, found, expected);
  }
}
