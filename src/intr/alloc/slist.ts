/**
 * `slist`: generation C's avail_list, a LIFO list linked through the free isrcs themselves, under a lock of its
 * own. Returns the isrc released last. 27 instructions, two locked operations, one line of the isrc (ground
 * truth: real_alloc_pop).
 */
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { IsrcTable } from '../isrc-table.ts';
import type { KernelCpu } from '../kernel-image.ts';
import { mtxLock, mtxUnlock } from '../mutex.ts';
import type { IsrcAllocator } from './allocator.ts';
import { unlink } from './search/list.ts';

const file = new SourceFile('sys/x86/xen/xen_arch_intr.c', 'allocator');
const allocFn = file.fn('xen_arch_intr_alloc');
const releaseFn = file.fn('xen_arch_intr_release');

const At = {
  enter: allocFn.site('entry', 8),
  lock: allocFn.site('mtx_lock(xen_intr_x86_lock)', 6),
  pop: allocFn.site('take the head of avail_list', 6),
  unlock: allocFn.site('mtx_unlock, return', 12),
  releaseLock: releaseFn.site('entry, mtx_lock(xen_intr_x86_lock)', 12),
  push: releaseFn.site('insert at the head of avail_list', 4),
  releaseUnlock: releaseFn.site('mtx_unlock, return', 12),
};

/** Generation C's strategy. */
export class SlistAllocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #table: IsrcTable;

  constructor(table: IsrcTable) {
    this.#table = table;
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core, pcpu } = cpu;
    const { statics } = this.#table.image;
    core.at(At.enter);
    core.push(2);
    core.free(6);
    yield* mtxLock(core, statics.x86Lock, pcpu, At.lock);
    core.at(At.pop);
    const isrc = unlink(core, statics.availList, this.#table.layout.link);
    yield* mtxUnlock(core, statics.x86Lock, pcpu, At.unlock);
    core.free(3);
    core.pop(2);
    core.ret();
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    const { core, pcpu } = cpu;
    const { statics } = this.#table.image;
    core.at(At.releaseLock);
    core.push(2);
    core.free(6);
    yield* mtxLock(core, statics.x86Lock, pcpu, At.releaseLock);
    core.at(At.push);
    const tHead = core.load64(statics.availList, NOW);
    core.store64(isrc + this.#table.layout.link, core.lo, 0, tHead);
    core.store64(statics.availList, isrc, 0, NOW);
    yield* mtxUnlock(core, statics.x86Lock, pcpu, At.releaseUnlock);
    core.free(2);
    core.pop(2);
    core.ret();
  }

  adopt(): void {}
}
