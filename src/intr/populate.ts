/**
 * Bound ports without hypercalls: for measuring one function on a given population, as the ground truth did. What
 * a run of the model does goes through `bindPort`.
 */
import type { Addr, Port } from '../model/units.ts';
import { SITE_ADDRESS } from '../x86/sites.ts';
import { claimVector, createIsrc } from './alloc-isrc.ts';
import { FILTER } from './dispatch.ts';
import type { KernelCpu } from './kernel-image.ts';
import { EVENT, EVTCHN_TYPE, FLAG_CLOSE, HANDLER, INTSRC, SOFTC_BUCKET } from './layout.ts';
import { type FreeBsd, runAlone } from './os.ts';

/** Creates `n` isrcs, in use, in vector order. Returns their addresses. */
export function createIsrcs(os: FreeBsd, cpu: KernelCpu, n: number): Addr[] {
  return Array.from({ length: n }, () => {
    cpu.core.begin(cpu.core.now);
    return runAlone(createIsrc(os, cpu, claimVector(os, cpu), EVTCHN_TYPE.port));
  });
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
