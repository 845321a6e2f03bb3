/**
 * raw_spin_lock (a queued spinlock: one cmpxchg when it is free, one byte store to release) and mutex_lock with its
 * optimistic spinning. Sleeping on a mutex, and the queue of waiters of a spinlock, are not modelled.
 */
import { ModelBug } from '../../model/errors.ts';
import type { Addr } from '../../model/units.ts';
import { type Core, type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';

const AT_SLOW = new SourceFile('kernel/locking/qspinlock.c').fn('queued_spin_lock_slowpath').site('wait', 6);
const AT_MUTEX = new SourceFile('kernel/locking/mutex.c').fn('mutex_optimistic_spin').site('wait', 8);

/** Takes a spinlock. @param site the caller's site, which goes on being charged */
export function* rawSpinLock(core: Core, lock: Addr, site: number): Kernel {
  let tried = -1;
  for (;;) {
    core.at(site);
    if (core.behind(NOW)) yield;
    const t = core.cmpxchg32(lock, 0, 1, NOW);
    if (tried < 0) tried = core.cycleOf(t);
    if (core.jcc(core.lo === 1, t)) {
      core.lockTaken(lock, tried, t);
      return;
    }
    for (let held = true; held; ) {
      core.at(AT_SLOW);
      core.lfence();
      if (core.behind(NOW)) yield;
      const tLock = core.load32(lock, NOW);
      held = core.branch(core.lo !== 0, tLock);
    }
  }
}

/** Gives it back. It yields first where somebody else is due who must still find it taken. */
export function* rawSpinUnlock(core: Core, lock: Addr): Kernel {
  if (core.behind(NOW)) yield;
  core.store8(lock, 0, NOW);
  core.lockReleased(lock, core.now - core.cycleOf(0));
}

/** raw_spin_lock_irqsave. */
export function* lockIrqSave(core: Core, lock: Addr, site: number): Kernel {
  core.at(site);
  core.microcoded(core.machine.n.cliCycles);
  core.interruptsOff++;
  yield* rawSpinLock(core, lock, site);
}

/** raw_spin_unlock_irqrestore. */
export function* unlockIrqRestore(core: Core, lock: Addr, site: number): Kernel {
  core.at(site);
  yield* rawSpinUnlock(core, lock);
  core.microcoded(core.machine.n.popfCycles);
  core.interruptsOff--;
  if (core.interruptWaits && core.interruptsOff === 0) yield;
}

/** mutex_lock. @param owner anything but 0 that names the thread */
export function* mutexLock(core: Core, mutex: Addr, owner: Addr, site: number): Kernel {
  let tried = -1;
  for (;;) {
    core.at(site);
    if (core.behind(NOW)) yield;
    const t = core.cmpxchg64(mutex, 0, 0, owner, 0, NOW);
    if (tried < 0) tried = core.cycleOf(t);
    if (core.jcc(core.lo === 1, t)) {
      core.lockTaken(mutex, tried, t);
      return;
    }
    for (let held = true; held; ) {
      core.at(AT_MUTEX);
      core.lfence();
      if (core.behind(NOW)) yield;
      const tOwner = core.load64(mutex, NOW);
      held = core.branch(core.lo !== 0, tOwner);
    }
  }
}

/** mutex_unlock of a mutex this thread holds: a ModelBug if it does not. */
export function* mutexUnlock(core: Core, mutex: Addr, owner: Addr, site: number): Kernel {
  core.at(site);
  if (core.behind(NOW)) yield;
  const t = core.cmpxchg64(mutex, owner, 0, 0, 0, NOW);
  if (!core.jcc(core.lo === 1, t)) throw new ModelBug('mutex is not held by this thread', { mutex });
  core.lockReleased(mutex, t);
}
