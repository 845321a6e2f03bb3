/**
 * The trace table as CSV (RFC 4180) of one shape from the first line to the last, for programs that read tables:
 *
 *   time,kind,by,port,to,channel,handler,target,key,value
 *   ,format,,,,,,,upcall-trace,2
 *   ,header,,,,,,,name,one-event
 *   0,bound,-,1,0,interdomain,filter,,,
 *   ,end,,,,,,,rows,1
 *
 * The first eight columns of a row are those of the text form. Rows of kind `format`, `header` and `end` have a key and a
 * value instead. A line is a record: no value has line ends.
 */
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { traceError } from '../model/errors.ts';
import { headerOf, MOST_NOTES, noteFault, notesOf, shown } from './header.ts';
import type { Input } from './input.ts';
import { LineCursor } from './line-cursor.ts';
import { readLineBlocks } from './lines.ts';
import { LineFault, type LineForm, readRows } from './row-reader.ts';
import { COLUMNS, type Trace, VERSION } from './table.ts';
import { formatRow, type WrittenForm } from './text-encoder.ts';
import type { Tolerance } from './tolerance.ts';
import { DIALECTS, readableVersions } from './versions.ts';

const CSV_COLUMNS = `${COLUMNS},key,value`;
const ROW_FIELDS = COLUMNS.split(',').length;
const ALL_FIELDS = ROW_FIELDS + 2;
const NAME = 'upcall-trace';

/** How it is written. */
export const CSV: WrittenForm = {
  head: (header) => {
    const notes = notesOf(header).map(([key, value]) => keyed('header', key, value));
    return `${CSV_COLUMNS}\n${keyed('format', NAME, String(VERSION))}${notes.join('')}`;
  },
  row: (row) => `${formatRow(row)},,\n`,
  tail: (rows) => keyed('end', 'rows', String(rows)),
};

function keyed(kind: string, key: string, value: string): string {
  return stringify([['', kind, '', '', '', '', '', '', key, value]], { record_delimiter: '\n' });
}

/** How its rows are read. */
const FORM: LineForm = {
  fields: (line) => {
    const fields = fieldsOf(line);
    if (fields[1] === 'end') return undefined;
    if (fields[ROW_FIELDS] !== '' || fields[ROW_FIELDS + 1] !== '') {
      throw new LineFault(`a row with key and value: ${shown(line)}`, 'both empty');
    }
    return fields.slice(0, ROW_FIELDS);
  },
  trailer: (rows) => `,end,,,,,,,rows,${rows}`,
  ends: (line, rows) => fieldsOf(line).join(',') === `,end,,,,,,,rows,${rows}`,
};

/** The fields of a record. Only one with quotes has more to it than commas. */
function fieldsOf(line: string): string[] {
  const fields = line.includes('"') ? quotedFields(line) : line.split(',');
  if (fields.length === ALL_FIELDS) return fields;
  throw new LineFault(`${fields.length} columns: ${shown(line)}`, `${ALL_FIELDS} columns: ${CSV_COLUMNS}`);
}

function quotedFields(line: string): string[] {
  try {
    const records: string[][] = parse(line, { relax_column_count: true, skip_empty_lines: true });
    if (records.length === 1) return records[0]!;
  } catch {
    // What is wrong with the quotes is shown by the line itself.
  }
  throw new LineFault(shown(line), 'one CSV record a line');
}

/** Whether a file begins like one: with the columns, quoted or not. */
export function isCsvTable(head: Buffer): boolean {
  const text = head.toString('latin1', 0, 3 * CSV_COLUMNS.length).replace('\u00ef\u00bb\u00bf', '');
  return text.split(/\r?\n/, 1)[0]!.replaceAll('"', '') === CSV_COLUMNS;
}

/** Opens a table; a UserError (exit 6) with file, line, found and expected. */
export async function openCsv(input: Input, tolerance: Tolerance): Promise<Trace> {
  const lines = new LineCursor(readLineBlocks(input, 'a trace'));
  const file = input.path;
  const next = async (): Promise<string[]> => {
    const text = await lines.next();
    const where = { file, line: lines.line };
    if (text === undefined) throw traceError(where, 'the end of the file', 'rows');
    try {
      return fieldsOf(text);
    } catch (error) {
      throw error instanceof LineFault ? traceError(where, ...error.fault) : error;
    }
  };
  try {
    await lines.next();
    const notes: Array<[string, string]> = [];
    let version = 0;
    let fields = await next();
    for (let first = true; fields[1] === (first ? 'format' : 'header'); first = false) {
      const where = { file, line: lines.line };
      const [key, value] = [fields[ROW_FIELDS]!, fields[ROW_FIELDS + 1]!];
      if (fields.slice(0, ROW_FIELDS).join('') !== fields[1]) {
        throw traceError(where, shown(fields.join(',')), `only key and value in a row of kind ${fields[1]}`);
      }
      if (first) version = versionOf(key, value, where);
      else {
        const fault = noteFault(key, value);
        if (fault !== undefined) throw traceError(where, ...fault);
        if (notes.push([key, value]) > MOST_NOTES) {
          throw traceError(where, `note ${notes.length}`, `at most ${MOST_NOTES} notes`);
        }
      }
      fields = await next();
    }
    if (version === 0) {
      throw traceError(
        { file, line: lines.line },
        shown(fields.join(',')),
        `"${keyed('format', NAME, String(VERSION)).trimEnd()}"`,
      );
    }
    const header = headerOf(version, notes);
    if ('fault' in header) {
      // The first note is on line 3; a note that is missing is told at the line that should come after it.
      throw traceError({ file, line: header.at < 0 ? lines.line : header.at + 3 }, ...header.fault);
    }
    lines.back();
    return { header, batches: readRows(input, header, lines, FORM, tolerance) };
  } catch (error) {
    input.close();
    throw error;
  }
}

function versionOf(key: string, value: string, where: { file: string; line: number }): number {
  const dialect = DIALECTS.find((d) => String(d.version) === value);
  if (key === NAME && dialect !== undefined) return dialect.version;
  throw traceError(where, `${shown(key)} version ${shown(value)}`, `${NAME}, version ${readableVersions()}`);
}
