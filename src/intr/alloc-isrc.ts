/**
 * Creating an isrc when none is unused: xen_intr_alloc_isrc (in C the end of xen_arch_intr_alloc) with
 * intr_register_source and intr_event_create (fact sheet on FreeBSD, 3.2). The mallocs and the formatted prints
 * are lumps; locks, lists and what is zeroed are done. isrcs, events and counter slots are never freed.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr, Port } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { PORTS } from '../xen/abi.ts';
import { writeName } from './intr-names.ts';
import type { IsrcTable } from './isrc-table.ts';
import { FIRST_EVTCHN_IRQ, type KernelCpu } from './kernel-image.ts';
import { EVENT, INTSRC, MTX_LOCK, MTX_UNOWNED, PIC, XENISRC_BUCKET, XENISRC_BYTES } from './layout.ts';
import type { Lumps } from './lumps.ts';
import { mtxLock, mtxUnlock, spinLock, spinUnlock } from './mutex.ts';
import type { FreeBsd } from './os.ts';
import { PIC_ENTRY } from './pic.ts';
import { GENERATION_A, type GenerationId, perGeneration } from './source-files.ts';

const machdep = new SourceFile('sys/x86/x86/intr_machdep.c', 'register');
const register = machdep.fn('intr_register_source');
const counterRegister = machdep.fn('intrcnt_register');
const eventCreate = new SourceFile('sys/kern/kern_intr.c', 'create').fn('intr_event_create');

const AT = perGeneration('alloc', ({ id, arch }) => {
  const alloc = arch.fn(id === GENERATION_A ? 'xen_intr_alloc_isrc' : 'xen_arch_intr_alloc');
  return { count: alloc.site('limit, next vector', 8), malloc: alloc.site('malloc and fill', 16) };
});

const At = {
  vector: register.site('vector, table slot', 12),
  event: eventCreate.site('malloc, mutex, name', 16),
  eventList: eventCreate.site('insert into the event list', 24),
  table: register.site('sx_xlock, re-check', 12),
  counters: counterRegister.site('two counters, three names', 32),
  publish: register.site('store the table slot, sx_xunlock', 16),
};

/**
 * Whether a generation's own test lets one more isrc be created. A's is off by one: with all 4,096 there it goes on,
 * to a vector behind the end of interrupt_sources (fact sheet on FreeBSD, 3.2). C's is right.
 *
 * @param count isrcs there are
 */
export function mayCreate(generation: GenerationId, count: number): boolean {
  return generation === GENERATION_A ? count <= PORTS : count < PORTS;
}

/**
 * Takes the next vector, in one step: the caller holds the lock that protects the count (A), or has just let it go (C). Returns its index. When there are 4,096
 * isrcs already, which ports alone cannot bring about, it is a UserError (exit 2): a bind that fails is not modelled,
 * and what A would write to behind its table is nothing that could go on.
 */
export function claimVector(os: FreeBsd, cpu: KernelCpu): number {
  const { core } = cpu;
  const { statics } = os.image;
  core.at(AT[os.generation.id].count);
  const tCount = core.load32(statics.autoVectorCount, NOW);
  const count = core.lo;
  core.branch(!mayCreate(os.generation.id, count), tCount);
  const index = os.table.claim();
  if (index !== count) throw new ModelBug('vector count is not the number of isrcs', { index, count });
  core.alu(tCount);
  core.store32(statics.autoVectorCount, index + 1, tCount);
  core.load32(statics.firstEvtchnIrq, NOW);
  return index;
}

/**
 * Creates the isrc of a claimed vector, in use.
 *
 * @param type its xi_type: a scan on another CPU must not take it for unused
 * @param port the port it is for
 */
export function* createIsrc(
  os: FreeBsd,
  cpu: KernelCpu,
  index: number,
  type: number,
  port: Port,
): Kernel<Addr> {
  const isrc = yield* registerIsrc(os.table, os.lumps, cpu, index, type);
  os.allocator.adopt(isrc, index, port);
  return isrc;
}

/** The isrc of a vector from malloc to intr_register_source: createIsrc without telling the strategy. */
export function* registerIsrc(
  table: IsrcTable,
  lumps: Lumps,
  cpu: KernelCpu,
  index: number,
  type: number,
): Kernel<Addr> {
  const { core, pcpu } = cpu;
  const { image, layout, generation } = table;
  const { statics } = image;
  const vector = FIRST_EVTCHN_IRQ + index;
  core.at(AT[generation].malloc);
  core.lump(lumps.mallocCycles);
  const isrc = image.malloc(XENISRC_BUCKET);
  core.repStos(isrc, XENISRC_BYTES, NOW);
  core.store64(isrc + INTSRC.pic, image.pic, 0, NOW);
  core.store32(isrc + layout.vector, vector, NOW);
  core.store32(isrc + layout.type, type, NOW);
  core.call();
  core.at(At.vector);
  askVector(table, cpu, isrc);
  core.at(At.vector);
  core.branch(false, core.load64(table.slot(index), NOW));
  core.at(At.event);
  core.call();
  core.lump(lumps.mallocCycles);
  const event = image.malloc(EVENT.bucket);
  core.repStos(event, EVENT.bytes, NOW);
  core.store64(event + EVENT.source, isrc, 0, NOW);
  core.store64(event + EVENT.lockObject + MTX_LOCK, MTX_UNOWNED, 0, NOW);
  core.lump(lumps.formatCycles);
  yield* mtxLock(core, statics.eventListLock, pcpu, At.eventList);
  // Tail insert: the link of the event created before, on its first line.
  if (table.lastEvent !== 0) core.store64(table.lastEvent, event, 0, NOW);
  core.store64(event, 0, 0, NOW);
  table.linkEvent(event);
  yield* mtxUnlock(core, statics.eventListLock, pcpu, At.eventList);
  core.ret();
  core.at(At.table);
  core.store64(isrc + INTSRC.event, event, 0, NOW);
  yield* mtxLock(core, statics.intrTableLock, pcpu, At.table);
  core.branch(false, core.load64(table.slot(index), NOW));
  core.call();
  yield* spinLock(cpu, statics.counterLock, At.counters);
  askVector(table, cpu, isrc);
  core.at(At.counters);
  const counter = image.intrcnt + 8 * (1 + 2 * index);
  core.store32(isrc + INTSRC.index, vector, NOW);
  core.store64(isrc + INTSRC.count, counter, 0, NOW);
  core.store64(isrc + INTSRC.straycount, counter + 8, 0, NOW);
  writeName(image, lumps, cpu, index, 0);
  core.lump(lumps.formatCycles);
  writeName(image, lumps, cpu, index, 1);
  yield* spinUnlock(cpu, statics.counterLock, At.counters);
  core.ret();
  core.at(At.publish);
  if (core.behind(NOW)) yield;
  core.store64(table.slot(index), isrc, 0, NOW);
  yield* mtxUnlock(core, statics.intrTableLock, pcpu, At.publish);
  core.ret();
  return isrc;
}

/** The indirect call that asks the PIC for the isrc's vector. */
function askVector(table: IsrcTable, cpu: KernelCpu, isrc: Addr): void {
  const { core } = cpu;
  const entry = PIC_ENTRY[table.generation].vector;
  const tPic = core.load64(isrc + INTSRC.pic, NOW);
  core.indirectCall(entry, core.operand64(core.lo + PIC.vector, tPic));
  core.at(entry);
  core.load32(isrc + table.layout.vector, NOW);
  core.ret();
}
