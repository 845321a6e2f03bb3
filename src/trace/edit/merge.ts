/** Several tables of one domain and one clock as one, by time. */
import { traceError, usageError } from '../../model/errors.ts';
import type { Input } from '../input.ts';
import { openTrace } from '../reader.ts';
import { RowCheck } from '../row-check.ts';
import {
  CHANNELS,
  HANDLERS,
  Kind,
  rowOf,
  type Trace,
  type TraceBatch,
  type TraceHeader,
  type TraceRow,
  whereIs,
} from '../table.ts';
import type { Edited } from './cut.ts';

/** Rows that are handed on together. */
const CHUNK_ROWS = 4096;

/**
 * Merges tables whose times count from the same moment. Rows of one time stay in the order of the files, and within
 * one in theirs; `bound` rows of one time come first. A port that several tables say was bound before is bound once,
 * if they agree about it. Anything else that cannot be in one table is an error: tables that do not fit are not
 * mended.
 *
 * @param name of the new table; the first one's if undefined
 * @throws UserError (exit 6) that names the file and the row, and what the others say
 */
export async function merge(inputs: readonly Input[], name: string | undefined): Promise<Edited> {
  if (inputs.length < 2) throw usageError(`merge expects two tables or more, found ${inputs.length}`);
  try {
    const sources: Source[] = [];
    for (const input of inputs) sources.push(new Source(input.path, await openTrace(input)));
    const header = headerOfAll(sources, name);
    return { header, rows: closing(rowsOfAll(sources, header.vcpus), inputs) };
  } catch (error) {
    for (const input of inputs) input.close();
    throw error;
  }
}

/** The rows; whether they end well or not, no input is waited for behind them. */
async function* closing(
  rows: AsyncIterable<TraceRow[]>,
  inputs: readonly Input[],
): AsyncGenerator<TraceRow[]> {
  try {
    yield* rows;
  } finally {
    for (const input of inputs) input.close();
  }
}

/** One clock; as many vCPUs as the largest; notes that all share, then the others with the number of their file. */
function headerOfAll(sources: readonly Source[], name: string | undefined): TraceHeader {
  const first = sources[0]!;
  for (const { file, header } of sources) {
    if (header.clockHz === first.header.clockHz) continue;
    throw traceError({ file }, `clock_hz ${header.clockHz}`, `${first.header.clockHz} as in ${first.file}`);
  }
  const has = ({ header }: Source, [key, value]: readonly [string, string]) =>
    header.notes.some(([k, v]) => k === key && v === value);
  const shared = first.header.notes.filter((note) => sources.every((source) => has(source, note)));
  const own = sources.flatMap(({ header }, i) => [
    [`merged_${i + 1}`, header.name] as const,
    ...header.notes
      .filter(([k, v]) => !shared.some(([key, value]) => key === k && value === v))
      .map(([k, v]) => [`${k}_${i + 1}`.slice(-64), v] as const),
  ]);
  return {
    ...first.header,
    name: name ?? first.header.name,
    vcpus: Math.max(...sources.map((s) => s.header.vcpus)),
    notes: [...shared, ...own],
  };
}

async function* rowsOfAll(sources: readonly Source[], vcpus: number): AsyncGenerator<TraceRow[]> {
  const check = new RowCheck(vcpus);
  const bound = new Map<number, { row: TraceRow; file: string }>();
  let rows: TraceRow[] = [];
  for (const source of sources) await source.next();
  for (;;) {
    const source = earliest(sources);
    if (source === undefined) break;
    const row = source.row!;
    const known = row.kind === Kind.bound ? bound.get(row.port) : undefined;
    if (known !== undefined && known.file !== source.file && describe(known.row) === describe(row)) {
      await source.next();
      continue;
    }
    const fault = check.take(row);
    if (fault !== undefined) {
      const other = known === undefined ? 'in the merged tables' : `${describe(known.row)} in ${known.file}`;
      throw traceError(source.where(), fault[0], `${fault[1]} (${other})`);
    }
    if (row.kind === Kind.bound) bound.set(row.port, { row, file: source.file });
    rows.push(row);
    if (rows.length === CHUNK_ROWS) {
      yield rows;
      rows = [];
    }
    if (!source.step()) await source.next();
  }
  yield rows;
}

/** The source whose row is next; the first of those that are equal. */
function earliest(sources: readonly Source[]): Source | undefined {
  let best: Source | undefined;
  for (const source of sources) {
    const { row } = source;
    if (row === undefined) continue;
    const order = best === undefined ? -1 : row.time - best.row!.time || rank(row) - rank(best.row!);
    if (order < 0) best = source;
  }
  return best;
}

function rank(row: TraceRow): number {
  return row.kind === Kind.bound ? 0 : 1;
}

function describe({ port, to, channel, handler }: TraceRow): string {
  return `port ${port}, ${CHANNELS[channel]}, ${HANDLERS[handler]}, on vCPU ${to}`;
}

/** One table being merged, and the row it is at. */
class Source {
  readonly file: string;
  readonly header: TraceHeader;
  /** The row that is next; undefined behind the last. */
  row: TraceRow | undefined;
  readonly #batches: AsyncIterator<TraceBatch>;
  #batch: TraceBatch | undefined;
  #at = 0;

  constructor(file: string, trace: Trace) {
    this.file = file;
    this.header = trace.header;
    this.#batches = trace.batches[Symbol.asyncIterator]();
  }

  /** Goes to the next row of the batch in memory; false when another must be fetched. */
  step(): boolean {
    if (this.#batch === undefined || this.#at + 1 >= this.#batch.length) return false;
    this.row = rowOf(this.#batch, ++this.#at);
    return true;
  }

  /** Goes to the next row. */
  async next(): Promise<void> {
    if (this.step()) return;
    const next = await this.#batches.next();
    this.#batch = next.done === true ? undefined : next.value;
    this.#at = 0;
    this.row = this.#batch === undefined ? undefined : rowOf(this.#batch, 0);
  }

  /** Where the row stands. */
  where() {
    return whereIs(this.file, this.#batch!, this.#at);
  }
}
