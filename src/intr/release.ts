/**
 * Unbinding a port, the part that generations A and C share: the reference count, the handler, and closing the
 * channel (fact sheet on FreeBSD, 3.3 and 3.7).
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr, Port } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { removeHandler } from './handlers.ts';
import type { KernelCpu } from './kernel-image.ts';
import { FLAG_CLOSE, INVALID_EVTCHN } from './layout.ts';
import { mtxLock, mtxUnlock } from './mutex.ts';
import type { FreeBsd } from './os.ts';
import { GENERATION_A, perGeneration } from './source-files.ts';

const AT = perGeneration('unbind', ({ common }) => {
  const unbind = common.fn('xen_intr_unbind');
  const release = common.fn('xen_intr_release_isrc');
  return {
    enter: unbind.site('handle to isrc', 12),
    reference: unbind.site('release the reference', 14),
    leave: unbind.site('return', 8),
    bits: release.site('mask, clear pending, enabled back to CPU 0', 24),
    close: release.site('EVTCHNOP_close', 8),
    table: release.site('port table := null', 3),
  };
});

/** How a generation gives an isrc back. */
export type ReleaseIsrc = (os: FreeBsd, cpu: KernelCpu, isrc: Addr) => Kernel;

/** xen_intr_unbind of the only reference to a port's isrc. Where its driver keeps the handle is charged as the table. */
export function* unbindPort(os: FreeBsd, cpu: KernelCpu, port: Port, give: ReleaseIsrc): Kernel {
  const { core } = cpu;
  core.at(AT[os.generation.id].enter);
  core.call();
  core.push(5);
  core.load64(os.image.portToIsrc + 8 * port, NOW);
  const isrc = core.lo;
  if (isrc === 0) throw new ModelBug('unbind of a port that is not bound', { port });
  yield* unbindIsrc(os, cpu, isrc, give);
}

/** xen_intr_unbind of the only reference to an isrc that its driver has kept the handle of. */
export function* unbindHandle(os: FreeBsd, cpu: KernelCpu, isrc: Addr, give: ReleaseIsrc): Kernel {
  const { core } = cpu;
  core.at(AT[os.generation.id].enter);
  core.call();
  core.push(5);
  core.free(1);
  yield* unbindIsrc(os, cpu, isrc, give);
}

function* unbindIsrc(os: FreeBsd, cpu: KernelCpu, isrc: Addr, give: ReleaseIsrc): Kernel {
  const { core, pcpu } = cpu;
  const at = AT[os.generation.id];
  const lock = os.image.statics.isrcLock;
  yield* mtxLock(core, lock, pcpu, at.reference);
  const tOld = core.xadd32(isrc + os.generation.isrc.refcount, -1, NOW);
  core.branch(core.lo !== 1, tOld);
  yield* mtxUnlock(core, lock, pcpu, at.reference);
  core.call();
  yield* removeHandler(os, cpu, isrc);
  yield* give(os, cpu, isrc);
  core.at(at.leave);
  core.pop(5);
  core.ret();
}

/**
 * Masks and clears the port, gives its enabled bit back to CPU 0, closes the channel. Isrc lock held. Of an isrc that
 * lost its port in a resume, A does so with port 0, which has no channel, and C does nothing.
 */
export function* closePort(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { core } = cpu;
  const { image } = os;
  const { isrc: layout } = os.generation;
  const at = AT[os.generation.id];
  core.at(at.bits);
  const tPort = core.load32(isrc + layout.port, NOW);
  const port = core.lo;
  if (os.generation.id !== GENERATION_A && core.branch(port === INVALID_EVTCHN, tPort)) return;
  core.load32(isrc + layout.cpu, NOW);
  const owner = core.lo;
  const tBit = os.ports.locate(core, port, tPort);
  if (core.behind(tBit)) yield;
  os.ports.mask(core, port, tBit);
  if (core.behind(NOW)) yield;
  os.ports.clearPending(core, port, tBit);
  os.observer.pendingCleared(port, core.lo !== 0);
  os.ports.own(core, port, owner, 0, tPort, tPort);
  const tFlags = core.load8(isrc + layout.flags, NOW);
  if (core.branch((core.lo & FLAG_CLOSE) !== 0 && port !== 0, tFlags)) {
    core.at(at.close);
    core.free(4);
    yield* os.hypercalls.close(core, port);
  }
  core.at(at.table);
  if (core.behind(NOW)) yield;
  core.store64(image.portToIsrc + 8 * port, 0, 0, NOW);
}
