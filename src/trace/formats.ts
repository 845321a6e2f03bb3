/** Every format that can be read, most telling first; a reader is added by one line. */
import { traceError } from '../model/errors.ts';
import { HEAD_BYTES, type TraceFormat } from './format.ts';
import type { Input } from './input.ts';
import { headOf } from './peek.ts';
import { BINARY_TABLE, CSV_TABLE, JSON_TABLE, TEXT_TABLE } from './table-format.ts';
import { DTRACE } from './text/dtrace.ts';
import { traceFormatOf } from './text/format.ts';
import { FTRACE } from './text/ftrace.ts';
import { KTRDUMP } from './text/ktrdump.ts';
import { PERF_SCRIPT } from './text/perf-script.ts';
import { TRACE_CMD } from './text/trace-cmd.ts';
import { XENTRACE } from './xentrace/format.ts';

/** The first that matches is taken. */
export const FORMATS: readonly TraceFormat[] = [
  BINARY_TABLE,
  XENTRACE,
  TEXT_TABLE,
  CSV_TABLE,
  JSON_TABLE,
  traceFormatOf(TRACE_CMD),
  traceFormatOf(FTRACE),
  traceFormatOf(PERF_SCRIPT),
  traceFormatOf(KTRDUMP),
  traceFormatOf(DTRACE),
];

/**
 * The format of a file, by its content. What was looked at is read again by whoever reads the input next, a pipe's
 * bytes too.
 *
 * @throws UserError (exit 6) when the file cannot be opened, is empty, damaged, or of no known format
 */
export async function detect(input: Input): Promise<TraceFormat> {
  const of = (head: Buffer) => FORMATS.find((f) => f.matches(head));
  try {
    const head = await headOf(input, HEAD_BYTES, (bytes) => isTelling(bytes) && of(bytes) !== undefined);
    const format = of(head);
    if (format !== undefined) return format;
    const file = input.path;
    const expected = FORMATS.map((f) => f.what).join(', ');
    if (head.length === 0) throw traceError({ file }, 'an empty file', `one of: ${expected}`);
    throw traceError({ file, byte: 0 }, `a file that begins with ${shown(head)}`, `one of: ${expected}`);
  } catch (error) {
    input.close();
    throw error;
  }
}

/** Whether a beginning that may go on is long enough to judge: a line, or what the head of a binary file has. */
function isTelling(head: Buffer): boolean {
  return head.length >= 64 || head.includes(10);
}

/** The first bytes for an error: as text if they are, else in hexadecimal. */
function shown(head: Buffer): string {
  const line = head.subarray(0, 60).toString('latin1').split('\n', 1)[0]!;
  if (/^[\x20-\x7e\t]+\r?$/.test(line)) return `"${line.replace(/[^\x20-\x7e]/g, '?')}"`;
  return `bytes ${head.subarray(0, 16).toString('hex')}`;
}
