/** A part of a table as a table of its own. */
import { usageError } from '../../model/errors.ts';
import { isBinary } from '../binary/layout.ts';
import { openBinaryAt } from '../binary/seek.ts';
import type { Input } from '../input.ts';
import { openTrace } from '../reader.ts';
import { rowOf, type Trace, type TraceHeader, type TraceRow } from '../table.ts';
import { TableState } from '../table-state.ts';

/** A table to write: its header, and its rows some at a time. */
export interface Edited {
  readonly header: TraceHeader;
  readonly rows: AsyncIterable<TraceRow[]>;
}

/**
 * The rows of `from` <= time < `to`, times counted from `from`, behind rows that say the state at `from`: what is bound
 * becomes `bound`, a priority that was set is set again, a vCPU that sleeps halts, a preempted one is preempted
 * (table-state.ts). Of a binary file only the blocks that are needed are read.
 *
 * @param from in ticks of the table
 * @param name of the new table; made of the old one's and the limits if undefined
 * @throws UserError: exit 6 for a table that cannot be read, exit 2 when no row is within the limits
 */
export async function cut(input: Input, from: number, to: number, name: string | undefined): Promise<Edited> {
  if (from >= to) throw usageError(`--to expects more than ${from} (--from), found ${to}`);
  const trace = await openAt(input, from);
  const { header } = trace;
  const end = Number.isFinite(to) ? String(to) : 'end';
  return {
    header: {
      ...header,
      name: name ?? `${header.name}.${from}-${end}`.slice(0, 200),
      notes: [...header.notes, ['cut_from', String(from)], ['cut_to', end]],
    },
    rows: rowsWithin(trace, input, from, to),
  };
}

async function openAt(input: Input, from: number): Promise<Trace> {
  if (input.isFile) {
    for await (const raw of input.peek()) {
      if (isBinary(raw)) return openBinaryAt(input.path, from);
      break;
    }
  }
  return openTrace(input);
}

async function* rowsWithin(trace: Trace, input: Input, from: number, to: number): AsyncGenerator<TraceRow[]> {
  const before = new TableState();
  let within = false;
  let last = 0;
  for await (const batch of trace.batches) {
    const rows: TraceRow[] = [];
    for (let i = 0; i < batch.length && last < to; i++) {
      const row = rowOf(batch, i);
      last = row.time;
      if (row.time < from) before.take(row);
      else if (row.time < to) {
        if (!within) rows.push(...before.rows(0));
        within = true;
        rows.push({ ...row, time: row.time - from });
      }
    }
    yield rows;
    if (last >= to) break;
  }
  input.close();
  if (!within)
    throw usageError(`no row at ${from} to ${to} ticks; one of the rows around them is at ${last}`);
}
