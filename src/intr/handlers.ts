/**
 * intr_event_add_handler and intr_event_remove_handler with what intr_add_handler does around them: the second
 * half of a bind and the first of an unbind (fact sheet on FreeBSD, 3.6 and 3.7). Memory, threads and name
 * formatting are lumps; locks, hypercalls and the lists are done.
 */
import type { Addr } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SITE_ADDRESS, SourceFile } from '../x86/sites.ts';
import { FILTER } from './dispatch.ts';
import { writeName } from './intr-names.ts';
import { DRIVER_HANDLER, EVTCHN_HANDLER, scheduleThread } from './ithread.ts';
import { FIRST_EVTCHN_IRQ, type KernelCpu } from './kernel-image.ts';
import {
  EVENT,
  HANDLER,
  IH_DEAD,
  INTSRC,
  ITHREAD,
  PCPU,
  PIC,
  SOFTC_BUCKET,
  TDI_IWAIT,
  THREAD,
} from './layout.ts';
import { mtxLock, mtxUnlock } from './mutex.ts';
import { type FreeBsd, HandlerKind, type HandlerKindCode } from './os.ts';
import { disableIntr, disableSource, enableIntr, enableSource, PIC_ENTRY } from './pic.ts';

const kernIntr = new SourceFile('sys/kern/kern_intr.c', 'handlers');
const machdep = new SourceFile('sys/x86/x86/intr_machdep.c', 'handlers');
const add = kernIntr.fn('intr_event_add_handler');
const remove = kernIntr.fn('intr_event_remove_handler');
const barrierFn = kernIntr.fn('intr_event_barrier');
const addMd = machdep.fn('intr_add_handler');
const removeMd = machdep.fn('intr_remove_handler');

const At = {
  malloc: add.site('malloc of the handler', 12),
  lock: add.site('mtx_lock(ie_lock)', 8),
  thread: add.site('ithread_create', 10),
  insert: add.site('insert into the list, rebuild the name', 16),
  unlock: add.site('mtx_unlock(ie_lock)', 8),
  tableLock: addMd.site('sx_xlock(intrsrc_lock)', 8),
  names: addMd.site('intrcnt_updatename', 16),
  first: addMd.site('first handler: enable', 16),
  tableUnlock: addMd.site('sx_xunlock', 11),
  removeLock: remove.site('mtx_lock(ie_lock)', 12),
  unlink: remove.site('unlink, or mark dead and schedule the ithread', 12),
  sleep: remove.site('sleep until the ithread removed it', 20),
  rename: remove.site('rebuild the name', 4),
  barrier: barrierFn.site('flip the phase, wait for running handlers', 12),
  removeUnlock: remove.site('mtx_unlock(ie_lock), free', 12),
  removeTableLock: removeMd.site('sx_xlock(intrsrc_lock)', 8),
  last: removeMd.site('last handler: disable', 10),
  removeNames: removeMd.site('intrcnt_updatename', 16),
  removeTableUnlock: removeMd.site('sx_xunlock', 11),
};

/** Adds a handler of the kind to an isrc's event and enables the source if it is the first. */
export function* addHandler(os: FreeBsd, cpu: KernelCpu, isrc: Addr, kind: HandlerKindCode): Kernel {
  const { core, pcpu } = cpu;
  const { image, lumps } = os;
  const { intrTableLock } = image.statics;
  core.at(At.malloc);
  core.push(6);
  core.lump(lumps.mallocCycles);
  const handler = image.malloc(HANDLER.bucket);
  core.repStos(handler, HANDLER.bytes, NOW);
  core.load64(isrc + INTSRC.event, NOW);
  const event = core.lo;
  yield* mtxLock(core, event + EVENT.lockObject, pcpu, At.lock);
  if (kind !== HandlerKind.filter) ensureThread(os, cpu, event);
  core.at(At.insert);
  const filter = kind === HandlerKind.filter ? FILTER.count : FILTER.evtchn;
  core.store64(handler + HANDLER.filter, kind === HandlerKind.ithread ? 0 : SITE_ADDRESS[filter]!, 0, NOW);
  const work = kind === HandlerKind.user ? EVTCHN_HANDLER : DRIVER_HANDLER;
  core.store64(handler + HANDLER.handler, SITE_ADDRESS[work]!, 0, NOW);
  const argument = kind === HandlerKind.user ? isrc : image.malloc(SOFTC_BUCKET);
  core.store64(handler + HANDLER.argument, argument, 0, NOW);
  core.store64(event + EVENT.handlers, handler, 0, NOW);
  core.lump(lumps.formatCycles);
  yield* mtxUnlock(core, event + EVENT.lockObject, pcpu, At.unlock);
  yield* mtxLock(core, intrTableLock, pcpu, At.tableLock);
  core.at(At.names);
  updateName(os, cpu, isrc);
  core.at(At.first);
  core.add32(isrc + INTSRC.handlers, 1, NOW);
  if (core.branch(core.lo === 1, NOW)) {
    const entry = PIC_ENTRY[os.generation.id];
    callPic(core, isrc, PIC.enableIntr, entry.enableIntr);
    yield* enableIntr(os, cpu, isrc, NOW);
    core.at(At.first);
    callPic(core, isrc, PIC.enableSource, entry.enable);
    yield* enableSource(os, cpu, isrc, NOW);
  }
  yield* mtxUnlock(core, intrTableLock, pcpu, At.tableUnlock);
  core.pop(6);
  core.ret();
}

/** The event's ithread: created once, kept when the isrc is reused. */
function ensureThread(os: FreeBsd, cpu: KernelCpu, event: Addr): void {
  const { core } = cpu;
  const { image, lumps } = os;
  core.at(At.thread);
  const tThread = core.load64(event + EVENT.thread, NOW);
  if (!core.branch(core.lo === 0, tThread)) return;
  core.lump(lumps.threadCreateCycles);
  const ithread = image.malloc(ITHREAD.bucket);
  const thread = image.malloc(THREAD.bucket);
  image.memory.poke64(thread + THREAD.lock, cpu.runQueue);
  image.memory.poke64(ithread + ITHREAD.event, event);
  core.store32(thread + THREAD.inhibitors, TDI_IWAIT, NOW);
  core.store64(ithread + ITHREAD.thread, thread, 0, NOW);
  core.store32(ithread + ITHREAD.need, 0, NOW);
  core.store64(event + EVENT.thread, ithread, 0, NOW);
}

/** Removes the only handler of an isrc's event and disables the source. */
export function* removeHandler(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { core, pcpu } = cpu;
  const { image, lumps } = os;
  const { intrTableLock } = image.statics;
  core.at(At.removeLock);
  core.push(5);
  core.load64(isrc + INTSRC.event, NOW);
  const event = core.lo;
  const lock = event + EVENT.lockObject;
  yield* mtxLock(core, lock, pcpu, At.removeLock);
  core.at(At.unlink);
  core.load64(event + EVENT.handlers, NOW);
  const handler = core.lo;
  core.load64(handler + HANDLER.argument, NOW);
  const argument = core.lo;
  const tThread = core.load64(event + EVENT.thread, NOW);
  if (core.branch(core.lo === 0, tThread)) yield* unlink(cpu, event);
  else {
    // The kernel drops the mutex a moment later, in msleep. Here it is dropped before the handler is marked dead,
    // so that an ithread which preempts this thread never spins on it.
    yield* mtxUnlock(core, lock, pcpu, At.sleep);
    core.at(At.unlink);
    core.or32(handler + HANDLER.flags, IH_DEAD, NOW);
    core.call();
    yield* scheduleThread(os, cpu, event);
    yield* sleepUntilRemoved(os, cpu, lock, handler);
  }
  core.at(At.rename);
  core.lump(lumps.formatCycles);
  yield* mtxUnlock(core, lock, pcpu, At.removeUnlock);
  core.lump(lumps.freeCycles);
  image.free(HANDLER.bucket, handler);
  if (argument !== isrc) image.free(SOFTC_BUCKET, argument);
  yield* mtxLock(core, intrTableLock, pcpu, At.removeTableLock);
  core.at(At.last);
  core.add32(isrc + INTSRC.handlers, -1, NOW);
  if (core.branch(core.lo === 0, NOW)) {
    const entry = PIC_ENTRY[os.generation.id];
    callPic(core, isrc, PIC.disableSource, entry.disable);
    yield* disableSource(os, cpu, isrc, NOW);
    core.at(At.last);
    callPic(core, isrc, PIC.disableIntr, entry.disableIntr);
    yield* disableIntr(os, cpu, isrc, NOW);
  }
  core.at(At.removeNames);
  updateName(os, cpu, isrc);
  yield* mtxUnlock(core, intrTableLock, pcpu, At.removeTableUnlock);
  core.pop(5);
  core.ret();
}

/** intrcnt_updatename: the name of the event's counter. */
function updateName(os: FreeBsd, cpu: KernelCpu, isrc: Addr): void {
  cpu.core.load32(isrc + INTSRC.index, NOW);
  writeName(os, cpu, cpu.core.lo - FIRST_EVTCHN_IRQ, 0);
}

/** A call of a function of the isrc's PIC. */
function callPic(core: Core, isrc: Addr, slot: number, entry: number): void {
  const tPic = core.load64(isrc + INTSRC.pic, NOW);
  core.indirectCall(entry, core.operand64(core.lo + slot, tPic));
}

/** Unlinks a filter's handler, flips the phase and waits until nobody runs handlers of the old one. */
function* unlink(cpu: KernelCpu, event: Addr): Kernel {
  const { core, pcpu } = cpu;
  core.store64(event + EVENT.handlers, 0, 0, NOW);
  core.at(At.barrier);
  const tPhase = core.load32(event + EVENT.phase, NOW);
  const phase = core.lo;
  if (core.behind(tPhase)) yield;
  core.store32(event + EVENT.phase, 1 - phase, core.alu(tPhase));
  core.lockAdd32(pcpu + PCPU.monitorbuf, 0, NOW);
  for (;;) {
    if (core.behind(NOW)) yield;
    const tActive = core.load32(event + EVENT.active + 4 * phase, tPhase);
    if (!core.branch(core.lo > 0, tActive)) return;
    core.lfence();
    core.at(At.barrier);
  }
}

/** msleep on the handler until the ithread has unlinked it. */
function* sleepUntilRemoved(os: FreeBsd, cpu: KernelCpu, lock: Addr, handler: Addr): Kernel {
  const { core, pcpu } = cpu;
  core.at(At.sleep);
  core.lump(os.lumps.threadSleepCycles);
  for (;;) {
    core.behind(NOW);
    // Always: the ithread may have to run on this very CPU.
    yield;
    const tFlags = core.load32(handler + HANDLER.flags, NOW);
    if (!core.branch((core.lo & IH_DEAD) !== 0, tFlags)) break;
    core.lfence();
    core.at(At.sleep);
  }
  yield* mtxLock(core, lock, pcpu, At.sleep);
}
