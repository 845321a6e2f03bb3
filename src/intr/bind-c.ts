/**
 * Generation C: the allocator has its own lock and is called before xen_intr_isrc_lock is taken to publish;
 * release closes the port under that lock and gives the isrc back after it (fact sheet on FreeBSD, 3.4, 3.6).
 */
import type { Addr, Port } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import type { ChannelKindCode } from '../xen/abi.ts';
import { createIsrc } from './alloc-isrc.ts';
import { typeOf } from './bind.ts';
import type { KernelCpu } from './kernel-image.ts';
import { mtxLock, mtxUnlock } from './mutex.ts';
import type { FreeBsd } from './os.ts';
import { closePort } from './release.ts';

const file = new SourceFile('sys/dev/xen/bus/xen_intr.c', 'isrc');
const bindFn = file.fn('xen_intr_bind_isrc');
const releaseFn = file.fn('xen_intr_release_isrc');

const At = {
  find: bindFn.site('call xen_arch_intr_alloc', 8),
  lockForScan: bindFn.site('a strategy without lock: mtx_lock(xen_intr_isrc_lock)', 8),
  fill: bindFn.site('cookie, type, port, close, cpu, refcount', 10),
  lock: bindFn.site('mtx_lock(xen_intr_isrc_lock)', 8),
  publish: bindFn.site('port table', 2),
  unlock: bindFn.site('mtx_unlock(xen_intr_isrc_lock)', 8),
  releaseLock: releaseFn.site('mtx_lock(xen_intr_isrc_lock)', 12),
  releaseUnlock: releaseFn.site('mtx_unlock(xen_intr_isrc_lock)', 8),
};

/** Steps 1 to 3 of a bind. */
export function* takeIsrcC(os: FreeBsd, cpu: KernelCpu, kind: ChannelKindCode, port: Port): Kernel<Addr> {
  const { core, pcpu } = cpu;
  const { allocator, image } = os;
  const { isrc: layout } = os.generation;
  const lock = image.statics.isrcLock;
  if (allocator.underIsrcLock) yield* mtxLock(core, lock, pcpu, At.lockForScan);
  core.at(At.find);
  core.free(3);
  core.call();
  os.observer.findBegins(core);
  let isrc = yield* allocator.alloc(cpu);
  os.observer.findEnds(core);
  if (allocator.underIsrcLock) mtxUnlock(core, lock, pcpu, At.lockForScan);
  if (core.branch(isrc === 0, NOW)) isrc = yield* createIsrc(os, cpu);
  core.at(At.fill);
  core.store64(isrc + layout.cookie, 0, 0, NOW);
  core.store32(isrc + layout.type, typeOf(kind), NOW);
  core.store32(isrc + layout.port, port, NOW);
  core.store32(isrc + layout.cpu, 0, NOW);
  core.store32(isrc + layout.refcount, 1, NOW);
  yield* mtxLock(core, lock, pcpu, At.lock);
  core.at(At.publish);
  core.store64(image.portToIsrc + 8 * port, isrc, 0, NOW);
  mtxUnlock(core, lock, pcpu, At.unlock);
  return isrc;
}

/** xen_intr_release_isrc, then xen_arch_intr_release outside its lock. */
export function* releaseIsrcC(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { core, pcpu } = cpu;
  const { allocator } = os;
  const lock = os.image.statics.isrcLock;
  yield* mtxLock(core, lock, pcpu, At.releaseLock);
  yield* closePort(os, cpu, isrc);
  if (allocator.underIsrcLock) yield* allocator.release(cpu, isrc);
  mtxUnlock(core, lock, pcpu, At.releaseUnlock);
  if (!allocator.underIsrcLock) {
    core.call();
    yield* allocator.release(cpu, isrc);
  }
}
