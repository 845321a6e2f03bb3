/** Writes a trace table in either form, whole or not at all: to a temporary name, then renamed. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Exit, ModelBug, UserError } from '../model/errors.ts';
import { FileSet } from '../model/file-set.ts';
import { BinaryTableEncoder } from './binary/encoder.ts';
import { CSV } from './csv-form.ts';
import { MOST_NOTES, noteFault, notesOf } from './header.ts';
import { JSON_LINES } from './json-form.ts';
import type { TraceHeader, TraceRow } from './table.ts';
import { TEXT, TextTableEncoder, type WrittenForm } from './text-encoder.ts';

export { formatRow } from './text-encoder.ts';

/** Ending of the names of binary tables. */
export const BINARY_ENDING = '.utt';

/** Rows to write: one by one, or some at a time when they have to be waited for. */
export type RowSource = Iterable<TraceRow> | AsyncIterable<Iterable<TraceRow>>;

/**
 * Writes a table: binary if the name ends in .utt, CSV or JSON lines if in .csv or .jsonl, else as text; all but binary
 * compressed if .gz follows. A symbolic link is
 * written through. Nothing is left behind when `rows` throws. The bytes depend on the rows and the header alone.
 *
 * @returns the number of rows; throws a UserError (exit 2) when the file cannot be written, or is none
 */
export async function writeTrace(path: string, header: TraceHeader, rows: RowSource): Promise<number> {
  const notes = notesOf(header);
  if (notes.length > MOST_NOTES) {
    const found = `${notes.length} lines of header, more than ${MOST_NOTES}`;
    throw new UserError('cannot-write', Exit.usage, found, { file: path });
  }
  for (const [key, value] of notes) {
    const fault = noteFault(key, value);
    if (fault !== undefined) throw new ModelBug('a note that cannot be written', { key, value });
  }
  const files = new FileSet();
  let file: WriteStream | undefined;
  try {
    file = createWriteStream(files.add(path), { flush: true });
    const count = await writeRows(file, path, header, rows);
    files.publish();
    return count;
  } catch (error) {
    file?.destroy();
    files.discard();
    const reason = error instanceof Error ? error.message : String(error);
    throw error instanceof UserError || error instanceof ModelBug
      ? error
      : new UserError('cannot-write', Exit.usage, `cannot write the file: ${reason}`, { file: path });
  }
}

async function writeRows(
  file: WriteStream,
  path: string,
  header: TraceHeader,
  rows: RowSource,
): Promise<number> {
  let failure: Error | undefined;
  file.on('error', (error) => {
    failure = error;
  });
  let full = false;
  const emit = (bytes: Uint8Array) => {
    full = !file.write(bytes);
  };
  const encoder = path.endsWith(BINARY_ENDING)
    ? new BinaryTableEncoder(header, emit)
    : new TextTableEncoder(formOf(path), header, path.endsWith('.gz'), emit);
  let count = 0;
  const some = async (chunk: Iterable<TraceRow>) => {
    for (const row of chunk) {
      encoder.row(row);
      count++;
      if (!full) continue;
      await drained(file);
      full = false;
      if (failure !== undefined) throw failure;
    }
  };
  if (Symbol.asyncIterator in rows) for await (const chunk of rows) await some(chunk);
  else await some(rows);
  encoder.end();
  file.end();
  await finished(file);
  return count;
}

/** The form of one row a line that a name asks for. */
function formOf(path: string): WrittenForm {
  if (/\.csv(?:\.gz)?$/.test(path)) return CSV;
  return /\.jsonl(?:\.gz)?$/.test(path) ? JSON_LINES : TEXT;
}

/** Waits until the file takes more, or has failed. */
function drained(file: WriteStream): Promise<void> {
  if (!file.writableNeedDrain || file.errored !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      file.removeListener('drain', done);
      file.removeListener('error', done);
      resolve();
    };
    file.on('drain', done);
    file.on('error', done);
  });
}
