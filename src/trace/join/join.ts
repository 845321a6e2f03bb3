/**
 * Joins what a guest recorded of its event channels with what the hypervisor recorded of its vCPUs, on one clock: rows of
 * both in one table. docs/joining.md says by which rules; the numbers are those of the rules there.
 */
import type { Binding } from '../bindings.ts';
import { convertAbsolute } from '../convert.ts';
import { Kind, rowAt, TargetState, type TraceRow } from '../table.ts';
import { cutToTime } from './cut-to-time.ts';
import { DomainKind, type DomainView } from './domain-view.ts';
import type { GuestSide } from './guest-side.ts';
import { type Agreement, type Anchors, checkOffset, findOffset, type Offset } from './offset.ts';
import { ordered } from './order.ts';
import { SendTimes } from './send-times.ts';
import { RunState, type VcpuView } from './vcpu-view.ts';

/** The joined rows, and what the table's header says of how they came about. */
export interface Joined {
  readonly rows: TraceRow[];
  readonly vcpus: number;
  readonly notes: ReadonlyArray<readonly [key: string, value: string]>;
}

/** Target states by runstate; a vCPU that is off line has no pCPU either. */
const TARGETS = [
  TargetState.running,
  TargetState.runnable,
  TargetState.blocked,
  TargetState.runnable,
  TargetState.unknown,
];

/** The two clocks brought together. */
export interface Clocks extends Offset {
  /** Xen's TSC less the guest's. */
  readonly tsc: bigint;
  /** How it was found. */
  readonly by: string;
}

/** RDTSC that must have been recorded to tell the offset. */
const LEAST_READS = 8;

/**
 * Finds the offset between the clocks (rule 1); undefined if the recordings do not agree on any.
 *
 * @param given Xen's TSC less the guest's, if the user knows it
 */
export function alignClocks(
  view: DomainView,
  guest: GuestSide,
  given: bigint | undefined,
): Clocks | undefined {
  const origin = (view.originTsc ?? 0n) - guest.origin;
  const sends = anchors(view, guest.sends, (v) => v.eventHypercalls);
  const upcalls = anchors(view, guest.upcalls, (v) =>
    view.kind === DomainKind.hvm ? mostInjected(v) : v.wakes.map((w) => w.ran),
  );
  const known = (tsc: bigint, by: string): Clocks => ({
    ...checkOffset(Number(tsc - origin), sends, upcalls),
    tsc,
    by,
  });
  const found = (offset: Offset): Clocks => ({
    ...offset,
    tsc: origin + BigInt(offset.offset),
    by: 'matching',
  });
  if (given !== undefined) return known(given, 'the user');
  if (view.kind !== DomainKind.hvm) return known(0n, 'the same TSC');
  const bySends = findOffset(sends, upcalls);
  if (bySends?.sends !== undefined) return found(bySends);
  const { count, least, most } = view.reads;
  if (count >= LEAST_READS) {
    return known((view.originTsc ?? 0n) + BigInt(Math.floor((least + most) / 2)), 'RDTSC exits');
  }
  return bySends === undefined ? undefined : found(bySends);
}

function anchors(
  view: DomainView,
  guest: readonly number[][],
  xen: (v: VcpuView) => readonly number[],
): Anchors[] {
  return view.vcpus.flatMap((v) => ({ guest: guest[v.id] ?? [], xen: xen(v) }));
}

/** Entries with the vector that is injected most: that of the upcall. */
function mostInjected(v: VcpuView): readonly number[] {
  const lists = [...v.injections.values()];
  return lists.reduce((most, list) => (list.length > most.length ? list : most), []);
}

/** Joins; the guest's recording must overlap the other. */
export function join(
  view: DomainView,
  guest: GuestSide,
  bindings: readonly Binding[],
  clocks: Clocks,
): Joined {
  const converted = convertAbsolute(guest.events, bindings, view.domain);
  for (const row of converted.rows) if (row.kind !== Kind.bound) row.time += clocks.offset;
  const first = Math.max(0, guest.first + clocks.offset);
  const last = Math.min(view.lastTick, guest.last + clocks.offset);
  const vcpuRows = view.vcpus.flatMap((v) => within(v.rows, first, last));
  const all = view.vcpus.reduce((sum, v) => sum + v.rows.length, 0);
  const wakes = explainWakes(view, converted.rows, first, last);
  const guestRows = cutToTime(ordered(converted.rows), first, last);
  const targets = setTargets(view, guestRows);
  const rows = ordered([...guestRows, ...vcpuRows, ...wakes.rows]);
  const highest = Math.max(converted.vcpus - 1, ...rows.map((row) => row.by));
  return {
    rows,
    vcpus: highest + 1,
    notes: [
      ['tsc_offset', String(clocks.tsc)],
      ['tsc_offset_by', clocks.by],
      ['sends_matched', share(clocks.sends)],
      ['upcalls_matched', share(clocks.upcalls)],
      ['hypercalls_unmatched', String(unmatchedHypercalls(view, guest, clocks.offset, first, last))],
      ['wakes_by_sends_seen', String(wakes.seen)],
      ['wakes_by_sends_inferred', String(wakes.inferred)],
      ['wakes_unexplained', String(wakes.rows.length)],
      ['targets_unknown', String(targets)],
      ['guest_rows_outside', String(converted.rows.length - guestRows.length)],
      ['vcpu_rows_outside', String(all - vcpuRows.length)],
      ['xen_records_lost', String(view.lostRecords)],
      ...Object.entries(converted.counts).map(([key, n]): [string, string] => [key, String(n)]),
    ],
  };
}

function share(a: Agreement | undefined): string {
  return a === undefined ? 'too few to say' : `${a.matched} of ${a.of}`;
}

/** Rule 2: rows about a vCPU count while both recorded; a resume whose preempt was before is left out. */
function within(rows: readonly TraceRow[], first: number, last: number): TraceRow[] {
  const kept: TraceRow[] = [];
  let preempted = false;
  for (const row of ordered(rows)) {
    if (row.time < first || row.time > last) continue;
    if (row.kind === Kind.resume && !preempted) continue;
    if (row.kind === Kind.preempt) preempted = true;
    if (row.kind === Kind.resume) preempted = false;
    kept.push(row);
  }
  return kept;
}

/** Rules 3 and 4: what woke a vCPU: a send that was seen, one that was inferred, or nothing that the table has. */
function explainWakes(view: DomainView, guestRows: readonly TraceRow[], first: number, last: number) {
  const sends = new SendTimes(guestRows);
  const rows: TraceRow[] = [];
  let seen = 0;
  let inferred = 0;
  for (const v of view.vcpus) {
    for (const [i, { woken }] of v.wakes.entries()) {
      if (woken < first || woken > last) continue;
      const slept = v.stateSince(woken);
      const next = v.wakes[i + 1]?.woken ?? Number.POSITIVE_INFINITY;
      if (sends.between(v.id, slept, woken)) seen++;
      else if (sends.moveTo(v.id, woken, next)) inferred++;
      else {
        const row = rowAt(woken, Kind.wake);
        row.by = v.id;
        rows.push(row);
      }
    }
  }
  return { rows, seen, inferred };
}

/** Rule 5: what the serving vCPU did when a send came; returns for how many that is not known. */
function setTargets(view: DomainView, rows: readonly TraceRow[]): number {
  let unknown = 0;
  const serving = new Map<number, number>();
  for (const row of ordered(rows)) {
    if (row.kind === Kind.bound || row.kind === Kind.bind || row.kind === Kind.move)
      serving.set(row.port, row.to);
    if (row.kind !== Kind.send) continue;
    const state = view.vcpu(serving.get(row.port) ?? 0)?.stateBefore(row.time) ?? RunState.unknown;
    if (state === RunState.unknown) unknown++;
    else row.target = TARGETS[state]!;
  }
  return unknown;
}

/** Hypercalls about event channels while the guest recorded that no send was seen for: unmasks, binds, status. */
function unmatchedHypercalls(
  view: DomainView,
  guest: GuestSide,
  offset: number,
  first: number,
  last: number,
): number {
  let calls = 0;
  let sends = 0;
  for (const v of view.vcpus) {
    for (const t of v.eventHypercalls) if (t >= first && t <= last) calls++;
    const [from, to] = [v.eventHypercalls[0], v.eventHypercalls.at(-1)];
    if (from === undefined) continue;
    for (const g of guest.sends[v.id] ?? []) if (g + offset >= from && g + offset <= to!) sends++;
  }
  return Math.max(0, calls - sends);
}
