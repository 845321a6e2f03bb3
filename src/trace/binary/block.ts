/**
 * One block of rows, encoded by columns. In front of the rows stand those that say the state they begin in, so that a
 * block can be read without the ones before it.
 */
import { inflateRawSync } from 'node:zlib';
import { deflateSync } from 'fflate';
import { type TraceRow, writtenPort, writtenTo } from '../table.ts';
import { COLUMNS_WRITTEN, type Column, Encoding, MOST_BLOCK_ROWS, Stored } from './layout.ts';
import { EncodingFault, VarintReader, VarintWriter } from './varint.ts';

/** A block's rows by column name, as they are in the file: codes are the file's own. */
export interface DecodedBlock {
  /** Rows that say the state before the block. */
  readonly state: number;
  /** All rows, those of the state first. */
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Float64Array>;
}

/** How much deflate tries, and the memory it takes; not left to the library, whose choice goes by a logarithm. */
const DEFLATE = { level: 9, mem: 8 } as const;

/**
 * Encodes a block.
 *
 * @param state rows that say the state before it
 * @param rows its own rows
 */
export function encodeBlock(state: readonly TraceRow[], rows: readonly TraceRow[]): Buffer {
  const all = [...state, ...rows];
  const out = new VarintWriter();
  out.integer(state.length);
  out.integer(rows.length);
  const fields: Readonly<Record<string, (row: TraceRow) => number>> = {
    time: (row) => row.time,
    kind: (row) => row.kind,
    by: (row) => row.by,
    port: writtenPort,
    to: writtenTo,
    channel: (row) => row.channel,
    handler: (row) => row.handler,
    target: (row) => row.target,
  };
  const stream = new VarintWriter();
  const shaped: Array<(row: TraceRow) => number> = [];
  for (const { name, encoding, base } of COLUMNS_WRITTEN) {
    const value = (row: TraceRow) => fields[name]!(row) - base;
    if (encoding === Encoding.shape) {
      shaped.push(value);
      continue;
    }
    let before = 0;
    for (const row of all) {
      const now = value(row);
      stream.integer(now - before);
      if (encoding === Encoding.delta) before = now;
    }
    store(stream, out);
  }
  encodeShapes(all, shaped, stream, out);
  return Buffer.from(out.written);
}

/** The list of combinations, then which of them each row has. */
function encodeShapes(
  rows: readonly TraceRow[],
  values: ReadonlyArray<(row: TraceRow) => number>,
  stream: VarintWriter,
  out: VarintWriter,
): void {
  const places = new Map<string, number>();
  const which: number[] = [];
  for (const row of rows) {
    const key = values.map((value) => value(row)).join();
    let place = places.get(key);
    if (place === undefined) {
      place = places.size;
      places.set(key, place);
      for (const value of values) stream.integer(value(row));
    }
    which.push(place);
  }
  out.integer(places.size);
  store(stream, out);
  for (const place of which) stream.integer(place);
  store(stream, out);
}

/** Appends a stream, deflated if that makes it shorter, and empties it. */
function store(stream: VarintWriter, out: VarintWriter): void {
  const plain = stream.written;
  const small = deflateSync(plain, DEFLATE);
  const deflated = small.length < plain.length;
  const stored = deflated ? small : plain;
  out.integer(deflated ? Stored.deflate : Stored.plain);
  out.integer(plain.length);
  if (deflated) out.integer(stored.length);
  out.bytes(stored);
  stream.clear();
}

/** Most bytes of an integer in a stream. */
const WIDEST = 8;

/** Decodes a block; an `EncodingFault` for anything that `encodeBlock` cannot have written. */
export function decodeBlock(payload: Buffer, columns: readonly Column[]): DecodedBlock {
  const input = new VarintReader(payload);
  const state = input.integer(MOST_BLOCK_ROWS, 'a number of state rows');
  const rows = state + input.integer(MOST_BLOCK_ROWS - state, 'a number of rows');
  if (rows === state) throw new EncodingFault(0, 'a block without rows', 'at least one');
  const decoded = new Map<string, Float64Array>();
  for (const { name, encoding, base } of columns) {
    if (encoding === Encoding.shape) continue;
    const stream = load(input, rows * WIDEST, name);
    const values = new Float64Array(rows);
    let before = 0;
    for (let i = 0; i < rows; i++) {
      const value = before + stream.integer(Number.MAX_SAFE_INTEGER - before, name);
      if (encoding === Encoding.delta) before = value;
      values[i] = value + base;
    }
    stream.end(`column ${name}`);
    decoded.set(name, values);
  }
  decodeShapes(
    input,
    rows,
    columns.filter((c) => c.encoding === Encoding.shape),
    decoded,
  );
  input.end('the block');
  return { state, rows, columns: decoded };
}

function decodeShapes(
  input: VarintReader,
  rows: number,
  columns: readonly Column[],
  decoded: Map<string, Float64Array>,
): void {
  const shapes = input.integer(rows, 'a number of combinations');
  const list = load(input, shapes * columns.length * WIDEST, 'combinations');
  const values = columns.map(() => new Float64Array(shapes));
  for (let s = 0; s < shapes; s++) {
    columns.forEach(({ name, base }, c) => {
      values[c]![s] = list.integer(Number.MAX_SAFE_INTEGER, name) + base;
    });
  }
  list.end('combinations');
  const stream = load(input, rows * WIDEST, 'places');
  const places = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) places[i] = stream.integer(shapes - 1, 'a place in the combinations');
  stream.end('places');
  columns.forEach(({ name }, c) => {
    const column = new Float64Array(rows);
    for (let i = 0; i < rows; i++) column[i] = values[c]![places[i]!]!;
    decoded.set(name, column);
  });
}

/** The next stream, inflated. @param most bytes it may have */
function load(input: VarintReader, most: number, what: string): VarintReader {
  const { at } = input;
  const stored = input.integer(Stored.deflate, `the storage of ${what}`);
  const length = input.integer(most, `a length of ${what}`);
  if (stored === Stored.plain) return new VarintReader(input.bytes(length, what), input.at - length);
  const small = input.bytes(input.integer(length, `a stored length of ${what}`), what);
  try {
    const plain = inflateRawSync(small, { maxOutputLength: Math.max(1, length) });
    if (plain.length === length) return new VarintReader(plain, at, false);
    throw new Error(`${plain.length} bytes`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EncodingFault(at, `damaged ${what} (${reason})`, `${length} bytes, deflated`);
  }
}
