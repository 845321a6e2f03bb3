/** Which lines of a guest the upcalls of a run had to touch for the ports they served. */
import { EVENT, INTSRC, XENISRC_BYTES } from '../../intr/layout.ts';
import type { Addr } from '../../model/units.ts';
import type { Run } from '../replay.ts';

/** Distinct lines by what stands on them. */
export interface TouchedLines {
  /** Ports that were served. */
  readonly ports: number;
  readonly isrcs: number;
  readonly events: number;
  readonly handlers: number;
  readonly counters: number;
  readonly portTable: number;
  /** Pages of 4 KiB on which all of these stand. */
  readonly pages: number;
}

/** Of the ports that were served, as they are bound when the run ends. */
export function touchedLines(run: Run): TouchedLines {
  const { guest, runsOf } = run.vcpus;
  const { image } = guest.freeBsd.os;
  const { memory } = image;
  const lines = {
    isrcs: new Set<number>(),
    events: new Set<number>(),
    handlers: new Set<number>(),
    counters: new Set<number>(),
    portTable: new Set<number>(),
  };
  const put = (set: Set<number>, from: Addr, bytes: number) => {
    for (let line = from >>> 6; line <= (from + bytes - 1) >>> 6; line++) set.add(line);
  };
  let ports = 0;
  runsOf.forEach((runs, port) => {
    const isrc = runs === 0 ? 0 : guest.kernel.sourceOf(port);
    if (isrc === 0) return;
    ports++;
    put(lines.portTable, image.portToIsrc + 8 * port, 8);
    put(lines.isrcs, isrc, XENISRC_BYTES);
    put(lines.counters, memory.peek32(isrc + INTSRC.count), 8);
    const event = memory.peek32(isrc + INTSRC.event);
    put(lines.events, event, EVENT.bytes);
    const handler = memory.peek32(event + EVENT.handlers);
    if (handler !== 0) put(lines.handlers, handler, 8);
  });
  const all = Object.values(lines).flatMap((set) => [...set]);
  const { isrcs, events, handlers, counters, portTable } = lines;
  return {
    ports,
    isrcs: isrcs.size,
    events: events.size,
    handlers: handlers.size,
    counters: counters.size,
    portTable: portTable.size,
    pages: new Set(all.map((line) => line >>> 6)).size,
  };
}
