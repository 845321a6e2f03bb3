/**
 * Creating an isrc when none is unused: xen_intr_alloc_isrc with intr_register_source and intr_event_create
 * (fact sheet on FreeBSD, 3.2). Order of magnitude: two or three mallocs, four formatted prints, seven locked
 * operations; the mallocs and prints are lumps. isrcs, events and counter slots are never freed.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { PORTS } from '../xen/abi.ts';
import { FIRST_EVTCHN_IRQ, type KernelCpu } from './kernel-image.ts';
import { EVENT, INTSRC, PIC, XENISRC_BYTES } from './layout.ts';
import { mtxLock, mtxUnlock } from './mutex.ts';
import type { FreeBsd } from './os.ts';
import { PIC_ENTRY } from './pic.ts';

const alloc = new SourceFile('sys/x86/xen/xen_intr.c', 'alloc').fn('xen_intr_alloc_isrc');
const machdep = new SourceFile('sys/x86/x86/intr_machdep.c', 'register');
const register = machdep.fn('intr_register_source');
const eventCreate = new SourceFile('sys/kern/kern_intr.c', 'create').fn('intr_event_create');

const At = {
  count: alloc.site('limit, next vector', 12),
  malloc: alloc.site('malloc and fill', 16),
  vector: register.site('vector, table slot', 12),
  event: eventCreate.site('malloc, mutex, name', 40),
  eventList: eventCreate.site('insert into the event list', 14),
  table: register.site('sx_xlock, re-check', 12),
  counters: register.site('intrcnt_register, names', 40),
  publish: register.site('store the table slot, sx_xunlock', 12),
};

/** Creates an isrc, in use. A ModelBug when all 4,096 exist: at most 4,095 ports can be bound. */
export function* createIsrc(os: FreeBsd, cpu: KernelCpu): Kernel<Addr> {
  const { core, pcpu } = cpu;
  const { image, lumps, table } = os;
  const { statics } = image;
  core.at(At.count);
  const tCount = core.load32(statics.autoVectorCount, NOW);
  if (core.branch(table.count >= PORTS, tCount))
    throw new ModelBug('more isrcs than ports', { count: table.count });
  core.at(At.malloc);
  core.lump(lumps.mallocCycles);
  const isrc = table.reserve();
  core.repStos(isrc, XENISRC_BYTES, NOW);
  table.register(isrc);
  core.store32(statics.autoVectorCount, table.count, tCount);
  core.store64(isrc + INTSRC.pic, image.pic, 0, NOW);
  core.store32(isrc + os.generation.isrc.vector, FIRST_EVTCHN_IRQ + table.count - 1, NOW);
  core.at(At.vector);
  core.indirectCall(PIC_ENTRY.vector, core.operand64(image.pic + PIC.vector, NOW));
  core.at(PIC_ENTRY.vector);
  core.ret();
  core.at(At.event);
  core.lump(lumps.mallocCycles + lumps.formatCycles);
  core.load64(isrc + INTSRC.event, NOW);
  const event = core.lo;
  core.store64(event + EVENT.source, isrc, 0, NOW);
  yield* mtxLock(core, statics.eventListLock, pcpu, At.eventList);
  core.store64(event, 0, 0, NOW);
  mtxUnlock(core, statics.eventListLock, pcpu, At.eventList);
  yield* mtxLock(core, statics.intrTableLock, pcpu, At.table);
  core.at(At.counters);
  core.lump(3 * lumps.formatCycles);
  core.at(At.publish);
  core.store64(image.interruptSources + 8 * (table.count - 1), isrc, 0, NOW);
  mtxUnlock(core, statics.intrTableLock, pcpu, At.publish);
  os.allocator.adopt(isrc, table.count - 1);
  return isrc;
}
