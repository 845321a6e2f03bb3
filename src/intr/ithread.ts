/**
 * Interrupt threads: scheduling one from the upcall, and what it does when it runs (fact sheet on FreeBSD, 2.8).
 * The scheduler's own work and the context switches are lumps.
 */
import type { Addr } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SITE_ADDRESS, SourceFile } from '../x86/sites.ts';
import type { KernelCpu } from './kernel-image.ts';
import { EVENT, HANDLER, ITHREAD, THREAD } from './layout.ts';
import type { FreeBsd } from './os.ts';
import { enableSource, PIC_ENTRY } from './pic.ts';

const file = new SourceFile('sys/kern/kern_intr.c', 'ithread');
const schedule = file.fn('intr_event_schedule_thread');
const loop = file.fn('ithread_loop');
const executeFn = file.fn('ithread_execute_handlers');

const At = {
  need: schedule.site('it_need := 1', 12),
  threadLock: schedule.site('thread_lock', 14),
  runQueue: schedule.site('sched_add', 6),
  unlock: schedule.site('thread_unlock', 10),
  switchIn: loop.site('switch to the ithread', 4),
  claim: loop.site('it_need 1 -> 0', 6),
  handlers: executeFn.site('handlers of the event', 12),
  post: executeFn.site('post_ithread', 6),
  wait: loop.site('wait for the next event, switch back', 8),
};

/** intr_event_schedule_thread(event). The caller has made the call. */
export function* scheduleThread(os: FreeBsd, cpu: KernelCpu, event: Addr, isrc: Addr): Kernel {
  const { core } = cpu;
  core.at(At.need);
  core.push(3);
  core.free(2);
  const tThread = core.load64(event + EVENT.thread, NOW);
  const ithread = core.lo;
  const tKernel = core.load64(ithread + ITHREAD.thread, tThread);
  const kernelThread = core.lo;
  const tNeed = core.operand32(ithread + ITHREAD.need, tThread);
  const idle = core.lo === 0;
  core.store32(ithread + ITHREAD.need, 1, NOW, tNeed);
  core.at(At.threadLock);
  core.add32(cpu.thread + THREAD.spinlockCount, 1, NOW);
  core.microcoded(core.machine.n.popfCycles);
  core.microcoded(core.machine.n.cliCycles);
  const tLock = core.load64(kernelThread + THREAD.lock, tKernel);
  const lock = core.lo;
  core.cmpxchg64(lock, 0, 0, cpu.thread, 0, tLock);
  core.at(At.runQueue);
  if (core.branch(idle, tNeed)) {
    core.lump(os.lumps.ithreadScheduleCycles);
    core.store32(cpu.thread + THREAD.owepreempt, 0, NOW);
    os.observer.ithreadRunnable(isrc, cpu.id);
  }
  core.at(At.unlock);
  core.store64(lock, 0, 0, NOW);
  core.add32(cpu.thread + THREAD.spinlockCount, -1, NOW);
  core.microcoded(core.machine.n.popfCycles);
  core.pop(3);
  core.ret();
}

/**
 * What an ithread does once it is switched to: handlers, post_ithread (which unmasks by hypercall unless the
 * port's user masked it), again while needed, then back to sleep.
 */
export function* runIthread(os: FreeBsd, cpu: KernelCpu, isrc: Addr, event: Addr): Kernel {
  const { core } = cpu;
  core.at(At.switchIn);
  core.lump(os.lumps.ithreadSwitchCycles);
  for (;;) {
    core.at(At.claim);
    const tThread = core.load64(event + EVENT.thread, NOW);
    const ithread = core.lo;
    if (core.behind(tThread)) yield;
    const tNeed = core.cmpxchg32(ithread + ITHREAD.need, 1, 0, tThread);
    if (!core.jcc(core.lo !== 0, tNeed)) break;
    core.at(At.handlers);
    const tFirst = core.load64(event + EVENT.handlers, NOW);
    const handler = core.lo;
    if (core.branch(handler === 0, tFirst)) break;
    const tWork = core.load64(handler + HANDLER.handler, tFirst);
    const user = core.lo === SITE_ADDRESS[EVTCHN_HANDLER];
    core.indirectCall(user ? EVTCHN_HANDLER : DRIVER_HANDLER, tWork);
    core.at(user ? EVTCHN_HANDLER : DRIVER_HANDLER);
    core.lump(user ? os.lumps.evtchnHandlerCycles : os.lumps.ithreadHandlerCycles);
    core.ret();
    core.at(At.post);
    const tPost = core.load64(event + EVENT.postIthread, NOW);
    core.branch(false, tPost);
    core.load64(event + EVENT.source, NOW);
    core.indirectCall(PIC_ENTRY.enable, tPost);
    yield* enableSource(os, cpu, isrc);
  }
  core.at(At.wait);
  core.lump(os.lumps.ithreadWaitCycles);
}

/** Sites of the threaded handlers; their addresses are the function pointers in the handlers. */
export const DRIVER_HANDLER = new SourceFile('sys/dev/xen (drivers)', 'handlers')
  .fn('(threaded handler)')
  .site('work of the driver', 3);
export const EVTCHN_HANDLER = new SourceFile('sys/dev/xen/evtchn/evtchn_dev.c')
  .fn('evtchn_interrupt')
  .site('ring and wake-up of the reader', 40);
