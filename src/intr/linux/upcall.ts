/**
 * sysvec_xen_hvm_callback and xen_evtchn_do_upcall: the local APIC is told first, then events are handled until the
 * upcall flag stays clear (drivers/xen/events/events_base.c; fact sheet on Xen, sections 4.1 and 10.2).
 */
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { VCPU_INFO } from '../../xen/abi.ts';
import { interruptEntry, interruptReturn } from './entry.ts';
import type { LinuxCpu } from './image.ts';
import { EVTCHN_OPS, PERCPU } from './layout.ts';
import type { Linux } from './os.ts';

const sysvec = new SourceFile('arch/x86/xen/enlighten_hvm.c', 'upcall').fn('sysvec_xen_hvm_callback');
const fn = new SourceFile('drivers/xen/events/events_base.c', 'upcall').fn('xen_evtchn_do_upcall');

const At = {
  eoi: sysvec.site('ack_APIC_irq', 6),
  fasteoi: sysvec.site('handle_fasteoi_irq: EOI of the line', 12),
  count: sysvec.site('irq_hv_callback_count', 3),
  enter: fn.site('vcpu_info, rcu_read_lock', 14),
  clear: fn.site('evtchn_upcall_pending := 0', 1),
  handle: fn.site('handle_events of the ABI', 5),
  again: fn.site('evtchn_upcall_pending set again?', 3),
  leave: fn.site('rcu_read_unlock, irq_epoch, return', 10),
};

const FRAME_BYTES = 24;

/** The whole upcall, from the gate to the iretq. */
export function* upcall(os: Linux, cpu: LinuxCpu, fromUser: boolean): Kernel {
  const { core, pcpu } = cpu;
  const saved = interruptEntry(os, cpu, fromUser);
  core.at(At.eoi);
  // A per-vCPU vector is acknowledged first, a line (handle_fasteoi_irq) last, a vector of type 2 never.
  if (os.needsEoi && os.perVcpu) {
    core.branch(false, core.operand64(os.image.statics.apic, NOW));
    core.free(2);
    yield* os.hardware.eoi(core);
  }
  core.at(At.count);
  core.add32(pcpu + PERCPU.callbackCount, 1, NOW);
  core.call();
  yield* doUpcall(os, cpu);
  if (os.needsEoi && !os.perVcpu) {
    core.at(At.fasteoi);
    core.free(4);
    yield* os.hardware.eoi(core);
  }
  interruptReturn(cpu, fromUser, saved);
}

/** xen_evtchn_do_upcall. The call is made. */
function* doUpcall(os: Linux, cpu: LinuxCpu): Kernel {
  const { core, pcpu } = cpu;
  core.at(At.enter);
  core.push(4);
  core.frame(FRAME_BYTES);
  os.image.readLock(cpu.id);
  const tInfo = core.load64(pcpu + PERCPU.xenVcpu, NOW);
  const info = core.lo;
  core.load32(pcpu + PERCPU.cpuNumber, NOW);
  core.free(3);
  let again = true;
  while (again) {
    core.at(At.clear);
    if (core.behind(tInfo)) yield;
    core.store8(info + VCPU_INFO.upcallPending, 0, NOW, tInfo);
    core.at(At.handle);
    core.free(2);
    const tOps = core.load64(os.image.statics.evtchnOpsPtr, NOW);
    core.indirectCall(
      os.handleEvents,
      core.operand64(os.image.statics.evtchnOps + EVTCHN_OPS.handleEvents, tOps),
    );
    yield* os.ops.handleEvents(os, cpu);
    core.at(At.again);
    if (core.behind(NOW)) yield;
    const tAgain = core.load8(info + VCPU_INFO.upcallPending, tInfo);
    again = core.branch(core.lo !== 0, tAgain);
  }
  core.at(At.leave);
  os.image.readUnlock(cpu.id);
  core.add32(pcpu + PERCPU.irqEpoch, 1, NOW);
  core.unframe(FRAME_BYTES);
  core.pop(4);
  core.ret();
}
