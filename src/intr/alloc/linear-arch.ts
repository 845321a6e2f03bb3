/**
 * `linear-arch`: state B5 of FreeBSD's 2023 series (6699c22c1cb0, fact sheet on FreeBSD, 3.5). The scan of `linear`
 * has moved to the x86 code and runs under that code's own lock, xen_intr_x86_lock, and so does the release, which
 * sets the type to "unbound" (inferred: B5's text was not found). Returns the lowest-numbered free isrc.
 *
 * B5 is this on freebsd-c, whose binding takes xen_intr_isrc_lock only to publish. There `linear` does the same: a
 * strategy without a lock gets that lock from the binding. On freebsd-a it is a what-if, the extra lock pair inside
 * xen_intr_isrc_lock, and the difference to `linear` is the price of that pair.
 */
import type { Addr } from '../../model/units.ts';
import type { Kernel } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { IsrcTable } from '../isrc-table.ts';
import type { KernelCpu } from '../kernel-image.ts';
import { mtxLock, mtxUnlock } from '../mutex.ts';
import type { IsrcAllocator } from './allocator.ts';
import { LinearAllocator } from './linear.ts';

const file = new SourceFile('sys/x86/xen/xen_arch_intr.c', 'B5');
const allocFn = file.fn('xen_arch_intr_alloc');
const releaseFn = file.fn('xen_arch_intr_release');

const At = {
  lock: allocFn.site('mtx_lock(xen_intr_x86_lock)', 12),
  find: allocFn.site('call find_unused_isrc', 4),
  unlock: allocFn.site('mtx_unlock, return', 10),
  releaseLock: releaseFn.site('mtx_lock(xen_intr_x86_lock)', 12),
  releaseUnlock: releaseFn.site('mtx_unlock, return', 10),
};

/** The scan under a lock of its own. */
export class LinearArchAllocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #table: IsrcTable;
  readonly #scan: LinearAllocator;

  constructor(table: IsrcTable) {
    this.#table = table;
    this.#scan = new LinearAllocator(table);
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core, pcpu } = cpu;
    const { x86Lock } = this.#table.image.statics;
    core.at(At.lock);
    core.push(1);
    yield* mtxLock(core, x86Lock, pcpu, At.lock);
    core.at(At.find);
    core.free(1);
    core.call();
    const isrc = yield* this.#scan.alloc(cpu);
    yield* mtxUnlock(core, x86Lock, pcpu, At.unlock);
    core.pop(1);
    core.ret();
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    const { core, pcpu } = cpu;
    const { x86Lock } = this.#table.image.statics;
    core.at(At.releaseLock);
    core.push(1);
    yield* mtxLock(core, x86Lock, pcpu, At.releaseLock);
    yield* this.#scan.release(cpu, isrc);
    yield* mtxUnlock(core, x86Lock, pcpu, At.releaseUnlock);
    core.pop(1);
    core.ret();
  }

  adopt(): void {}
}
