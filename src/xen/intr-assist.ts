/**
 * What Xen does about interrupts before it enters a guest: vmx_intr_assist and svm_intr_assist with
 * hvm_vcpu_has_pending_irq (fact sheet on Xen, 4.2 and 4.3). Injects the upcall's vector, or arms the interrupt
 * window, or leaves it to the hardware where it has virtual interrupt delivery.
 */

import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { VCPU_INFO } from './abi.ts';
import { VCPU } from './layout.ts';
import type { VirtualCpu } from './virtual-cpu.ts';
import { syncPirToIrr } from './vlapic.ts';
import type { Xen } from './xen.ts';

const irq = new SourceFile('xen/arch/x86/hvm/irq.c', 'pending');
const pendingFn = irq.fn('hvm_vcpu_has_pending_irq');
const assist = new SourceFile('xen/arch/x86/hvm/{vmx,svm}/intr.c');

const At = {
  callback: pendingFn.site('callback vector: evtchn_upcall_pending', 12),
  irr: pendingFn.site('highest of IRR and ISR', 30),
  valid: assist.fn('intr_assist').site('an injection queued already?', 8),
  blocked: irq.fn('hvm_interrupt_blocked').site('IF, shadow, TPR', 14),
  window: assist.fn('enable_intr_window').site('arm the interrupt window', 8),
  ack: irq.fn('hvm_vcpu_ack_pending_irq').site('IRR to ISR', 12),
  inject: assist.fn('intr_assist').site('queue the injection', 10),
  rvi: assist.fn('intr_assist').site('write RVI', 8),
};

/**
 * Whether the upcall's vector waits for the vCPU (hvm_vcpu_has_pending_irq): the callback vector while the upcall
 * is pending, the local APIC's when IRR has it and it is not in service.
 */
export function* hasPendingIrq(xen: Xen, core: Core, vcpu: VirtualCpu): Kernel<boolean> {
  const { mode } = xen;
  if (!mode.lapic && !mode.line) {
    core.at(At.callback);
    core.free(4);
    if (core.behind(NOW)) yield;
    const t = core.load8(vcpu.info + VCPU_INFO.upcallPending, NOW);
    return core.branch(core.lo !== 0, t);
  }
  if (xen.posted) yield* syncPirToIrr(core, vcpu);
  core.at(At.irr);
  // Eight registers of vectors are looked at from the top; one of them can hold something here.
  core.free(18);
  if (core.behind(NOW)) yield;
  const tIrr = core.load32(vcpu.irr, NOW);
  const irr = core.lo;
  const tIsr = core.load32(vcpu.isr, NOW);
  // With virtual interrupt delivery the hardware compares priorities itself.
  const waits = irr !== 0 && (xen.posted || core.lo === 0);
  return core.branch(waits, core.join(tIrr, tIsr));
}

/** intr_assist, once. */
export function* intrAssist(xen: Xen, core: Core, vcpu: VirtualCpu): Kernel {
  if (!(yield* hasPendingIrq(xen, core, vcpu))) return;
  if (xen.posted && (xen.mode.lapic || xen.mode.line)) {
    core.at(At.rvi);
    core.store32(vcpu.base + VCPU.eventInjection, vcpu.vector, NOW);
    core.free(4);
    return;
  }
  core.at(At.valid);
  const tValid = core.load32(vcpu.base + VCPU.eventInjection, NOW);
  if (core.branch(core.lo !== 0, tValid)) return armWindow(xen, core, vcpu);
  core.at(At.blocked);
  core.free(8);
  if (core.branch(!xen.hardware.interruptsOn(vcpu), NOW)) return armWindow(xen, core, vcpu);
  if (xen.mode.lapic || xen.mode.line) {
    core.at(At.ack);
    core.free(4);
    if (core.behind(NOW)) yield;
    core.lockBitReset(vcpu.irr, vcpu.bit, NOW);
    core.bitSet(vcpu.isr, vcpu.bit, NOW);
  }
  core.at(At.inject);
  core.free(4);
  core.store32(vcpu.base + VCPU.eventInjection, vcpu.vector, NOW);
  xen.stats.injections++;
  if (yield* hasPendingIrq(xen, core, vcpu)) armWindow(xen, core, vcpu);
}

/** Asks for an exit as soon as the guest takes interrupts: interrupt-window exiting, or a dummy V_IRQ on SVM. */
function armWindow(xen: Xen, core: Core, vcpu: VirtualCpu): void {
  core.at(At.window);
  core.free(3);
  core.store32(vcpu.base + VCPU.window, 1, NOW);
  core.interruptWaits = true;
  xen.stats.windows++;
}
