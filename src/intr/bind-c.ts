/**
 * Generation C: xen_arch_intr_alloc is called before xen_intr_isrc_lock is taken to publish, xen_arch_intr_release
 * after it was dropped; both lock xen_intr_x86_lock (fact sheet on FreeBSD, 3.4, 3.6). A strategy without a lock of
 * its own gets that lock here: with `linear` this is state B5 of the series (3.5).
 */
import type { Addr, Port } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import type { ChannelKindCode } from '../xen/abi.ts';
import { claimVector, createIsrc } from './alloc-isrc.ts';
import { typeOf } from './bind.ts';
import type { KernelCpu } from './kernel-image.ts';
import { FLAG_CLOSE } from './layout.ts';
import { mtxLock, mtxUnlock } from './mutex.ts';
import type { FreeBsd } from './os.ts';
import { closePort } from './release.ts';

const file = new SourceFile('sys/dev/xen/bus/xen_intr.c', 'isrc');
const bindFn = file.fn('xen_intr_bind_isrc');
const releaseFn = file.fn('xen_intr_release_isrc');

const arch = new SourceFile('sys/x86/xen/xen_arch_intr.c', 'lock');
const allocFn = arch.fn('xen_arch_intr_alloc');
const freeFn = arch.fn('xen_arch_intr_release');

const At = {
  find: bindFn.site('call xen_arch_intr_alloc', 8),
  found: bindFn.site('none unused?', 2),
  findLock: allocFn.site('mtx_lock(xen_intr_x86_lock)', 12),
  findCall: allocFn.site('call the search', 4),
  findUnlock: allocFn.site('mtx_unlock, return', 10),
  freeLock: freeFn.site('mtx_lock(xen_intr_x86_lock)', 12),
  freeUnlock: freeFn.site('mtx_unlock, return', 10),
  fill: bindFn.site('cookie, type, port, close, cpu, refcount', 10),
  lock: bindFn.site('mtx_lock(xen_intr_isrc_lock)', 8),
  publish: bindFn.site('port table', 2),
  unlock: bindFn.site('mtx_unlock(xen_intr_isrc_lock)', 8),
  releaseLock: releaseFn.site('mtx_lock(xen_intr_isrc_lock)', 12),
  releaseUnlock: releaseFn.site('mtx_unlock(xen_intr_isrc_lock)', 8),
};

/** xen_arch_intr_alloc's search for an unused isrc, or 0; the call is made. */
export function* findC(os: FreeBsd, cpu: KernelCpu, port: Port): Kernel<Addr> {
  const { allocator } = os;
  if (allocator.locksItself) return yield* allocator.alloc(cpu, port);
  const { core, pcpu } = cpu;
  const lock = os.image.statics.x86Lock;
  core.at(At.findLock);
  core.push(1);
  yield* mtxLock(core, lock, pcpu, At.findLock);
  core.at(At.findCall);
  core.free(1);
  core.call();
  const isrc = yield* allocator.alloc(cpu, port);
  yield* mtxUnlock(core, lock, pcpu, At.findUnlock);
  core.pop(1);
  core.ret();
  return isrc;
}

/** xen_arch_intr_release: gives an isrc back to the search. */
export function* putBackC(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { allocator } = os;
  const { core, pcpu } = cpu;
  core.call();
  if (allocator.locksItself) {
    yield* allocator.release(cpu, isrc);
    return;
  }
  const lock = os.image.statics.x86Lock;
  core.at(At.freeLock);
  core.push(1);
  yield* mtxLock(core, lock, pcpu, At.freeLock);
  yield* allocator.release(cpu, isrc);
  yield* mtxUnlock(core, lock, pcpu, At.freeUnlock);
  core.pop(1);
  core.ret();
}

/** Steps 1 to 3 of a bind. */
export function* takeIsrcC(os: FreeBsd, cpu: KernelCpu, kind: ChannelKindCode, port: Port): Kernel<Addr> {
  const { core, pcpu } = cpu;
  const { image } = os;
  const { isrc: layout } = os.generation;
  const lock = image.statics.isrcLock;
  core.at(At.find);
  core.free(3);
  core.call();
  os.observer.findBegins(cpu.id);
  let isrc = yield* findC(os, cpu, port);
  os.observer.findEnds(cpu.id);
  core.at(At.found);
  if (core.branch(isrc === 0, NOW)) {
    // In C within the hold of xen_intr_x86_lock that found none; here behind it, in one step.
    if (core.behind(NOW)) yield;
    const index = claimVector(os, cpu);
    isrc = yield* createIsrc(os, cpu, index, typeOf(kind), port);
  }
  core.at(At.fill);
  core.store64(isrc + layout.cookie, 0, 0, NOW);
  core.store32(isrc + layout.type, typeOf(kind), NOW);
  core.store32(isrc + layout.port, port, NOW);
  const tFlags = core.load8(isrc + layout.flags, NOW);
  core.store8(isrc + layout.flags, core.lo & ~FLAG_CLOSE, core.alu(tFlags));
  core.store32(isrc + layout.cpu, 0, NOW);
  core.store32(isrc + layout.refcount, 1, NOW);
  yield* mtxLock(core, lock, pcpu, At.lock);
  core.at(At.publish);
  core.store64(image.portToIsrc + 8 * port, isrc, 0, NOW);
  yield* mtxUnlock(core, lock, pcpu, At.unlock);
  return isrc;
}

/** xen_intr_release_isrc, then xen_arch_intr_release outside its lock. */
export function* releaseIsrcC(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { core, pcpu } = cpu;
  const lock = os.image.statics.isrcLock;
  yield* mtxLock(core, lock, pcpu, At.releaseLock);
  yield* closePort(os, cpu, isrc);
  yield* mtxUnlock(core, lock, pcpu, At.releaseUnlock);
  yield* putBackC(os, cpu, isrc);
}
