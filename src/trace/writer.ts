/** Writes a trace table as text, whole or not at all: to a temporary name, then renamed. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Exit, UserError } from '../model/errors.ts';
import { FileSet } from '../model/file-set.ts';
import {
  CHANNELS,
  COLUMNS,
  EXTERNAL,
  HANDLERS,
  KINDS,
  Kind,
  MAGIC,
  namesNoPort,
  TARGETS,
  type TraceHeader,
  type TraceRow,
  VERSION,
} from './table.ts';

/** One row as a line, without its end. */
export function formatRow(row: TraceRow): string {
  const by = row.by === EXTERNAL ? '-' : String(row.by);
  const port = namesNoPort(row.kind) ? '' : row.port;
  const hasTo = row.channel !== 0 || row.kind === Kind.move || row.kind === Kind.priority;
  const tail = `${CHANNELS[row.channel]},${HANDLERS[row.handler]},${TARGETS[row.target]}`;
  return `${row.time},${KINDS[row.kind]},${by},${port},${hasTo ? row.to : ''},${tail}`;
}

/** The lines before the rows: always of this version, whatever the header was read from. */
export function formatHeader(header: TraceHeader): string {
  const notes = [
    ['name', header.name],
    ['clock_hz', String(header.clockHz)],
    ['vcpus', String(header.vcpus)],
    ...header.notes,
  ];
  return `${MAGIC} ${VERSION}\n${notes.map(([k, v]) => `# ${k}: ${v}\n`).join('')}${COLUMNS}\n`;
}

/** Waits until the sink takes more, or the file has failed. */
function drained(sink: NodeJS.WritableStream, file: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      sink.removeListener('drain', done);
      file.removeListener('error', done);
      resolve();
    };
    sink.on('drain', done);
    file.on('error', done);
  });
}

/**
 * Writes a table; a name that ends in .gz is compressed. A symbolic link is written through. Nothing is left behind
 * when `rows` throws.
 *
 * @returns the number of rows; throws a UserError (exit 2) when the file cannot be written, or is none
 */
export async function writeTrace(
  path: string,
  header: TraceHeader,
  rows: Iterable<TraceRow>,
): Promise<number> {
  const files = new FileSet();
  let file: WriteStream | undefined;
  try {
    file = createWriteStream(files.add(path), { flush: true });
    const count = await writeRows(file, path.endsWith('.gz'), header, rows);
    files.publish();
    return count;
  } catch (error) {
    file?.destroy();
    files.discard();
    const reason = error instanceof Error ? error.message : String(error);
    throw error instanceof UserError
      ? error
      : new UserError('cannot-write', Exit.usage, `cannot write the file: ${reason}`, { file: path });
  }
}

async function writeRows(
  file: WriteStream,
  compressed: boolean,
  header: TraceHeader,
  rows: Iterable<TraceRow>,
): Promise<number> {
  let failure: Error | undefined;
  file.on('error', (error) => {
    failure = error;
  });
  const gzip = compressed ? createGzip({ level: 9 }) : undefined;
  gzip?.pipe(file);
  const sink = gzip ?? file;
  sink.write(formatHeader(header));
  let count = 0;
  let pending = '';
  for (const row of rows) {
    pending += `${formatRow(row)}\n`;
    count++;
    if (pending.length > 65_536) {
      if (failure !== undefined) throw failure;
      if (!sink.write(pending)) await drained(sink, file);
      pending = '';
    }
  }
  sink.end(`${pending}# end rows=${count}\n`);
  await finished(file);
  return count;
}
