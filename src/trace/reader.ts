/**
 * Reads a trace table and checks it: header, columns, time order, ports and vCPUs in range, what may follow what
 * came before (row-state.ts), and the trailer that says the file is whole.
 */
import { traceError, type UserError } from '../model/errors.ts';
import { codesOf, type Dialect } from './dialect.ts';
import type { Input } from './input.ts';
import { inputOf, readLineBlocks } from './lines.ts';
import { RowState } from './row-state.ts';
import {
  CHANNELS,
  COLUMNS,
  EXTERNAL,
  emptyBatch,
  HANDLERS,
  Kind,
  MAGIC,
  MAX_PORTS,
  MAX_VCPUS,
  namesNoPort,
  PRIORITIES,
  type Trace,
  type TraceBatch,
  type TraceHeader,
  VERSION,
} from './table.ts';
import { DIALECTS } from './versions.ts';

const BATCH_ROWS = 4096;
const CHANNEL_CODES = codesOf(CHANNELS);
const HANDLER_CODES = codesOf(HANDLERS);

/** Opens a trace table. Throws a UserError (exit 6) that names file, line, found and expected. */
export async function openTrace(from: string | Input): Promise<Trace> {
  const input = inputOf(from);
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

/** The lines of a file one by one, waiting only between blocks. */
class LineCursor {
  /** Number of the line last returned, 1-based. */
  line = 0;
  readonly #blocks: AsyncIterator<string[]>;
  #block: string[] = [];
  #next = 0;

  constructor(blocks: AsyncIterable<string[]>) {
    this.#blocks = blocks[Symbol.asyncIterator]();
  }

  /** The next line of the block in memory; undefined when another must be fetched. */
  take(): string | undefined {
    if (this.#next === this.#block.length) return undefined;
    this.line++;
    return this.#block[this.#next++];
  }

  /** Fetches the next block; false at the end of the file. */
  async fetch(): Promise<boolean> {
    const next = await this.#blocks.next();
    if (next.done === true) return false;
    this.#block = next.value;
    this.#next = 0;
    return true;
  }

  /** The next line; undefined at the end of the file. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const line = this.take();
      if (line !== undefined || !(await this.fetch())) return line;
    }
  }
}

async function readHeader(file: string, lines: LineCursor): Promise<TraceHeader> {
  const magic = (await lines.next()) ?? '';
  if (!magic.startsWith(`${MAGIC} `))
    throw traceError({ file, line: 1 }, quote(magic), `"${MAGIC} ${VERSION}"`);
  const version = magic.slice(MAGIC.length + 1);
  const dialect = DIALECTS.find((d) => String(d.version) === version);
  if (dialect === undefined) {
    const readable = DIALECTS.map((d) => d.version).join(' or ');
    throw traceError({ file, line: 1 }, `format version ${quote(version)}`, `version ${readable}`);
  }
  const notes: Array<[string, string]> = [];
  for (;;) {
    const text = await lines.next();
    const { line } = lines;
    if (text === undefined) throw traceError({ file, line }, 'the end of the file', `"${COLUMNS}"`);
    if (text === COLUMNS) break;
    const note = /^# ([a-z0-9_]+): ([\x20-\x7e]*)$/.exec(text);
    if (note === null) throw traceError({ file, line }, quote(text), `"# key: value" or "${COLUMNS}"`);
    notes.push([note[1]!, note[2]!]);
  }
  const take = (key: string): string => {
    const at = notes.findIndex(([k]) => k === key);
    if (at < 0) throw traceError({ file, line: lines.line }, 'a header without it', `"# ${key}: ..."`);
    return notes.splice(at, 1)[0]![1];
  };
  const name = take('name');
  const clockHz = Number(take('clock_hz'));
  const vcpus = Number(take('vcpus'));
  if (!Number.isSafeInteger(clockHz) || clockHz < 1000 || clockHz > 1e10) {
    throw traceError({ file }, `clock_hz ${clockHz}`, 'an integer 1000..10000000000');
  }
  if (!Number.isSafeInteger(vcpus) || vcpus < 1 || vcpus > MAX_VCPUS) {
    throw traceError({ file }, `vcpus ${vcpus}`, `an integer 1..${MAX_VCPUS}`);
  }
  return { version: dialect.version, name, clockHz, vcpus, notes };
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
      if (whole) throw this.#error(quote(text), 'nothing behind the trailer');
      if (text.startsWith('# end ')) {
        const expected = `# end rows=${this.#rows}`;
        if (text !== expected) throw this.#error(quote(text), `"${expected}"`);
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
    if (fields.length !== 8) throw this.#error(quote(text), `8 columns: ${COLUMNS}`);
    const time = this.#integer(fields[0]!, 'time', 0, Number.MAX_SAFE_INTEGER);
    if (time < this.#time) throw this.#error(`time ${time}`, `${this.#time} or later: time runs backwards`);
    const kind = this.#name(fields[1]!, this.#dialect.kinds, 'kind');
    const by = fields[2] === '-' ? EXTERNAL : this.#integer(fields[2]!, 'by', 0, this.#vcpus - 1);
    if (namesNoPort(kind) && fields[3] !== '') {
      throw this.#error(`port ${quote(fields[3]!)}`, `an empty port: a row of kind ${fields[1]} has none`);
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
      throw this.#error(`${what} ${quote(text)}`, `an integer ${low}..${high}`);
    }
    return value;
  }

  #name(text: string, codes: ReadonlyMap<string, number>, what: string): number {
    const code = codes.get(text);
    if (code !== undefined) return code;
    const names = [...codes.keys()].filter((n) => n !== '').join(', ');
    throw this.#error(`${what} ${quote(text)}`, `one of ${names} in version ${this.#dialect.version}`);
  }

  #error(found: string, expected: string): UserError {
    return traceError({ file: this.#file, line: this.#lines.line }, found, expected);
  }
}

/** Untrusted text in a message: bounded, and without control characters. */
function quote(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return `"${shown.replace(/[^\x20-\x7e]/g, '?')}"`;
}
