/**
 * The 2-level ABI as Linux uses it, but for the scan: drivers/xen/events/events_2l.c at 17ef715c0c88 (fact sheet on
 * Xen, section 10.2). Unmasking is local unless the port is another CPU's, or pending: an HVM guest cannot raise
 * an interrupt for itself.
 */
import type { Port, Vcpu } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { SHARED_INFO } from '../../xen/abi.ts';
import { bitSites, unmaskBits } from '../local-unmask.ts';
import { callOp } from './call-op.ts';
import type { LinuxCpu } from './image.ts';
import { EVTCHN_OPS, IRQ_INFO, PERCPU } from './layout.ts';
import { evtchnToIrq, infoForIrq } from './lookup.ts';
import type { EventOps, Linux } from './os.ts';
import { HANDLE_EVENTS_2L, handleEvents2l } from './scan-2l.ts';

const file = new SourceFile('drivers/xen/events/events_2l.c', 'ops');
const unmaskFn = file.fn('evtchn_2l_unmask');

const At = {
  clear: file.fn('evtchn_2l_clear_pending').site('sync_clear_bit', 6),
  mask: file.fn('evtchn_2l_mask').site('sync_set_bit', 6),
  unmask: unmaskFn.site('whose port?', 26),
  local: bitSites(unmaskFn),
  hypercall: unmaskFn.site('EVTCHNOP_unmask', 6),
  done: unmaskFn.site('put_cpu', 6),
  bind: file.fn('evtchn_2l_bind_to_cpu').site('move the bit between the masks of the CPUs', 10),
  remove: file.fn('evtchn_2l_remove').site('clear the bit in the mask of its CPU', 6),
};

/** evtchn_ops_2l. */
export class TwoLevelOps implements EventOps {
  readonly entries = [
    [EVTCHN_OPS.clearPending, At.clear],
    [EVTCHN_OPS.mask, At.mask],
    [EVTCHN_OPS.unmask, At.unmask],
    [EVTCHN_OPS.bindToCpu, At.bind],
    [EVTCHN_OPS.remove, At.remove],
    [EVTCHN_OPS.handleEvents, HANDLE_EVENTS_2L],
  ] as const;

  /** Nothing: every port has its bits. */
  *setUp(): Kernel {}

  *clearPending(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
    const { core } = cpu;
    callOp(core, os, EVTCHN_OPS.clearPending, At.clear);
    const tPage = core.load64(os.image.statics.sharedInfoPtr, NOW);
    core.free(1);
    if (core.behind(tPage)) yield;
    core.lockBitReset(os.pages.sharedInfo + SHARED_INFO.pending, port, tPage);
    cpu.fresh = core.lo !== 0;
    core.ret();
  }

  *mask(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
    const { core } = cpu;
    callOp(core, os, EVTCHN_OPS.mask, At.mask);
    const tPage = core.load64(os.image.statics.sharedInfoPtr, NOW);
    core.free(1);
    if (core.behind(tPage)) yield;
    core.lockBitSet(os.pages.sharedInfo + SHARED_INFO.mask, port, tPage);
    core.ret();
  }

  *unmask(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
    const { core, pcpu } = cpu;
    callOp(core, os, EVTCHN_OPS.unmask, At.unmask);
    core.push(2);
    core.add32(pcpu + PERCPU.preemptCount, 1, NOW);
    core.load32(pcpu + PERCPU.cpuNumber, NOW);
    const tPage = core.load64(os.image.statics.sharedInfoPtr, NOW);
    const tIrq = evtchnToIrq(core, os, port, NOW);
    const tInfo = infoForIrq(core, os, core.lo, tIrq, At.unmask);
    const tCpu = core.load32(core.lo + IRQ_INFO.cpu, tInfo);
    let hypercall = core.branch(core.lo !== cpu.id, tCpu);
    if (!hypercall) {
      hypercall = yield* unmaskBits(core, os.pages.sharedInfo, os.observer, port, tPage, At.local);
    }
    if (hypercall) {
      core.at(At.hypercall);
      core.free(4);
      yield* os.hypercalls.unmask(core, port);
    }
    core.at(At.done);
    core.add32(pcpu + PERCPU.preemptCount, -1, NOW);
    core.pop(2);
    core.ret();
  }

  *bindToCpu(os: Linux, cpu: LinuxCpu, port: Port, from: Vcpu, to: Vcpu): Kernel {
    const { core } = cpu;
    callOp(core, os, EVTCHN_OPS.bindToCpu, At.bind);
    core.free(4);
    if (core.behind(NOW)) yield;
    core.lockBitReset(os.image.percpu(from) + PERCPU.evtchnMask, port, NOW);
    if (core.behind(NOW)) yield;
    core.lockBitSet(os.image.percpu(to) + PERCPU.evtchnMask, port, NOW);
    core.ret();
  }

  *remove(os: Linux, cpu: LinuxCpu, port: Port, from: Vcpu): Kernel {
    const { core } = cpu;
    callOp(core, os, EVTCHN_OPS.remove, At.remove);
    core.free(2);
    if (core.behind(NOW)) yield;
    core.lockBitReset(os.image.percpu(from) + PERCPU.evtchnMask, port, NOW);
    core.ret();
  }

  handleEvents(os: Linux, cpu: LinuxCpu): Kernel {
    return handleEvents2l(os, cpu);
  }
}
