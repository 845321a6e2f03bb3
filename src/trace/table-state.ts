/**
 * What the rows so far amount to, as rows: with them at its start, the rest of a table is a table of its own. Ports
 * that are bound, priorities that were set, vCPUs that sleep and vCPUs that are preempted.
 *
 * Left out, because no row says them: events that are pending, and masks of ports of the evtchn device. Such a port
 * is open at the start, and an `unmask` of it finds nothing to do. A port whose channel is gone since a `restore` is
 * bound at the start, so that the `unbind` of its stale handle may follow.
 */
import { EXTERNAL, Kind, MAX_PORTS, MAX_VCPUS, namesNoPort, rowAt, type TraceRow } from './table.ts';

const NO_PRIORITY = -1;

/** The state between two rows; what rows may follow each other is for RowState to say. */
export class TableState {
  readonly #bound = new Uint8Array(MAX_PORTS);
  readonly #to = new Uint8Array(MAX_PORTS);
  readonly #channel = new Uint8Array(MAX_PORTS);
  readonly #handler = new Uint8Array(MAX_PORTS);
  readonly #priority = new Int8Array(MAX_PORTS).fill(NO_PRIORITY);
  readonly #preempted = new Uint8Array(MAX_VCPUS);
  readonly #asleep = new Uint8Array(MAX_VCPUS);

  /** Takes one valid row. */
  take(row: TraceRow): void {
    const { kind, by, port } = row;
    if (namesNoPort(kind)) {
      this.#takeOfVcpu(kind, by);
      return;
    }
    if (by !== EXTERNAL) this.#asleep[by] = 0;
    switch (kind) {
      case Kind.bound:
      case Kind.bind:
        this.#bound[port] = 1;
        this.#to[port] = row.to;
        this.#channel[port] = row.channel;
        this.#handler[port] = row.handler;
        this.#priority[port] = NO_PRIORITY;
        break;
      case Kind.unbind:
        this.#bound[port] = 0;
        break;
      case Kind.move:
        this.#to[port] = row.to;
        break;
      case Kind.priority:
        this.#priority[port] = row.to;
        break;
      case Kind.send:
        this.#asleep[this.#to[port]!] = 0;
        break;
    }
  }

  #takeOfVcpu(kind: number, by: number): void {
    if (kind === Kind.preempt) this.#preempted[by] = 1;
    else if (kind === Kind.resume) this.#preempted[by] = 0;
    else if (kind === Kind.halt) this.#asleep[by] = 1;
    else if (kind === Kind.wake || kind === Kind.exit || kind === Kind.restore) this.#asleep[by] = 0;
  }

  /** Ports first, then priorities, sleepers and preempted vCPUs, each in the order of their numbers, all at `time`. */
  rows(time: number): TraceRow[] {
    const rows: TraceRow[] = [];
    const priorities: TraceRow[] = [];
    for (let port = 1; port < MAX_PORTS; port++) {
      if (this.#bound[port] === 0) continue;
      const to = this.#to[port]!;
      const channel = this.#channel[port]!;
      const handler = this.#handler[port]!;
      rows.push({ ...rowAt(time, Kind.bound), port, to, channel, handler });
      const priority = this.#priority[port]!;
      if (priority !== NO_PRIORITY)
        priorities.push({ ...rowAt(time, Kind.priority), by: to, port, to: priority });
    }
    rows.push(...priorities);
    for (const [kind, of] of [
      [Kind.halt, this.#asleep],
      [Kind.preempt, this.#preempted],
    ] as const) {
      of.forEach((is, by) => {
        if (is === 1) rows.push({ ...rowAt(time, kind), by });
      });
    }
    return rows;
  }
}
