/**
 * xen_intr_pic_assign_cpu (generation A) and xen_intr_assign_cpu (C): moves a port to a vCPU (fact sheet on
 * FreeBSD, 3.6). VIRQs and IPIs only change the enabled bitmaps, even where the CPU stays; other ports need
 * EVTCHNOP_bind_vcpu, and change them where it does not.
 */
import type { Addr, Vcpu } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { ChannelKind, type ChannelKindCode } from '../xen/abi.ts';
import type { KernelCpu } from './kernel-image.ts';
import { unmaskPort } from './local-unmask.ts';
import { mtxLock, mtxUnlock } from './mutex.ts';
import type { FreeBsd } from './os.ts';
import { GENERATION_A, perGeneration } from './source-files.ts';

const AT = perGeneration('assign', ({ id, common }) => {
  const fn = common.fn(id === GENERATION_A ? 'xen_intr_pic_assign_cpu' : 'xen_intr_assign_cpu');
  return {
    lock: fn.site('mtx_lock(xen_intr_isrc_lock)', 14),
    mask: fn.site('test and set the mask bit', 10),
    call: fn.site('EVTCHNOP_bind_vcpu', 6),
    enabled: fn.site('move the bit between the enabled bitmaps', 18),
    unmask: fn.site('unmask if it was unmasked', 6),
    unlock: fn.site('mtx_unlock, return', 12),
  };
});

/** Moves the port of an isrc to vCPU `to`. The caller has made the call. */
export function* assignCpu(os: FreeBsd, cpu: KernelCpu, isrc: Addr, kind: ChannelKindCode, to: Vcpu): Kernel {
  const { core, pcpu } = cpu;
  const at = AT[os.generation.id];
  const { isrc: layout } = os.generation;
  const lock = os.image.statics.isrcLock;
  core.at(at.lock);
  core.push(5);
  core.free(4);
  yield* mtxLock(core, lock, pcpu, at.lock);
  core.at(at.mask);
  const tPort = core.load32(isrc + layout.port, NOW);
  const port = core.lo;
  const tBit = os.ports.locate(core, port, tPort);
  if (core.behind(tBit)) yield;
  const tOld = os.ports.mask(core, port, tBit);
  const wasMasked = core.lo !== 0;
  const tFrom = core.load32(isrc + layout.cpu, NOW);
  const from = core.lo;
  const fixed = core.branch(kind === ChannelKind.virq || kind === ChannelKind.ipi, tOld);
  if (!fixed) {
    core.at(at.call);
    core.free(4);
    yield* os.hypercalls.bindVcpu(core, port, to);
  }
  core.at(at.enabled);
  if (fixed || core.branch(from !== to, tFrom)) {
    if (core.behind(tFrom)) yield;
    os.ports.own(core, port, from, to, tFrom, NOW);
    core.store32(isrc + layout.cpu, to, NOW);
  }
  core.at(at.unmask);
  if (!core.branch(wasMasked, tOld)) yield* unmaskPort(os, cpu, port, isrc, NOW);
  yield* mtxUnlock(core, lock, pcpu, at.unlock);
  core.pop(5);
  core.ret();
}
