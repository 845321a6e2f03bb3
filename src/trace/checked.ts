/** Rows of a conversion, checked like those of a file before they become one. */
import { traceError } from '../model/errors.ts';
import { headerOf, notesOf } from './header.ts';
import { RowCheck } from './row-check.ts';
import { rowOf, type Trace, type TraceRow } from './table.ts';

/**
 * The rows of a table some at a time: what `writeTrace` takes. Throws a UserError (exit 6) for a row, or a header,
 * that no table may have: the recording it was made from has something that cannot be.
 *
 * @param file the recording, for the error
 */
export async function* checked({ header, batches }: Trace, file: string): AsyncGenerator<TraceRow[]> {
  const made = headerOf(header.version, notesOf(header));
  if ('fault' in made) throw traceError({ file }, `a recording that gives ${made.fault[0]}`, made.fault[1]);
  const check = new RowCheck(header.vcpus);
  let record = 0;
  for await (const batch of batches) {
    const rows: TraceRow[] = [];
    for (let i = 0; i < batch.length; i++) {
      const row = rowOf(batch, i);
      record++;
      const fault = check.take(row);
      if (fault !== undefined)
        throw traceError({ file }, `a recording whose row ${record} has ${fault[0]}`, fault[1]);
      rows.push(row);
    }
    yield rows;
  }
}
