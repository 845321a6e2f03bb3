/** Results to standard output in the format asked for, and to files if a folder was named. */
import type { Table } from '../model/table.ts';
import { formatCsv } from '../report/csv.ts';
import { prepareDirectory, writeReports } from '../report/files.ts';
import { formatJson } from '../report/json.ts';
import { formatText } from '../report/text.ts';
import { provenance } from './context.ts';

/** Formats of standard output. */
export const FORMATS = ['table', 'csv', 'json'] as const;

/** Options that every command with a result takes. */
export interface OutputOptions {
  readonly format: string;
  readonly out?: string | undefined;
}

/** A result: the table for standard output, and all tables for files. */
export interface Result {
  /** What `--format csv` and `json` print. */
  readonly main: Table;
  /** What `--format table` prints: columns of the main table, or a text of its own. */
  readonly text: readonly string[] | string;
  /** Every table by file name. */
  readonly files: ReadonlyArray<readonly [name: string, table: Table]>;
  /** Input files, for the provenance. */
  readonly inputs: readonly string[];
}

/** Fails early, before a long run, when `--out` cannot be written. */
export function prepareOutput(options: OutputOptions): void {
  if (options.out !== undefined) prepareDirectory(options.out);
}

/** Prints a result and writes its files. */
export function emit(result: Result, options: OutputOptions): void {
  if (options.out !== undefined) {
    const from = provenance(process.argv.slice(2), result.inputs);
    writeReports(options.out, result.files, from);
  }
  const { main, text } = result;
  if (options.format === 'csv') process.stdout.write(formatCsv(main));
  else if (options.format === 'json') process.stdout.write(formatJson(main));
  else process.stdout.write(typeof text === 'string' ? text : formatText(main, text));
}

/** A line for whoever watches; standard output is for data. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
