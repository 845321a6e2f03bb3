/**
 * mtx_lock and mtx_unlock of an MTX_DEF mutex (sys/sys/mutex.h): one lock cmpxchg each when nobody holds it.
 * A held one is spun on, as FreeBSD's adaptive mutexes do while the owner runs; sleeping is not modelled.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { MTX_LOCK, MTX_UNOWNED, PCPU } from './layout.ts';

const AT_SPIN = new SourceFile('sys/kern/kern_mutex.c').fn('__mtx_lock_sleep').site('adaptive spin', 8);

/**
 * Takes a mutex. Five instructions when it is free: constant, curthread, cmpxchg, branch.
 *
 * @param pcpu the CPU's struct pcpu, for curthread
 * @param site the caller's site, which goes on being charged
 */
export function* mtxLock(core: Core, mutex: Addr, pcpu: Addr, site: number): Kernel {
  for (;;) {
    core.at(site);
    core.free(1);
    const tThread = core.load64(pcpu + PCPU.curthread, NOW);
    const thread = core.lo;
    if (core.behind(tThread)) yield;
    const t = core.cmpxchg64(mutex + MTX_LOCK, MTX_UNOWNED, 0, thread, 0, tThread);
    if (core.jcc(core.lo !== 0, t)) return;
    core.at(AT_SPIN);
    let free = false;
    while (!free) {
      core.lfence();
      if (core.behind(NOW)) yield;
      const tWord = core.load64(mutex + MTX_LOCK, NOW);
      free = core.branch(core.lo === MTX_UNOWNED, tWord);
    }
  }
}

/** Releases a mutex this thread holds: a ModelBug if it does not. */
export function mtxUnlock(core: Core, mutex: Addr, pcpu: Addr, site: number): void {
  core.at(site);
  core.free(1);
  const tThread = core.load64(pcpu + PCPU.curthread, NOW);
  const thread = core.lo;
  const t = core.cmpxchg64(mutex + MTX_LOCK, thread, 0, MTX_UNOWNED, 0, tThread);
  if (core.jcc(core.lo === 0, t)) throw new ModelBug('mutex is not held by this thread', { mutex });
}
