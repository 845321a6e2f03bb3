/** The text form of the trace table, as a format among the others. */
import { Counter } from './counter.ts';
import type { TraceFormat } from './format.ts';
import { openTrace } from './reader.ts';
import { KINDS, MAGIC, rowOf } from './table.ts';
import { formatRow } from './writer.ts';

/** A table says of itself what it is. */
export const TEXT_TABLE: TraceFormat = {
  name: 'upcall-trace',
  what: 'a trace table (text)',
  matches: (head) => head.toString('latin1', 0, MAGIC.length + 1) === `${MAGIC} `,
  info: async (input, tolerance) => {
    const { header, batches } = await openTrace(input);
    const counter = new Counter();
    for await (const batch of batches) {
      for (let i = 0; i < batch.length; i++) counter.count(KINDS[batch.kind[i]!]!, -1, batch.time[i]!);
      tolerance.read(batch.length);
    }
    tolerance.finish();
    return counter.info('upcall-trace', [
      ['version', header.version],
      ['name', header.name],
      ['clock_hz', header.clockHz],
      ['vcpus', header.vcpus],
      ['notes', new Map(header.notes)],
    ]);
  },
  head: async function* (input) {
    const { batches } = await openTrace(input);
    for await (const batch of batches) {
      for (let i = 0; i < batch.length; i++) yield formatRow(rowOf(batch, i));
    }
  },
  rows: (input) => openTrace(input),
};
