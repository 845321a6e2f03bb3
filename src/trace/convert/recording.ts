/** From the events of a guest's recording to rows, by whatever of the recording allows it. */
import { traceError } from '../../model/errors.ts';
import { convert } from '../convert.ts';
import type { GuestEvent } from '../guest-event.ts';
import { LONGEST_VALUE } from '../header.ts';
import type { Snapshot } from '../snapshot.ts';
import type { TraceRow } from '../table.ts';
import type { TextFormat } from '../text/parser.ts';
import type { Tolerance } from '../tolerance.ts';
import { rebase } from './converted.ts';
import { freebsdInterruptions } from './freebsd-interrupts.ts';
import type { Interruptions } from './interruption.ts';
import { rowsOfInterruptions } from './interrupts-to-rows.ts';
import { knownEvents } from './known.ts';
import { linuxInterruptions } from './linux-interrupts.ts';

/** Rows in order of time, and what the table's header says of how they came about. */
export interface ConvertedEvents {
  readonly rows: TraceRow[];
  readonly vcpus: number;
  readonly notes: ReadonlyArray<readonly [key: string, value: string]>;
}

/** Longest name of an interrupt in the header. */
const LONGEST_NAME = 64;
/** Events at which Linux takes a port out of the pending bitmap. */
const DELIVERIES = new Set(['clear_2l', 'clear_fifo', 'port']);

/**
 * Converts a recording.
 *
 * @param events all of them, by time
 * @param domain the recorded domain's number
 * @param file for errors
 * @throws UserError (exit 6) when events lack what they need, or none of them tells of a delivery
 */
export function convertEvents(
  format: TextFormat,
  events: readonly GuestEvent[],
  snapshot: Snapshot,
  domain: number,
  file: string,
  tolerance: Tolerance,
): ConvertedEvents {
  if (format.system === 'freebsd') {
    return withoutPorts(freebsdInterruptions(events), snapshot, file, tolerance);
  }
  const known = knownEvents(events, file, tolerance);
  if (!known.some((e) => DELIVERIES.has(e.name))) {
    const interruptions = linuxInterruptions(known);
    const unused = interruptions.unused + events.length - known.length;
    return withoutPorts({ ...interruptions, unused }, snapshot, file, tolerance);
  }
  const { rows, vcpus, counts } = convert(known, snapshot.bindings, domain);
  return { rows, vcpus, notes: Object.entries(counts).map(([key, n]) => [key, String(n)]) };
}

function withoutPorts(
  { list, unused }: Interruptions,
  snapshot: Snapshot,
  file: string,
  tolerance: Tolerance,
): ConvertedEvents {
  const { rows, vcpus, sends, moves, names } = rowsOfInterruptions(
    list,
    snapshot.interrupts,
    file,
    tolerance,
  );
  if (sends === 0) {
    throw traceError({ file }, 'no event that tells of a delivery', 'some of those in docs/guest-traces.md');
  }
  rows.sort((a, b) => a.time - b.time);
  rebase(rows);
  return {
    rows,
    vcpus,
    notes: [
      ['ports', 'numbered in the order of the interrupts: the recording names no ports'],
      ['sends_inferred', String(sends)],
      ['moves_inferred', String(moves)],
      ['events_unused', String(unused)],
      ...portNotes(names),
    ],
  };
}

/**
 * Names of all ports as notes of a bounded number: `ports_1: 1 = irq 24: timer0; 2 = irq 26: resched0`. Names come from the
 * guest; what is not printable ASCII is shown as "?".
 */
function portNotes(names: ReadonlyMap<number, string>): Array<[key: string, value: string]> {
  const values: string[] = [];
  for (const [port, name] of names) {
    const item = `${port} = ${name.slice(0, LONGEST_NAME).replace(/[^\x20-\x7e]/g, '?')}`;
    const last = values.at(-1);
    if (last === undefined || last.length + item.length + 2 > LONGEST_VALUE) values.push(item);
    else values[values.length - 1] = `${last}; ${item}`;
  }
  return values.map((value, i) => [`ports_${i + 1}`, value]);
}
