/** Cases of the upcall kernels: 4,096 bound ports, of which some are pending before each call. */
import type { Addr } from '../../../model/units.ts';
import { NOW } from '../../../x86/core.ts';
import type { Machine } from '../../../x86/machine.ts';
import { LINE_BYTES, PAGE_BYTES } from '../../../x86/memory.ts';
import { SITE_ADDRESS } from '../../../x86/sites.ts';
import { type Case, steadyEffort } from '../case.ts';
import { LEAF } from '../kernels/leaf.ts';
import { upcallBare } from '../kernels/upcall-bare.ts';
import { upcallEvents } from '../kernels/upcall-events.ts';
import type { UpcallData } from '../kernels/upcall-parts.ts';
import { EVENT, HANDLER, PERCPU, PICOPS, SCAN, SHARED, SOURCE, THREAD, VCPU } from '../layout.ts';
import type { Parameters } from '../parameters.ts';
import { type Layout, orderOf } from '../population.ts';
import { Room } from '../room.ts';
import { DataLines } from '../states.ts';
import { type PendingState, pendingOf } from './ports.ts';

const PORTS = 4096;
const SOURCE_BUCKET = 128;
/** Instructions of a call for one port, about: for the number of calls only. */
const PER_PORT = 150;

/** How much of the dispatch a kernel has. */
export const UPCALL_KINDS = ['bare', 'lite', 'full'] as const;

/** One of them. */
export type UpcallKind = (typeof UPCALL_KINDS)[number];

/** upcall_{bare,lite,full}_{and,btr}. */
export function upcallCase(
  machine: Machine,
  p: Parameters,
  layout: Layout,
  kind: UpcallKind,
  btr: boolean,
): Case {
  const pending = pendingOf(p);
  const room = new Room(machine);
  const { core, memory, uncore, scalars, percpu, thread } = room;
  const data = new DataLines(memory);
  const place = (name: string, bytes: number, align: number) => {
    const at = memory.place(name, bytes, align);
    data.add(at, bytes);
    return at;
  };
  const page = memory.place('struct shared', SHARED.bytes, PAGE_BYTES);
  data.add(page + SHARED.pending, SHARED.end - SHARED.pending);
  data.add(page, VCPU.bytes);
  const scan = place('struct scanstate', SCAN.bytes, LINE_BYTES);
  const portSources = place('port_src', PORTS * 8, LINE_BYTES);
  data.add(percpu, PERCPU.bytes);
  data.add(thread, THREAD.bytes);
  memory.poke64(scalars.sharedPage, page);
  memory.poke64(percpu + PERCPU.scan, scan);
  memory.poke64(scan + SCAN.vcpu, page);
  for (let w = 0; w < 64; w++) memory.poke64(scan + SCAN.enabled + 8 * w, -1, -1);
  memory.poke32(scan + SCAN.lastWord, 63);
  memory.poke32(scan + SCAN.lastBit, 63);
  bindAll(room, place, portSources, layout);
  const of: UpcallData = { sharedPage: scalars.sharedPage, portSources, percpu };
  return {
    core,
    uncore,
    data,
    touched: [],
    effort: steadyEffort(PER_PORT * pending.ports.length),
    restore: () => raise(room, page, scan, pending),
    call: () => (kind === 'bare' ? upcallBare(core, of, btr) : upcallEvents(core, of, kind === 'full', btr)),
  };
}

/** A source with its event and handler for every port. */
function bindAll(
  room: Room,
  place: (name: string, bytes: number, align: number) => Addr,
  portSources: Addr,
  layout: Layout,
): void {
  const { memory } = room;
  const pic = memory.place('struct picops', PICOPS.bytes, LINE_BYTES);
  memory.poke64(pic + PICOPS.vector, SITE_ADDRESS[LEAF.vector]!);
  const sources = place('sources', PORTS * SOURCE_BUCKET, PAGE_BYTES);
  const events = place('events', PORTS * EVENT.bucket, PAGE_BYTES);
  const handlers = place('handlers', PORTS * HANDLER.bucket, PAGE_BYTES);
  const counts = place('counters of the sources', PORTS * 8, LINE_BYTES);
  const served = place('counters of the filters', PORTS * 8, LINE_BYTES);
  orderOf(PORTS, layout.shuffled).forEach((at, port) => {
    const source = sources + at * SOURCE_BUCKET;
    const event = events + at * EVENT.bucket;
    const handler = handlers + at * HANDLER.bucket;
    memory.poke64(portSources + 8 * port, source);
    memory.poke64(source + SOURCE.pic, pic);
    memory.poke64(source + SOURCE.event, event);
    memory.poke64(source + SOURCE.count, counts + 8 * port);
    memory.poke32(source + SOURCE.vector, port + 1);
    memory.poke64(event + EVENT.first, handler);
    memory.poke64(event + EVENT.source, source);
    memory.poke64(event + EVENT.postFilter, SITE_ADDRESS[LEAF.eoi]!);
    memory.poke64(handler + HANDLER.filter, SITE_ADDRESS[LEAF.count]!);
    memory.poke64(handler + HANDLER.argument, served + 8 * port);
  });
}

/** Makes the ports pending again, and puts the cursors back if the row says so. */
function raise(room: Room, page: Addr, scan: Addr, s: PendingState): void {
  const { core } = room;
  for (const { word, lo, hi } of s.words) core.store64(page + SHARED.pending + 8 * word, lo, hi, NOW);
  core.store64(page + VCPU.selector, s.selectorLo, s.selectorHi, NOW);
  core.store8(page + VCPU.upcallPending, 1, NOW);
  if (!s.reset) return;
  core.store32(scan + SCAN.lastWord, 63, NOW);
  core.store32(scan + SCAN.lastBit, 63, NOW);
}
