/**
 * Builds bound ports by hand, without charging anybody: for measuring one function on a given population, as the
 * ground truth did. What a run of the model does goes through `bindPort`.
 */
import type { Addr, Port } from '../model/units.ts';
import { SITE_ADDRESS } from '../x86/sites.ts';
import { FILTER } from './dispatch.ts';
import { EVENT, EVTCHN_TYPE, HANDLER, INTSRC, SOFTC_BUCKET } from './layout.ts';
import type { FreeBsd } from './os.ts';

/** Creates `n` isrcs, in use, in vector order. Returns their addresses. */
export function createIsrcs(os: FreeBsd, n: number): Addr[] {
  const isrcs: Addr[] = [];
  for (let i = 0; i < n; i++) {
    const isrc = os.table.reserve();
    os.table.register(isrc);
    os.allocator.adopt(isrc, os.table.count - 1);
    os.image.memory.poke32(isrc + os.generation.isrc.type, EVTCHN_TYPE.port);
    isrcs.push(isrc);
  }
  return isrcs;
}

/** Gives an isrc a port and a handler with a filter that counts. */
export function serve(os: FreeBsd, isrc: Addr, port: Port): void {
  const { image } = os;
  const { memory } = image;
  const event = memory.peek32(isrc + INTSRC.event);
  const handler = image.malloc(HANDLER.bucket);
  memory.poke64(handler + HANDLER.filter, SITE_ADDRESS[FILTER.count]!);
  memory.poke64(handler + HANDLER.argument, image.malloc(SOFTC_BUCKET));
  memory.poke64(event + EVENT.handlers, handler);
  memory.poke32(isrc + os.generation.isrc.port, port);
  memory.poke64(image.portToIsrc + 8 * port, isrc);
}
