/** Results to standard output in the format asked for, and to files if a folder was named. */
import { fstatSync, writeSync } from 'node:fs';
import { Exit, UserError, usageError } from '../model/errors.ts';
import type { Table } from '../model/table.ts';
import { formatCsv } from '../report/csv.ts';
import { type NamedTexts, prepareDirectory, writeReports } from '../report/files.ts';
import { formatJson } from '../report/json.ts';
import { markdown } from '../report/markdown.ts';
import { formatText } from '../report/text.ts';
import type { Input } from '../trace/input.ts';
import { provenance } from './context.ts';
import { STANDARD_INPUT } from './words.ts';

/** File descriptor. */
const STANDARD_OUTPUT = 1;

/** Formats of standard output. */
export const FORMATS = ['table', 'csv', 'json'] as const;
/** Those of commands whose results stand in pages. */
export const PAGE_FORMATS = [...FORMATS, 'md'] as const;

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
  /** What `--format json` prints instead of the main table. */
  readonly json?: string;
  /** Every table by file name. */
  readonly files: ReadonlyArray<readonly [name: string, table: Table]>;
  /** What `--format md` prints, of commands that have it. */
  readonly markdown?: string;
  /** Files beside the tables, by name: charts. */
  readonly charts?: NamedTexts;
  /** Input files, for the provenance: paths, or inputs that have been read. */
  readonly inputs: ReadonlyArray<string | Input>;
}

/** Fails early, before a long run, when `--out` cannot be written. */
export function prepareOutput(options: OutputOptions): void {
  if (options.out !== undefined) prepareDirectory(outName(options.out, 'a folder'));
}

/** What `--out` names: not nothing, and not standard output, which has `--format`. */
export function outName(text: string, what: string): string {
  if (text === '') throw usageError(`--out expects ${what}, found an empty name`);
  if (text === STANDARD_INPUT) throw usageError(`--out expects ${what}, found "-"`);
  return text;
}

/** Prints a result and writes its files. */
export function emit(result: Result, options: OutputOptions): void {
  if (options.out !== undefined) {
    const from = provenance(process.argv.slice(2), result.inputs);
    const removed = writeReports(options.out, result.files, from, result.charts);
    if (removed.length > 0) {
      note(
        `removed from ${options.out}, left by the command whose reports were replaced: ${removed.join(', ')}`,
      );
    }
  }
  const { main, text, json } = result;
  if (options.format === 'csv') print(formatCsv(main));
  else if (options.format === 'json') print(json ?? formatJson(main));
  else if (options.format === 'md') print(result.markdown ?? `${markdown(main)}\n`);
  else print(typeof text === 'string' ? text : formatText(main, text));
}

/** Writes to standard output, all of it: Node's stream on a file silently loses what a full disk does not take. */
export function print(text: string): void {
  try {
    const out = fstatSync(STANDARD_OUTPUT);
    if (process.stdout.isTTY || out.isFIFO() || out.isSocket()) {
      process.stdout.write(text);
      return;
    }
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(STANDARD_OUTPUT, bytes, at);
  } catch (error) {
    throw cannotPrint(error);
  }
}

/** Standard output does not take what it is given: a full disk, say. Exit code 2. */
export function cannotPrint(error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError('cannot-write', Exit.usage, `cannot write to standard output: ${reason}`);
}

/** A line for whoever watches; standard output is for data. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
