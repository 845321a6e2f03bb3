/**
 * A pattern of events for one vCPU, and the trace that makes it: what was served last, ports that are pending but masked,
 * ports that became pending while the vCPU had no pCPU, and ports that are sent to from its return on.
 *
 * Xen hands ports out lowest first, so all ports up to the highest used one are bound.
 */
import type { Cycle, Port } from '../../model/units.ts';
import { Rows } from '../../trace/synth/rows.ts';
import { Channel, Handler, Kind, type TraceRow } from '../../trace/table.ts';

/** An event sent `after` cycles from the moment the vCPU runs. */
export interface Arrival {
  readonly after: Cycle;
  readonly port: Port;
}

/** The pattern. Ports 1..4095; the same port may be sent to again and again. */
export interface UpcallCase {
  /** Served alone before the rest: the cursors stand there; 0 for none. */
  readonly cursor: Port;
  /** Ports of the evtchn device whose process has not unmasked them, pending once more. */
  readonly masked: readonly Port[];
  /** Pending when the vCPU gets its pCPU back; none: it never lost it. */
  readonly pending: readonly Port[];
  /** In order of time. */
  readonly arrivals: readonly Arrival[];
}

/** Cycles between two sends while the vCPU has no pCPU: more than a send takes. */
const APART = 5000;
/** Cycles after which nothing is going on: a constant, and what each event may take. */
const QUIET = 200_000;
const EVENT = 20_000;

/** Number of events of the pattern itself. */
export function eventsOf({ pending, arrivals }: UpcallCase): number {
  return pending.length + arrivals.length;
}

/** Highest port used. */
export function highestPort({ cursor, masked, pending, arrivals }: UpcallCase): Port {
  return Math.max(1, cursor, ...masked, ...pending, ...arrivals.map((a) => a.port));
}

/** Every port up to the highest one is bound before time starts; the masked ones belong to a process. */
export function* boundRows(ports: number, masked: readonly Port[]): Generator<TraceRow> {
  const rows = new Rows();
  for (let port = 1; port <= ports; port++) {
    const handler = masked.includes(port) ? Handler.user : Handler.filter;
    yield rows.bound(port, 0, Channel.interdomain, handler);
  }
}

/**
 * The sends of a pattern, and what comes before them.
 *
 * @param from time of the first row
 * @param tidy whether masked ports are unmasked and served behind it, so that another pattern can follow
 * @returns a time at which all is over
 */
export function* patternRows(c: UpcallCase, from: Cycle, tidy: boolean): Generator<TraceRow, Cycle> {
  const rows = new Rows();
  const quiet = QUIET + EVENT * eventsOf(c);
  let time = from;
  // Once served, a masked port stays so; the second event is the one that is pending.
  for (const port of [...c.masked, ...c.masked]) {
    yield rows.send(time, port);
    time += QUIET;
  }
  if (c.cursor > 0) {
    yield rows.send(time, c.cursor);
    time += QUIET;
  }
  if (c.pending.length > 0) {
    yield rows.by(time, Kind.preempt, 0, 0);
    time += QUIET;
    for (const port of c.pending) {
      yield rows.send(time, port);
      time += APART;
    }
    time += QUIET;
    yield rows.by(time, Kind.resume, 0, 0);
  }
  for (const { after, port } of c.arrivals) yield rows.send(time + after, port);
  time += (c.arrivals.at(-1)?.after ?? 0) + quiet;
  // The first unmask lets the event in, the second what is masked again by it.
  for (const port of tidy ? [...c.masked, ...c.masked] : []) {
    yield rows.by(time, Kind.unmask, 0, port);
    time += QUIET;
  }
  // Without effect: a time for whoever plays the rows.
  if (tidy) yield rows.by(time, Kind.wake, 0, 0);
  return time;
}
