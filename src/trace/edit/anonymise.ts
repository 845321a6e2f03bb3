/**
 * A table without what tells whose it is. What is left is what the model needs: kinds, channels, handlers, vCPUs,
 * distances in time, and which rows are about the same port. Documented in docs/trace-table.md; the same table always
 * gives the same result, and one that is anonymous already stays as it is.
 */
import type { Input } from '../input.ts';
import { openTrace } from '../reader.ts';
import { MAX_PORTS, namesNoPort, rowOf, type Trace, type TraceRow } from '../table.ts';
import type { Edited } from './cut.ts';

/** Notes that stay: counts of the conversion, which say nothing about a place. */
const COUNTS = [
  'source_events',
  'deliveries',
  'sends_seen',
  'sends_inferred',
  'sends_without_peer',
  'ipis_without_port',
  'deliveries_unbound',
];
/** And whether times are real, in the words of this program's converters. */
const CLOCKS = ['instructions executed by an emulator; gaps are not times of Xen'];

/**
 * The table with another name, without notes but counts, with times from the first row on, and with its ports
 * numbered 1, 2, 3 ... in the order of their numbers, because a scan serves ports in that order.
 *
 * @param input is read twice
 * @throws UserError (exit 6) for a table that cannot be read
 */
export async function anonymise(input: Input, name: string): Promise<Edited> {
  const { numbers, start } = await portsOf(await openTrace(input));
  const trace = await openTrace(input);
  const notes = trace.header.notes.filter(([key, value]) =>
    key === 'clock' ? CLOCKS.includes(value) : COUNTS.includes(key) && /^\d{1,15}$/.test(value),
  );
  return { header: { ...trace.header, name, notes }, rows: renumbered(trace, numbers, start) };
}

/** The new number of each port, and the time of the first row. Port 0, which nobody has, stays. */
async function portsOf(trace: Trace): Promise<{ numbers: Uint16Array; start: number }> {
  const numbers = new Uint16Array(MAX_PORTS);
  let start = -1;
  for await (const batch of trace.batches) {
    if (start < 0) start = batch.time[0]!;
    for (let i = 0; i < batch.length; i++) if (!namesNoPort(batch.kind[i]!)) numbers[batch.port[i]!] = 1;
  }
  let next = 1;
  numbers[0] = 0;
  for (let port = 1; port < MAX_PORTS; port++) if (numbers[port] === 1) numbers[port] = next++;
  return { numbers, start };
}

async function* renumbered(trace: Trace, numbers: Uint16Array, start: number): AsyncGenerator<TraceRow[]> {
  for await (const batch of trace.batches) {
    const rows: TraceRow[] = [];
    for (let i = 0; i < batch.length; i++) {
      const row = rowOf(batch, i);
      row.time -= start;
      if (!namesNoPort(row.kind)) row.port = numbers[row.port]!;
      rows.push(row);
    }
    yield rows;
  }
}
