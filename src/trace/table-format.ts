/** The forms of the trace table, as formats among the others. */
import { MAGIC_BYTES } from './binary/layout.ts';
import { Counter } from './counter.ts';
import { isCsvTable } from './csv-form.ts';
import type { TraceFormat } from './format.ts';
import { isJsonTable } from './json-form.ts';
import { openTrace } from './reader.ts';
import { KINDS, MAGIC, rowOf } from './table.ts';
import { formatRow } from './text-encoder.ts';

function form(name: string, what: string, matches: (head: Buffer) => boolean): TraceFormat {
  return {
    name,
    what,
    isTable: true,
    matches,
    info: async (input, tolerance) => {
      const { header, batches } = await openTrace(input, tolerance);
      const counter = new Counter();
      const perVcpu = new Map<string, number>();
      for await (const batch of batches) {
        for (let i = 0; i < batch.length; i++) {
          counter.count(KINDS[batch.kind[i]!]!, -1, batch.time[i]!);
          const by = batch.by[i]! < 0 ? '-' : String(batch.by[i]);
          perVcpu.set(by, (perVcpu.get(by) ?? 0) + 1);
        }
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
    head: async function* (input, tolerance) {
      const { batches } = await openTrace(input, tolerance);
      for await (const batch of batches) {
        for (let i = 0; i < batch.length; i++) yield formatRow(rowOf(batch, i));
      }
    },
    rows: async (input, { name: other, notes = [] }, tolerance) => {
      const { header, batches } = await openTrace(input, tolerance);
      return {
        header: { ...header, name: other ?? header.name, notes: [...header.notes, ...notes] },
        batches,
      };
    },
  };
}

/** CSV lines behind a header of notes. */
export const TEXT_TABLE = form('upcall-trace', 'a trace table (text)', begins(Buffer.from(`${MAGIC} `)));

/** The same in blocks of columns. */
export const BINARY_TABLE = form('upcall-trace-binary', 'a trace table (binary)', begins(MAGIC_BYTES));

/** One record a row, the header's included. */
export const CSV_TABLE = form('upcall-trace-csv', 'a trace table (CSV)', isCsvTable);

/** One object a row. */
export const JSON_TABLE = form('upcall-trace-jsonl', 'a trace table (JSON lines)', isJsonTable);

function begins(magic: Buffer): (head: Buffer) => boolean {
  return (head) => head.subarray(0, magic.length).equals(magic);
}
