/** k_list.c: the LIFO list inside an uncontended sleep mutex, two compare-and-exchanges a call. */
import { unlink } from '../../../intr/alloc/search/list.ts';
import type { Addr } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { PERCPU, POOL, SOURCE, UNOWNED } from '../layout.ts';

const file = new SourceFile('kernels/k_list.c', 'locked');
const At = {
  pop: file.fn('k_slist_pop_lk').site('lock, take the head, unlock, return', 28),
  push: file.fn('k_slist_push_lk').site('lock, insert at the head, unlock, return', 24),
};

/** k_slist_pop_lk. Returns the element, 0 if the list is empty. */
export function slistPopLocked(core: Core, pool: Addr, percpu: Addr): Addr {
  core.at(At.pop);
  core.push(4);
  core.free(4);
  core.frame(8);
  exchange(core, pool, percpu, true);
  const e = unlink(core, pool + POOL.head, SOURCE.link);
  core.free(1);
  exchange(core, pool, percpu, false);
  core.unframe(8);
  core.free(1);
  core.pop(4);
  core.ret();
  return e;
}

/** k_slist_push_lk. */
export function slistPushLocked(core: Core, pool: Addr, e: Addr, percpu: Addr): void {
  core.at(At.push);
  core.push(3);
  core.free(4);
  core.frame(16);
  exchange(core, pool, percpu, true);
  const tHead = core.load64(pool + POOL.head, NOW);
  core.store64(e + SOURCE.link, core.lo, 0, tHead);
  core.store64(pool + POOL.head, e, 0, NOW);
  core.free(1);
  exchange(core, pool, percpu, false);
  core.unframe(16);
  core.free(1);
  core.pop(3);
  core.ret();
}

/** mov %gs:curthread; lock cmpxchg; jne: takes the lock or gives it back. Three instructions. */
function exchange(core: Core, pool: Addr, percpu: Addr, take: boolean): void {
  const tThread = core.load64(percpu + PERCPU.thread, NOW);
  const thread = core.lo;
  const from = take ? UNOWNED : thread;
  const t = core.cmpxchg64(pool + POOL.lock, from, 0, take ? thread : UNOWNED, 0, tThread);
  core.jcc(core.lo === 0, t);
}
