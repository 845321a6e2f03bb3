/**
 * Opens a trace table in whichever of its forms, and reads the header of the text form. What rows may be is checked in
 * row-reader.ts (lines) and row-check.ts (binary).
 */
import { traceError } from '../model/errors.ts';
import { isBinary } from './binary/layout.ts';
import { openBinary } from './binary/reader.ts';
import { isCsvTable, openCsv } from './csv-form.ts';
import { HEAD_BYTES } from './format.ts';
import { headerOf, MOST_NOTES, noteFault, shown } from './header.ts';
import type { Input } from './input.ts';
import { isJsonTable, openJson } from './json-form.ts';
import { LineCursor } from './line-cursor.ts';
import { inputOf, readLineBlocks } from './lines.ts';
import { headOf } from './peek.ts';
import { type LineForm, readRows } from './row-reader.ts';
import { COLUMNS, MAGIC, type Trace, type TraceHeader, VERSION } from './table.ts';
import { Tolerance } from './tolerance.ts';
import { DIALECTS, readableVersions } from './versions.ts';

const NEWLINE = 10;
/** Rows as the text form has them. */
const TEXT_FORM: LineForm = {
  fields: (line) => (line.startsWith('# end ') ? undefined : line.split(',')),
  trailer: (rows) => `# end rows=${rows}`,
  ends: (line, rows) => line === `# end rows=${rows}`,
};

/**
 * Opens a trace table in any of its forms, told by its first bytes. Throws a UserError (exit 6) that names file, line
 * or byte, found and expected.
 *
 * @param tolerance of rows of a text that may not be there; a binary table is whole or refused
 */
export async function openTrace(from: string | Input, tolerance = Tolerance.strict()): Promise<Trace> {
  const input = inputOf(from);
  const head = await headOf(input, HEAD_BYTES, (bytes) => isBinary(bytes) || bytes.includes(NEWLINE));
  if (isBinary(head)) return openBinary(input);
  if (isCsvTable(head)) return openCsv(input, tolerance);
  return isJsonTable(head) ? openJson(input, tolerance) : openText(input, tolerance);
}

async function openText(input: Input, tolerance: Tolerance): Promise<Trace> {
  const lines = new LineCursor(readLineBlocks(input, 'a trace'));
  try {
    const header = await readHeader(input.path, lines);
    return { header, batches: readRows(input, header, lines, TEXT_FORM, tolerance) };
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
