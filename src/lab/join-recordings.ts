/** From a recording of the hypervisor and one of a guest to a trace table with its provenance. */
import { createHash } from 'node:crypto';
import { traceError } from '../model/errors.ts';
import { batchesOf } from '../trace/batches.ts';
import { checked } from '../trace/checked.ts';
import { Input } from '../trace/input.ts';
import { DomainView } from '../trace/join/domain-view.ts';
import { type GuestSide, readGuestSide } from '../trace/join/guest-side.ts';
import { alignClocks, join } from '../trace/join/join.ts';
import { fromZero } from '../trace/join/order.ts';
import { NO_SNAPSHOT, readSnapshot } from '../trace/snapshot.ts';
import { type TraceHeader, VERSION } from '../trace/table.ts';
import type { Tolerance } from '../trace/tolerance.ts';
import { writeTrace } from '../trace/writer.ts';
import { eachRecord } from '../trace/xentrace/merge.ts';

/** What to join. */
export interface JoinOptions {
  /** Recording of xentrace. */
  readonly xentrace: string;
  /** ftrace, trace-cmd or perf text of the guest, times in TSC. */
  readonly guest: string;
  readonly name: string;
  /** Snapshot of the channels before the recording. */
  readonly state?: string | undefined;
  /** Number of the guest's domain. */
  readonly domain: number;
  /** Ticks of the TSC per second. */
  readonly clockHz: number;
  /** Xen's TSC less the guest's; found if not given. */
  readonly offset?: bigint | undefined;
  readonly notes: ReadonlyArray<readonly [key: string, value: string]>;
  readonly out: string;
}

/** Joins and writes; returns the number of rows. Errors: a UserError (exit 6), also when nothing fits together. */
export async function joinRecordings(o: JoinOptions, tolerance: Tolerance): Promise<number> {
  const hash = createHash('sha256');
  const view = new DomainView(o.domain);
  const xen = new Input(o.xentrace);
  const facts = await eachRecord(xen, (r, tick) => view.record(r, tick), {
    onFault: (error) => tolerance.skip(error),
  });
  const guest = await readGuestSide(new Input(o.guest), tolerance, (line) => hash.update(line).update('\n'));
  const snapshot = o.state === undefined ? NO_SNAPSHOT : await readSnapshot(o.state, o.domain);
  if (view.vcpus.length === 0) {
    throw traceError(
      { file: o.xentrace },
      `no runstate of domain ${o.domain}`,
      'a recording in which it runs',
    );
  }
  const clocks = alignClocks(view, guest, o.offset);
  if (clocks === undefined) {
    throw traceError(
      { file: o.guest },
      `${count(guest.sends)} sends and ${count(guest.upcalls)} upcalls that agree on no offset to ${o.xentrace}`,
      'recordings of the same time; --offset, if it is known',
    );
  }
  refuseApart(o, view, guest, clocks.offset);
  const { rows, vcpus, notes } = join(view, guest, snapshot.bindings, clocks);
  tolerance.finish();
  fromZero(rows);
  const header: TraceHeader = {
    version: VERSION,
    name: o.name,
    clockHz: o.clockHz,
    vcpus,
    notes: [
      ...o.notes,
      ['source', `xentrace and guest's trace of ${o.name}, domain ${o.domain}, joined`],
      ['source_sha256_xentrace', xen.sha256],
      ['source_sha256', hash.digest('hex')],
      ['source_records', String(facts.records)],
      ['source_events', String(guest.events.length)],
      ...notes,
    ],
  };
  return writeTrace(o.out, header, checked({ header, batches: batchesOf(rows) }, o.guest));
}

/** Refuses recordings of different times. */
function refuseApart(o: JoinOptions, view: DomainView, guest: GuestSide, offset: number): void {
  const first = guest.first + offset;
  const last = guest.last + offset;
  if (first <= view.lastTick && last >= 0) return;
  throw traceError(
    { file: o.guest },
    `events from tick ${first} to ${last} of ${o.xentrace}, which has 0 to ${view.lastTick}`,
    'recordings that overlap',
  );
}

function count(lists: readonly number[][]): number {
  return lists.reduce((sum, list) => sum + list.length, 0);
}
