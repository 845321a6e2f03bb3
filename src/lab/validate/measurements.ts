/**
 * Measurements of kernels on a real machine: CSV with the columns of the ground truth (test/groundtruth/README.md).
 * Columns that are not needed here may be anything; further ones are ignored.
 */
import { parse } from 'csv-parse/sync';
import { traceError, type Where } from '../../model/errors.ts';
import type { Input } from '../../trace/input.ts';
import { inputOf, readText } from '../../trace/lines.ts';

/** One row of a file, with what the report needs of it. */
export interface Measurement {
  readonly where: Where;
  readonly kernel: string;
  readonly param: string;
  readonly state: string;
  readonly layout: string;
  /** Instructions a call, null where there is nothing to count. */
  readonly instructions: number | null;
  /** Median of core cycles. */
  readonly cycles: number;
  /** Lowest and highest median of a single run, in cycles of the time-stamp counter, if the notes have them. */
  readonly runs: readonly [low: number, high: number] | null;
  readonly notes: string;
}

const COLUMNS = [
  'kernel',
  'param',
  'state',
  'layout',
  'instructions',
  'core_cycles_median',
  'notes',
] as const;

/** Reads a file; a UserError (exit 6) with file and line for anything that is not a measurement. */
export async function readMeasurements(from: string | Input): Promise<Measurement[]> {
  const input = inputOf(from);
  const file = input.path;
  const records = recordsOf(await readText(input, 'measurements as CSV'), file);
  const header = records[0]?.record ?? [];
  const at = COLUMNS.map((name) => header.indexOf(name));
  const missing = COLUMNS.find((_, i) => at[i]! < 0);
  if (missing !== undefined) throw traceError({ file, line: 1 }, `no column ${missing}`, COLUMNS.join(','));
  if (records.length === 1) throw traceError({ file, line: 2 }, 'the end of the file', 'at least one row');
  return records.slice(1).map(({ record, info }) => {
    const where = { file, line: info.lines };
    if (record.length < header.length) {
      throw traceError(where, `${record.length} fields`, `${header.length}, as in the header`);
    }
    const field = (i: number) => record[at[i]!]!;
    if (field(0) === '') throw traceError(where, 'an empty kernel', 'the name of a kernel');
    const instructions = field(4) === '' ? null : decimal(field(4), COLUMNS[4], where);
    return {
      where,
      kernel: field(0),
      param: field(1),
      state: field(2),
      layout: field(3),
      instructions,
      cycles: decimal(field(5), COLUMNS[5], where),
      runs: runsOf(field(6), where),
      notes: field(6),
    };
  });
}

/** A record with the line it ends on. */
interface NumberedRecord {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

function recordsOf(whole: string, file: string): NumberedRecord[] {
  try {
    // The parser's types do not know what `info` makes of a record.
    return parse(whole, {
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown[] as NumberedRecord[];
  } catch (error) {
    throw traceError({ file }, error instanceof Error ? error.message : String(error), 'RFC 4180 CSV');
  }
}

/** `runmed=lo..hi` in the notes. */
function runsOf(notes: string, where: Where): readonly [number, number] | null {
  const match = /(?:^|;)runmed=([^;]*)/.exec(notes);
  if (match === null) return null;
  const ends = match[1]!.split('..');
  if (ends.length !== 2) throw traceError(where, `runmed=${match[1]}`, 'runmed=lowest..highest');
  return [decimal(ends[0]!, 'runmed', where), decimal(ends[1]!, 'runmed', where)];
}

function decimal(text: string, column: string, where: Where): number {
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) {
    throw traceError(where, `${column} "${text.slice(0, 20)}"`, 'a decimal number');
  }
  return Number(text);
}
