/** Reads a CSV report back as text: header and rows, nothing interpreted. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

/** A report as it stands in a file. */
export interface CsvFile {
  readonly header: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** The file's content; undefined when it does not exist, is empty, or is no CSV. */
export function readCsv(path: string): CsvFile | undefined {
  try {
    const records: string[][] = parse(readFileSync(path, 'utf8'), {});
    const header = records[0];
    return header === undefined ? undefined : { header, rows: records.slice(1) };
  } catch {
    return undefined;
  }
}
