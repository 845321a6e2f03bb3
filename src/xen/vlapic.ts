/**
 * The virtual local APIC as far as an upcall's vector needs it: xen/arch/x86/hvm/vlapic.c, and the posted-interrupt
 * descriptor of VMX (fact sheet on Xen, 3.3 and 4.6). Other interrupts of the guest are not modelled, so IRR and
 * ISR hold this vector or nothing.
 */

import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { vcpuKick, vcpuUnblock } from './kick.ts';
import { VCPU } from './layout.ts';
import { HostVector } from './pcpu.ts';
import { cpuRaiseSoftirq, sendIpi } from './raise-softirq.ts';
import { Softirq } from './softirq-bits.ts';
import { PiControl, type VirtualCpu } from './virtual-cpu.ts';
import type { Xen } from './xen.ts';

const vlapic = new SourceFile('xen/arch/x86/hvm/vlapic.c');
const vmx = new SourceFile('xen/arch/x86/hvm/vmx/vmx.c', 'posted');
const setIrqFn = vlapic.fn('vlapic_set_irq');
const eoiFn = vlapic.fn('vlapic_EOI_set');
const deliverFn = vmx.fn('vmx_deliver_posted_intr');
const syncFn = vmx.fn('vmx_sync_pir_to_irr');

const At = {
  trigger: setIrqFn.site('trigger mode', 12),
  irr: setIrqFn.site('set the IRR bit', 6),
  eoi: eoiFn.site('clear the ISR bit', 18),
  pir: deliverFn.site('set the PIR bit', 10),
  control: deliverFn.site('ON and SN', 10),
  notify: deliverFn.site('notify its pCPU', 10),
  sync: syncFn.site('ON set?', 6),
  merge: syncFn.site('PIR into IRR', 24),
};

/** vlapic_set_irq of the vCPU's upcall vector. */
export function* vlapicSetIrq(xen: Xen, core: Core, vcpu: VirtualCpu, level: boolean): Kernel {
  core.at(At.trigger);
  if (core.behind(NOW)) yield;
  if (level) core.lockBitSet(vcpu.tmr, vcpu.bit, NOW);
  else core.lockBitReset(vcpu.tmr, vcpu.bit, NOW);
  core.free(4);
  if (xen.posted) return yield* deliverPosted(xen, core, vcpu);
  core.at(At.irr);
  if (core.behind(NOW)) yield;
  const t = core.lockBitSet(vcpu.irr, vcpu.bit, NOW);
  if (core.branch(core.lo !== 0, t)) xen.stats.irr_set++;
  else yield* vcpuKick(xen, core, vcpu);
}

/** vmx_deliver_posted_intr: the hardware takes the interrupt to a vCPU in guest mode without an exit. */
function* deliverPosted(xen: Xen, core: Core, vcpu: VirtualCpu): Kernel {
  core.at(At.pir);
  core.free(3);
  if (core.behind(NOW)) yield;
  const tPir = core.lockBitSet(vcpu.pir, vcpu.bit, NOW);
  if (core.branch(core.lo !== 0, tPir)) {
    xen.stats.irr_set++;
    return;
  }
  for (;;) {
    core.at(At.control);
    if (core.behind(NOW)) yield;
    const tControl = core.load32(vcpu.piControl, NOW);
    const control = core.lo;
    if (core.branch((control & ((1 << PiControl.on) | (1 << PiControl.sn))) !== 0, tControl)) {
      return yield* vcpuKick(xen, core, vcpu);
    }
    if (core.behind(tControl)) yield;
    const tSet = core.cmpxchg32(vcpu.piControl, control, control | (1 << PiControl.on), tControl);
    if (core.jcc(core.lo === 1, tSet)) break;
  }
  core.at(At.notify);
  if (core.behind(NOW)) yield;
  const tRunning = core.load32(vcpu.base + VCPU.isRunning, NOW);
  const wasRunning = core.lo !== 0;
  const woken = yield* vcpuUnblock(xen, core, vcpu);
  if (!core.branch(wasRunning, tRunning)) {
    if (!woken) xen.stats.not_running++;
    return;
  }
  const here = xen.pcpuOf(core);
  core.at(At.notify);
  if (core.branch(here.current === vcpu && !here.irqsOff, NOW)) {
    xen.stats.self_kicks++;
    return;
  }
  core.load32(vcpu.base + VCPU.processor, NOW);
  const target = xen.pcpus[core.lo]!;
  if (core.branch(target === here, NOW)) yield* cpuRaiseSoftirq(xen, core, target, Softirq.vcpuKick);
  else yield* sendIpi(xen, core, target, HostVector.postedInterrupt);
}

/** vmx_sync_pir_to_irr: what was posted while the vCPU was not in guest mode. */
export function* syncPirToIrr(core: Core, vcpu: VirtualCpu): Kernel {
  core.at(At.sync);
  if (core.behind(NOW)) yield;
  const t = core.lockBitReset(vcpu.piControl, PiControl.on, NOW);
  if (!core.branch(core.lo !== 0, t)) return;
  core.at(At.merge);
  // Eight words of vectors, of which one can be set here.
  core.free(14);
  if (core.behind(NOW)) yield;
  const tPir = core.xchg32(vcpu.pir, 0, NOW);
  const pir = core.lo;
  if (core.behind(tPir)) yield;
  core.lockOr64(vcpu.irr, pir, 0, tPir);
}

/** vlapic_EOI_set: the interrupt in service ends. */
export function vlapicEoi(core: Core, vcpu: VirtualCpu): void {
  core.at(At.eoi);
  core.free(10);
  core.bitReset(vcpu.isr, vcpu.bit, NOW);
}
