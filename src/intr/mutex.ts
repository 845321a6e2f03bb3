/**
 * mtx_lock and mtx_unlock of an MTX_DEF mutex (sys/sys/mutex.h): one lock cmpxchg each when nobody holds it.
 * A held one is spun on, as FreeBSD's adaptive mutexes do while the owner runs; sleeping is not modelled.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import type { KernelCpu } from './kernel-image.ts';
import { MTX_LOCK, MTX_UNOWNED, PCPU, THREAD } from './layout.ts';

const file = new SourceFile('sys/kern/kern_mutex.c');
const AT_SPIN = file.fn('__mtx_lock_sleep').site('adaptive spin', 8);
const AT_SPIN_LOCK = file.fn('_mtx_lock_spin_cookie').site('spin', 8);

/**
 * Takes a mutex. Five instructions when it is free: constant, curthread, cmpxchg, branch.
 *
 * @param pcpu the CPU's struct pcpu, for curthread
 * @param site the caller's site, which goes on being charged
 */
export function* mtxLock(core: Core, mutex: Addr, pcpu: Addr, site: number): Kernel {
  let tried = -1;
  for (;;) {
    core.at(site);
    core.free(1);
    const tThread = core.load64(pcpu + PCPU.curthread, NOW);
    const thread = core.lo;
    if (core.behind(tThread)) yield;
    const t = core.cmpxchg64(mutex + MTX_LOCK, MTX_UNOWNED, 0, thread, 0, tThread);
    if (tried < 0) tried = core.cycleOf(t);
    if (core.jcc(core.lo !== 0, t)) {
      core.lockTaken(mutex, tried, t);
      return;
    }
    let free = false;
    while (!free) {
      core.at(AT_SPIN);
      core.lfence();
      if (core.behind(NOW)) yield;
      const tWord = core.load64(mutex + MTX_LOCK, NOW);
      free = core.branch(core.lo === MTX_UNOWNED, tWord);
    }
  }
}

/**
 * Releases a mutex this thread holds: a ModelBug if it does not. It yields first if somebody else is due before
 * the release, who would otherwise find the mutex free too early.
 */
export function* mtxUnlock(core: Core, mutex: Addr, pcpu: Addr, site: number): Kernel {
  core.at(site);
  core.free(1);
  const tThread = core.load64(pcpu + PCPU.curthread, NOW);
  const thread = core.lo;
  if (core.behind(tThread)) yield;
  const t = core.cmpxchg64(mutex + MTX_LOCK, thread, 0, MTX_UNOWNED, 0, tThread);
  if (core.jcc(core.lo === 0, t)) throw new ModelBug('mutex is not held by this thread', { mutex });
  core.lockReleased(mutex, t);
}

/** spinlock_enter: interrupts off unless they are already. */
export function spinEnter(cpu: KernelCpu): void {
  const { core } = cpu;
  const tThread = core.load64(cpu.pcpu + PCPU.curthread, NOW);
  const tCount = core.load32(cpu.thread + THREAD.spinlockCount, tThread);
  if (core.branch(core.lo === 0, tCount)) {
    core.frame(8);
    core.microcoded(core.machine.n.cliCycles);
    core.unframe(8);
  }
  core.add32(cpu.thread + THREAD.spinlockCount, 1, tThread);
  core.add32(cpu.thread + THREAD.critnest, 1, tThread);
}

/** spinlock_exit: interrupts as they were; the pushfq and popfq pair is charged here. */
export function spinExit(cpu: KernelCpu): void {
  const { core } = cpu;
  const tThread = core.load64(cpu.pcpu + PCPU.curthread, NOW);
  core.add32(cpu.thread + THREAD.critnest, -1, tThread);
  const tCount = core.add32(cpu.thread + THREAD.spinlockCount, -1, tThread);
  if (core.branch(core.lo === 0, tCount)) core.microcoded(core.machine.n.popfCycles);
}

/**
 * mtx_lock_spin: interrupts off, then one lock cmpxchg; a held one is spun on.
 *
 * @param site the caller's site, which goes on being charged
 */
export function* spinLock(cpu: KernelCpu, mutex: Addr, site: number): Kernel {
  const { core } = cpu;
  core.at(site);
  spinEnter(cpu);
  core.interruptsOff++;
  let tried = -1;
  for (;;) {
    if (core.behind(NOW)) yield;
    const t = core.cmpxchg64(mutex + MTX_LOCK, MTX_UNOWNED, 0, cpu.thread, 0, NOW);
    if (tried < 0) tried = core.cycleOf(t);
    if (core.jcc(core.lo !== 0, t)) {
      core.lockTaken(mutex, tried, t);
      return;
    }
    for (let held = true; held; ) {
      core.at(AT_SPIN_LOCK);
      core.lfence();
      if (core.behind(NOW)) yield;
      const tWord = core.load64(mutex + MTX_LOCK, NOW);
      held = core.branch(core.lo !== MTX_UNOWNED, tWord);
    }
    core.at(site);
  }
}

/** mtx_unlock_spin: a plain store, then interrupts as they were; one that waits comes now. */
export function* spinUnlock(cpu: KernelCpu, mutex: Addr, site: number): Kernel {
  const { core } = cpu;
  core.at(site);
  if (core.behind(NOW)) yield;
  core.store64(mutex + MTX_LOCK, MTX_UNOWNED, 0, NOW);
  core.lockReleased(mutex, core.now - core.cycleOf(0));
  spinExit(cpu);
  core.interruptsOff--;
  if (core.interruptWaits && core.interruptsOff === 0) yield;
}
