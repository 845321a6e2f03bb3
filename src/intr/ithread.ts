/**
 * Interrupt threads: scheduling one from the upcall, and what it does when it runs (fact sheet on FreeBSD, 2.8).
 * The scheduler's own work and the context switches are lumps.
 */
import type { Addr, Ready } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SITE_ADDRESS, SourceFile } from '../x86/sites.ts';
import type { KernelCpu } from './kernel-image.ts';
import { EVENT, HANDLER, IH_DEAD, ITHREAD, MTX_LOCK, MTX_UNOWNED, TDI_IWAIT, THREAD } from './layout.ts';
import { mtxLock, mtxUnlock, spinEnter, spinExit } from './mutex.ts';
import type { FreeBsd } from './os.ts';
import { enableSource, PIC_ENTRY } from './pic.ts';

const file = new SourceFile('sys/kern/kern_intr.c', 'ithread');
const schedule = file.fn('intr_event_schedule_thread');
const loop = file.fn('ithread_loop');
const executeFn = file.fn('ithread_execute_handlers');

const At = {
  need: schedule.site('it_need := 1', 12),
  threadLock: schedule.site('thread_lock', 18),
  waiting: schedule.site('TD_AWAITING_INTR', 6),
  runQueue: schedule.site('sched_add', 8),
  unlock: schedule.site('thread_unlock', 10),
  switchIn: loop.site('switch to the ithread', 4),
  claim: loop.site('it_need 1 -> 0', 6),
  sleepLock: loop.site('thread_lock', 16),
  again: loop.site('it_need once more, TD_SET_IWAIT', 16),
  handlers: executeFn.site('handlers of the event', 12),
  dead: executeFn.site('remove a dead handler, wake the remover', 24),
  post: executeFn.site('post_ithread', 6),
  wait: loop.site('wait for the next event, switch back', 8),
};

/** intr_event_schedule_thread(event). The caller has made the call. */
export function* scheduleThread(os: FreeBsd, cpu: KernelCpu, event: Addr): Kernel {
  const { core } = cpu;
  core.at(At.need);
  core.push(3);
  core.free(2);
  const tIthread = core.load64(event + EVENT.thread, NOW);
  const ithread = core.lo;
  const tThread = core.load64(ithread + ITHREAD.thread, tIthread);
  const thread = core.lo;
  if (core.behind(tThread)) yield;
  core.store32(ithread + ITHREAD.need, 1, NOW, tIthread);
  core.at(At.threadLock);
  let tLock = threadLock(cpu, thread, tThread);
  let lock = core.lo;
  core.at(At.waiting);
  const tWaits = core.load32(thread + THREAD.inhibitors, tThread);
  const inhibitors = core.lo;
  if (core.branch((inhibitors & TDI_IWAIT) !== 0, tWaits)) {
    core.store32(thread + THREAD.inhibitors, inhibitors & ~TDI_IWAIT, tWaits, tThread);
    core.at(At.runQueue);
    core.free(1);
    if (core.branch(lock !== cpu.runQueue, tLock)) {
      // It last ran elsewhere: it moves to the run queue of this CPU.
      core.cmpxchg64(cpu.runQueue + MTX_LOCK, MTX_UNOWNED, 0, cpu.thread, 0, NOW);
      core.store64(thread + THREAD.lock, cpu.runQueue, 0, NOW, tThread);
      core.store64(lock + MTX_LOCK, MTX_UNOWNED, 0, NOW, tLock);
      lock = cpu.runQueue;
      tLock = NOW;
    }
    core.lump(os.lumps.ithreadScheduleCycles);
    core.store32(cpu.thread + THREAD.owepreempt, 1, NOW);
    os.observer.ithreadRunnable(event, cpu.id);
  }
  core.at(At.unlock);
  core.store64(lock + MTX_LOCK, MTX_UNOWNED, 0, NOW, tLock);
  spinExit(cpu);
  core.pop(3);
  core.ret();
}

/** thread_lock: the lock of the run queue the thread is on. Leaves it in `core.lo`; returns when it is known. */
function threadLock(cpu: KernelCpu, thread: Addr, tThread: Ready): Ready {
  const { core } = cpu;
  spinEnter(cpu);
  const tLock = core.load64(thread + THREAD.lock, tThread);
  const lock = core.lo;
  core.jcc(false, core.cmpxchg64(lock + MTX_LOCK, MTX_UNOWNED, 0, cpu.thread, 0, tLock));
  core.branch(false, core.operand64(thread + THREAD.lock, tThread));
  core.lo = lock;
  return tLock;
}

/**
 * What an ithread does once it is switched to: handlers, post_ithread (which unmasks by hypercall unless the
 * port's user masked it), again while needed, then back to sleep.
 */
export function* runIthread(os: FreeBsd, cpu: KernelCpu, event: Addr): Kernel {
  const { core } = cpu;
  core.at(At.switchIn);
  core.lump(os.lumps.ithreadSwitchCycles);
  const tIthread = core.load64(event + EVENT.thread, NOW);
  const ithread = core.lo;
  core.load64(ithread + ITHREAD.thread, tIthread);
  const thread = core.lo;
  for (;;) {
    core.at(At.claim);
    if (core.behind(tIthread)) yield;
    const tNeed = core.cmpxchg32(ithread + ITHREAD.need, 1, 0, tIthread);
    if (core.jcc(core.lo !== 0, tNeed)) {
      yield* executeHandlers(os, cpu, event);
      continue;
    }
    core.at(At.sleepLock);
    if (core.behind(NOW)) yield;
    const tLock = threadLock(cpu, thread, NOW);
    const lock = core.lo;
    core.at(At.again);
    const tAgain = core.operand32(ithread + ITHREAD.need, NOW);
    const sleeps = core.branch(core.lo === 0, tAgain);
    if (sleeps) core.or32(thread + THREAD.inhibitors, TDI_IWAIT, NOW);
    core.store64(lock + MTX_LOCK, MTX_UNOWNED, 0, NOW, tLock);
    spinExit(cpu);
    if (sleeps) break;
  }
  core.at(At.wait);
  core.lump(os.lumps.ithreadWaitCycles);
}

/** ithread_execute_handlers: the handler of the event, or its removal if it is dead; then post_ithread. */
function* executeHandlers(os: FreeBsd, cpu: KernelCpu, event: Addr): Kernel {
  const { core } = cpu;
  core.at(At.handlers);
  const tFirst = core.load64(event + EVENT.handlers, NOW);
  const handler = core.lo;
  if (!core.branch(handler === 0, tFirst)) {
    if (core.behind(tFirst)) yield;
    const tFlags = core.load32(handler + HANDLER.flags, tFirst);
    const flags = core.lo;
    if (core.branch((flags & IH_DEAD) !== 0, tFlags)) {
      yield* removeDead(cpu, event, handler, flags);
    } else {
      const tWork = core.load64(handler + HANDLER.handler, tFirst);
      const user = core.lo === SITE_ADDRESS[EVTCHN_HANDLER];
      const cycles = user ? os.lumps.evtchnHandlerCycles : os.lumps.ithreadHandlerCycles;
      core.indirectCall(user ? EVTCHN_HANDLER : DRIVER_HANDLER, tWork);
      core.at(user ? EVTCHN_HANDLER : DRIVER_HANDLER);
      if (cycles > 0) core.lump(cycles);
      core.ret();
    }
  }
  core.at(At.post);
  const tPost = core.load64(event + EVENT.postIthread, NOW);
  core.branch(false, tPost);
  const tSource = core.load64(event + EVENT.source, NOW);
  const isrc = core.lo;
  core.indirectCall(PIC_ENTRY[os.generation.id].enable, tPost);
  yield* enableSource(os, cpu, isrc, tSource);
  core.at(At.post);
}

/** The thread that asked for the removal of a handler waits for this: unlinked, and no longer marked. */
function* removeDead(cpu: KernelCpu, event: Addr, handler: Addr, flags: number): Kernel {
  const { core, pcpu } = cpu;
  yield* mtxLock(core, event + EVENT.lockObject, pcpu, At.dead);
  core.at(At.dead);
  core.store64(event + EVENT.handlers, 0, 0, NOW);
  core.store32(handler + HANDLER.flags, flags & ~IH_DEAD, NOW);
  yield* mtxUnlock(core, event + EVENT.lockObject, pcpu, At.dead);
}

/** Sites of the threaded handlers; their addresses are the function pointers in the handlers. */
export const DRIVER_HANDLER = new SourceFile('sys/dev/xen (drivers)', 'handlers')
  .fn('(threaded handler)')
  .site('work of the driver', 3);
export const EVTCHN_HANDLER = new SourceFile('sys/dev/xen/evtchn/evtchn_dev.c')
  .fn('evtchn_interrupt')
  .site('ring and wake-up of the reader', 40);
