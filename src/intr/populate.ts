/**
 * Bound ports without hypercalls: for measuring one function on a given population, as the ground truth did. What
 * a run of the model does goes through `bindPort`.
 */
import type { Addr, Port } from '../model/units.ts';
import { SITE_ADDRESS } from '../x86/sites.ts';
import { claimVector, createIsrc } from './alloc-isrc.ts';
import { FILTER } from './dispatch.ts';
import { FIRST_EVTCHN_IRQ, type KernelCpu } from './kernel-image.ts';
import {
  EVENT,
  EVTCHN_TYPE,
  FLAG_CLOSE,
  HANDLER,
  INTSRC,
  MTX_LOCK,
  MTX_UNOWNED,
  SOFTC_BUCKET,
  XENISRC_BUCKET,
} from './layout.ts';
import { type FreeBsd, runAlone } from './os.ts';

/** Creates `n` isrcs, in use, in vector order, for the ports 1 to n. Returns their addresses. */
export function createIsrcs(os: FreeBsd, cpu: KernelCpu, n: number): Addr[] {
  return Array.from({ length: n }, (_, i) => {
    cpu.core.begin(cpu.core.now);
    return runAlone(createIsrc(os, cpu, claimVector(os, cpu), EVTCHN_TYPE.port, i + 1));
  });
}

/**
 * Lays the next isrc out, in use: what `createIsrcs` leaves in memory, without running it. For populations of
 * thousands, which take a hundred times as long to create as to lay out. Not charged. Returns its address.
 *
 * @param port it is for
 */
export function layIsrc(os: FreeBsd, port: Port): Addr {
  const { image, table, generation } = os;
  const { memory, statics } = image;
  const index = table.claim();
  const vector = FIRST_EVTCHN_IRQ + index;
  const isrc = image.malloc(XENISRC_BUCKET);
  const event = image.malloc(EVENT.bucket);
  const counter = image.intrcnt + 8 * (1 + 2 * index);
  memory.poke32(statics.autoVectorCount, index + 1);
  memory.poke64(isrc + INTSRC.pic, image.pic);
  memory.poke32(isrc + generation.isrc.vector, vector);
  memory.poke32(isrc + generation.isrc.type, EVTCHN_TYPE.port);
  memory.poke64(isrc + INTSRC.event, event);
  memory.poke32(isrc + INTSRC.index, vector);
  memory.poke64(isrc + INTSRC.count, counter);
  memory.poke64(isrc + INTSRC.straycount, counter + 8);
  memory.poke64(event + EVENT.source, isrc);
  memory.poke64(event + EVENT.lockObject + MTX_LOCK, MTX_UNOWNED);
  if (table.lastEvent !== 0) memory.poke64(table.lastEvent, event);
  table.linkEvent(event);
  memory.poke64(table.slot(index), isrc);
  os.allocator.adopt(isrc, index, port);
  return isrc;
}

/** Gives an isrc a port and a handler with a filter that counts, as a bind of a channel of its own would. */
export function serve(os: FreeBsd, isrc: Addr, port: Port): void {
  const { image } = os;
  const { memory } = image;
  const event = memory.peek32(isrc + INTSRC.event);
  const handler = image.malloc(HANDLER.bucket);
  memory.poke64(handler + HANDLER.filter, SITE_ADDRESS[FILTER.count]!);
  memory.poke64(handler + HANDLER.argument, image.malloc(SOFTC_BUCKET));
  memory.poke64(event + EVENT.handlers, handler);
  const { isrc: layout } = os.generation;
  memory.poke32(isrc + INTSRC.handlers, 1);
  memory.poke32(isrc + layout.refcount, 1);
  memory.view8[isrc + layout.flags] = FLAG_CLOSE;
  memory.poke32(isrc + layout.port, port);
  memory.poke64(image.portToIsrc + 8 * port, isrc);
}
