/**
 * Reads a trace table and checks it: header, columns, time order, ports and vCPUs in range, what may follow what
 * came before (row-state.ts), and the trailer that says the file is whole.
 */
import { traceError, type UserError } from '../model/errors.ts';
import { isBinary } from './binary/layout.ts';
import { openBinary } from './binary/reader.ts';
import { codesOf, type Dialect } from './dialect.ts';
import { headerOf, MOST_NOTES, noteFault, shown } from './header.ts';
import type { Input } from './input.ts';
import { LineCursor } from './line-cursor.ts';
import { inputOf, readLineBlocks } from './lines.ts';
import { headOf } from './peek.ts';
import { RowState } from './row-state.ts';
import {
  CHANNELS,
  COLUMNS,
  EXTERNAL,
  emptyBatch,
  HANDLERS,
  isOfVcpu,
  Kind,
  MAGIC,
  MAX_PORTS,
  PRIORITIES,
  type Trace,
  type TraceBatch,
  type TraceHeader,
  VERSION,
} from './table.ts';
import { DIALECTS, readableVersions } from './versions.ts';

const BATCH_ROWS = 4096;
const CHANNEL_CODES = codesOf(CHANNELS);
const HANDLER_CODES = codesOf(HANDLERS);

/**
 * Opens a trace table in either form, told by its first byte. Throws a UserError (exit 6) that names file, line or
 * byte, found and expected.
 */
export async function openTrace(from: string | Input): Promise<Trace> {
  const input = inputOf(from);
  return isBinary(await headOf(input, 1, () => true)) ? openBinary(input) : openText(input);
}

/** Opens a text table; errors as `openTrace`. */
export async function openText(input: Input): Promise<Trace> {
  const lines = new LineCursor(readLineBlocks(input, 'a trace'));
  try {
    const header = await readHeader(input.path, lines);
    return { header, batches: rowsOf(input, header, lines) };
  } catch (error) {
    input.close();
    throw error;
  }
}

/** The header alone of a trace in a regular file; errors as `openTrace`. */
export async function readTraceHeader(input: Input): Promise<TraceHeader> {
  const { header } = await openTrace(input);
  input.close();
  return header;
}

/** The rows; a writer that is slow to say more is not waited for when they are wrong. */
async function* rowsOf(input: Input, header: TraceHeader, lines: LineCursor): AsyncGenerator<TraceBatch> {
  try {
    yield* new RowReader(input.path, header, lines).batches();
  } finally {
    input.close();
  }
}

async function readHeader(file: string, lines: LineCursor): Promise<TraceHeader> {
  const magic = (await lines.next()) ?? '';
  if (!magic.startsWith(`${MAGIC} `))
    throw traceError({ file, line: 1 }, shown(magic), `"${MAGIC} ${VERSION}"`);
  const version = magic.slice(MAGIC.length + 1);
  const dialect = DIALECTS.find((d) => String(d.version) === version);
  if (dialect === undefined) {
    throw traceError({ file, line: 1 }, `format version ${shown(version)}`, `version ${readableVersions()}`);
  }
  const notes: Array<[string, string]> = [];
  for (;;) {
    const text = await lines.next();
    const { line } = lines;
    if (text === undefined) throw traceError({ file, line }, 'the end of the file', `"${COLUMNS}"`);
    if (text === COLUMNS) break;
    const note = /^# ([a-z0-9_]+): ([\x20-\x7e]*)$/.exec(text);
    if (note === null) throw traceError({ file, line }, shown(text), `"# key: value" or "${COLUMNS}"`);
    const fault = noteFault(note[1]!, note[2]!);
    if (fault !== undefined) throw traceError({ file, line }, ...fault);
    if (notes.push([note[1]!, note[2]!]) > MOST_NOTES) {
      throw traceError({ file, line }, `note ${notes.length}`, `at most ${MOST_NOTES} notes`);
    }
  }
  const header = headerOf(dialect.version, notes);
  if (!('fault' in header)) return header;
  // The first note is on line 2; a note that is missing is told at the line that should come after it.
  throw traceError({ file, line: header.at < 0 ? lines.line : header.at + 2 }, ...header.fault);
}

/** Turns lines into checked batches. */
class RowReader {
  readonly #file: string;
  readonly #vcpus: number;
  readonly #lines: LineCursor;
  readonly #dialect: Dialect;
  readonly #state = new RowState();
  #time = 0;
  #rows = 0;

  constructor(file: string, header: TraceHeader, lines: LineCursor) {
    this.#file = file;
    this.#vcpus = header.vcpus;
    this.#dialect = DIALECTS.find((d) => d.version === header.version)!;
    this.#lines = lines;
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
      if (text.startsWith('# end ')) {
        const expected = `# end rows=${this.#rows}`;
        if (text !== expected) throw this.#error(shown(text), `"${expected}"`);
        whole = true;
        continue;
      }
      if (batch.length === 0) batch.firstLine = this.#lines.line;
      this.#row(text, batch);
      if (batch.length === BATCH_ROWS) {
        yield batch;
        batch.length = 0;
      }
    }
    if (!whole) throw this.#error('the end of the file: it is cut off', `"# end rows=${this.#rows}"`);
    if (batch.length > 0) yield batch;
  }

  #row(text: string, batch: TraceBatch): void {
    const fields = text.split(',');
    if (fields.length !== 8) throw this.#error(shown(text), `8 columns: ${COLUMNS}`);
    const time = this.#integer(fields[0]!, 'time', 0, Number.MAX_SAFE_INTEGER);
    if (time < this.#time) throw this.#error(`time ${time}`, `${this.#time} or later: time runs backwards`);
    const kind = this.#name(fields[1]!, this.#dialect.kinds, 'kind');
    const by = fields[2] === '-' ? EXTERNAL : this.#integer(fields[2]!, 'by', 0, this.#vcpus - 1);
    if (isOfVcpu(kind) && fields[3] !== '') {
      throw this.#error(`port ${shown(fields[3]!)}`, `an empty port: a row of kind ${fields[1]} has none`);
    }
    const lowest = kind === Kind.notify ? 0 : 1;
    const port = isOfVcpu(kind) ? 0 : this.#integer(fields[3]!, 'port', lowest, MAX_PORTS - 1);
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
