/**
 * A recording of xentrace alone as a table: what one domain's vCPUs did, without ports, because no record names any. Every
 * wake is a row: nothing says what it was for. docs/joining.md has the rules.
 */
import { traceError, usageError } from '../../model/errors.ts';
import { batchesOf } from '../batches.ts';
import type { RowsOptions } from '../format.ts';
import type { Input } from '../input.ts';
import { Channel, Handler, Kind, rowAt, type Trace, type TraceRow, VERSION } from '../table.ts';
import type { Tolerance } from '../tolerance.ts';
import { eachRecord } from '../xentrace/merge.ts';
import { DomainView } from './domain-view.ts';
import { fromZero, ordered } from './order.ts';

/** Reads a recording and makes a table of it. Errors: a UserError (exit 6), also when the domain never runs in it. */
export async function xentraceRows(input: Input, options: RowsOptions, tolerance: Tolerance): Promise<Trace> {
  const { domain, clockHz } = options;
  if (clockHz === undefined) {
    throw usageError(`${input.path}: its times are ticks of the TSC: --clock-hz must say how many a second`);
  }
  const view = new DomainView(domain);
  const facts = await eachRecord(input, (r, tick) => view.record(r, tick), {
    onFault: (error) => tolerance.skip(error),
  });
  tolerance.finish();
  if (view.vcpus.length === 0) {
    throw traceError({ file: input.path }, `no runstate of domain ${domain}`, 'a recording in which it runs');
  }
  const rows: TraceRow[] = options.bindings.map((b) => {
    const row = rowAt(0, Kind.bound);
    row.port = b.port;
    row.to = b.vcpu;
    row.channel = b.channel;
    row.handler = b.channel === Channel.virq || b.channel === Channel.ipi ? Handler.filter : Handler.ithread;
    return row;
  });
  for (const v of view.vcpus) {
    rows.push(...v.rows);
    for (const { woken } of v.wakes) {
      const row = rowAt(woken, Kind.wake);
      row.by = v.id;
      rows.push(row);
    }
  }
  const all = ordered(rows);
  fromZero(all);
  const name = options.name ?? 'xentrace';
  const vcpus = all.reduce((most, row) => Math.max(most, row.by + 1, row.to + 1), 1);
  return {
    header: {
      version: VERSION,
      name,
      clockHz,
      vcpus,
      notes: [
        ...(options.notes ?? []),
        ['source', `xentrace of ${name}, domain ${domain}`],
        ['source_sha256', input.sha256],
        ['source_records', String(facts.records)],
        ['ports', 'none: no record of xentrace names one'],
        ['xen_records_lost', String(facts.lostRecords)],
      ],
    },
    batches: batchesOf(all),
  };
}
