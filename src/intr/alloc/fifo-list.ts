/**
 * `fifo-list`: a list through the free isrcs as generation C's, but with a tail: an isrc goes to the end and is
 * taken from the front, so the one released longest ago comes back (fact sheet on FreeBSD, section 5). A release
 * writes a line of the isrc before it in the list; a late upcall with a stale pointer has the longest time to drain.
 *
 * Not in FreeBSD. Page queues and run queues of kernels are kept like this, with the same STAILQ macros.
 */
import type { Addr } from '../../model/units.ts';
import type { Kernel } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { IsrcTable } from '../isrc-table.ts';
import type { KernelCpu } from '../kernel-image.ts';
import { mtxLock, mtxUnlock } from '../mutex.ts';
import type { IsrcAllocator } from './allocator.ts';
import { putLast, tailToHead, takeFirst } from './search/list.ts';

const file = new SourceFile('(proposed) xen_arch_intr.c, fifo-list');
const allocFn = file.fn('xen_arch_intr_alloc');
const releaseFn = file.fn('xen_arch_intr_release');

const At = {
  lock: allocFn.site('mtx_lock(xen_intr_x86_lock)', 14),
  take: allocFn.site('STAILQ_REMOVE_HEAD', 7),
  last: allocFn.site('empty now: tail := &head', 2),
  unlock: allocFn.site('mtx_unlock, return', 12),
  releaseLock: releaseFn.site('mtx_lock(xen_intr_x86_lock)', 14),
  put: releaseFn.site('STAILQ_INSERT_TAIL', 6),
  releaseUnlock: releaseFn.site('mtx_unlock, return', 12),
};

/** A list with a tail. */
export class FifoListAllocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #table: IsrcTable;
  /** STAILQ_HEAD: where C has the head of its avail_list, and behind it the tail. */
  readonly #head: Addr;
  readonly #tail: Addr;

  constructor(table: IsrcTable) {
    this.#table = table;
    this.#head = table.image.statics.availList;
    this.#tail = this.#head + 8;
    table.image.memory.poke64(this.#tail, this.#head);
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core, pcpu } = cpu;
    const { x86Lock } = this.#table.image.statics;
    core.at(At.lock);
    core.push(2);
    core.free(6);
    yield* mtxLock(core, x86Lock, pcpu, At.lock);
    core.at(At.take);
    const isrc = takeFirst(core, this.#head, this.#table.layout.link);
    if (core.lo !== 0) {
      core.at(At.last);
      tailToHead(core, this.#head, this.#tail);
    }
    yield* mtxUnlock(core, x86Lock, pcpu, At.unlock);
    core.free(3);
    core.pop(2);
    core.ret();
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    const { core, pcpu } = cpu;
    const { x86Lock } = this.#table.image.statics;
    core.at(At.releaseLock);
    core.push(2);
    core.free(6);
    yield* mtxLock(core, x86Lock, pcpu, At.releaseLock);
    core.at(At.put);
    putLast(core, this.#tail, isrc, this.#table.layout.link);
    yield* mtxUnlock(core, x86Lock, pcpu, At.releaseUnlock);
    core.free(2);
    core.pop(2);
    core.ret();
  }

  adopt(): void {}
}
