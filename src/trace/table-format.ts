/** The two forms of the trace table, as formats among the others. */
import { MAGIC_BYTES } from './binary/layout.ts';
import { Counter } from './counter.ts';
import type { TraceFormat } from './format.ts';
import { openTrace } from './reader.ts';
import { KINDS, MAGIC, rowOf } from './table.ts';
import { formatRow } from './text-encoder.ts';

/** A table is trusted whole or not at all: it has no records that could be left out. */
function form(name: string, what: string, magic: Buffer): TraceFormat {
  return {
    name,
    what,
    isTable: true,
    matches: (head) => head.subarray(0, magic.length).equals(magic),
    info: async (input, tolerance) => {
      const { header, batches } = await openTrace(input);
      const counter = new Counter();
      const perVcpu = new Map<string, number>();
      for await (const batch of batches) {
        for (let i = 0; i < batch.length; i++) {
          counter.count(KINDS[batch.kind[i]!]!, -1, batch.time[i]!);
          const by = batch.by[i]! < 0 ? '-' : String(batch.by[i]);
          perVcpu.set(by, (perVcpu.get(by) ?? 0) + 1);
        }
        tolerance.read(batch.length);
      }
      return counter.info(name, [
        ['version', header.version],
        ['name', header.name],
        ['clock_hz', header.clockHz],
        ['vcpus', header.vcpus],
        ['per_vcpu', new Map([...perVcpu].sort(([a], [b]) => Number(a) - Number(b) || (a < b ? -1 : 1)))],
        ['notes', new Map(header.notes)],
      ]);
    },
    head: async function* (input) {
      const { batches } = await openTrace(input);
      for await (const batch of batches) {
        for (let i = 0; i < batch.length; i++) yield formatRow(rowOf(batch, i));
      }
    },
    rows: async (input, { name: other, notes = [] }) => {
      const { header, batches } = await openTrace(input);
      return {
        header: { ...header, name: other ?? header.name, notes: [...header.notes, ...notes] },
        batches,
      };
    },
  };
}

/** CSV lines behind a header of notes. */
export const TEXT_TABLE = form('upcall-trace', 'a trace table (text)', Buffer.from(`${MAGIC} `));

/** The same in blocks of columns. */
export const BINARY_TABLE = form('upcall-trace-binary', 'a trace table (binary)', MAGIC_BYTES);
