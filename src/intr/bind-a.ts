/**
 * Generation A2: xen_intr_bind_isrc takes an isrc and publishes it under one lock; xen_intr_release_isrc holds
 * it over the close hypercall too (fact sheet on FreeBSD, 3.1 to 3.3, 3.6).
 */
import type { Addr, Port } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import type { ChannelKindCode } from '../xen/abi.ts';
import { claimVector, createIsrc } from './alloc-isrc.ts';
import { typeOf } from './bind.ts';
import type { KernelCpu } from './kernel-image.ts';
import { mtxLock, mtxUnlock } from './mutex.ts';
import type { FreeBsd } from './os.ts';
import { closePort } from './release.ts';

const file = new SourceFile('sys/x86/xen/xen_intr.c', 'isrc');
const bindFn = file.fn('xen_intr_bind_isrc');
const releaseFn = file.fn('xen_intr_release_isrc');

const At = {
  lock: bindFn.site('mtx_lock(xen_intr_isrc_lock)', 12),
  find: bindFn.site('call find_unused_isrc', 4),
  found: bindFn.site('none unused?', 2),
  dropLock: bindFn.site('none unused: unlock', 6),
  relock: bindFn.site('none unused: lock again', 6),
  fill: bindFn.site('type, port, port table, refcount', 8),
  unlock: bindFn.site('mtx_unlock(xen_intr_isrc_lock)', 8),
  releaseLock: releaseFn.site('mtx_lock(xen_intr_isrc_lock)', 12),
  reset: releaseFn.site('cpu, type, port, cookie := 0', 6),
  releaseUnlock: releaseFn.site('mtx_unlock(xen_intr_isrc_lock)', 8),
};

/** The search for an unused isrc, or 0; xen_intr_isrc_lock is held and the call made. */
export function findA(os: FreeBsd, cpu: KernelCpu, port: Port): Kernel<Addr> {
  return os.allocator.alloc(cpu, port);
}

/** Gives an isrc back to the search; xen_intr_isrc_lock is held. */
export function* putBackA(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  if (os.allocator.locksItself) cpu.core.call();
  yield* os.allocator.release(cpu, isrc);
}

/** Steps 1 to 3 of a bind. */
export function* takeIsrcA(os: FreeBsd, cpu: KernelCpu, kind: ChannelKindCode, port: Port): Kernel<Addr> {
  const { core, pcpu } = cpu;
  const { image } = os;
  const { isrc: layout } = os.generation;
  const lock = image.statics.isrcLock;
  yield* mtxLock(core, lock, pcpu, At.lock);
  core.at(At.find);
  core.free(2);
  core.call();
  os.observer.findBegins(cpu.id);
  let isrc = yield* findA(os, cpu, port);
  os.observer.findEnds(cpu.id);
  core.at(At.found);
  if (core.branch(isrc === 0, NOW)) {
    const index = claimVector(os, cpu);
    yield* mtxUnlock(core, lock, pcpu, At.dropLock);
    isrc = yield* createIsrc(os, cpu, index, typeOf(kind), port);
    yield* mtxLock(core, lock, pcpu, At.relock);
  }
  core.at(At.fill);
  core.store32(isrc + layout.type, typeOf(kind), NOW);
  core.store32(isrc + layout.port, port, NOW);
  core.store64(image.portToIsrc + 8 * port, isrc, 0, NOW);
  core.store32(isrc + layout.refcount, 1, NOW);
  yield* mtxUnlock(core, lock, pcpu, At.unlock);
  return isrc;
}

/** xen_intr_release_isrc: everything under the lock, the hypercall included. */
export function* releaseIsrcA(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { core, pcpu } = cpu;
  const { isrc: layout } = os.generation;
  const lock = os.image.statics.isrcLock;
  yield* mtxLock(core, lock, pcpu, At.releaseLock);
  yield* closePort(os, cpu, isrc);
  core.at(At.reset);
  core.store32(isrc + layout.cpu, 0, NOW);
  core.store32(isrc + layout.port, 0, NOW);
  core.store64(isrc + layout.cookie, 0, 0, NOW);
  yield* putBackA(os, cpu, isrc);
  yield* mtxUnlock(core, lock, pcpu, At.releaseUnlock);
}
