/**
 * Leaving the guest and entering it again: the exit with its mitigations and what it displaces, and the loop before
 * the entry (vmx_asm_do_vmentry, svm_asm_do_resume; fact sheet on Xen, 4.5). Interrupts, softirqs and intr_assist
 * until nothing is left.
 */

import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { takeInterrupts } from './host-interrupts.ts';
import { intrAssist } from './intr-assist.ts';
import { VCPU } from './layout.ts';
import { IRQ_STAT, Mode, type Pcpu } from './pcpu.ts';
import { doSoftirq } from './softirq.ts';
import type { Xen } from './xen.ts';

const entryFile = new SourceFile('xen/arch/x86/hvm/{vmx,svm}/entry.S');
const exitFn = entryFile.fn('vmexit_handler');
const entryFn = entryFile.fn('do_vmentry');

const At = {
  exit: exitFn.site('VM exit', 4),
  mitigations: exitFn.site('SPEC_CTRL, return stack', 12),
  save: exitFn.site('registers, dispatch of the exit', 60),
  softirqs: entryFn.site('softirqs pending?', 6),
  clear: entryFn.site('SPEC_CTRL, VERW', 8),
  entry: entryFn.site('VM entry', 20),
  injected: entryFn.site('delivery of the injected vector', 4),
};

/** Reasons of VM exits, as the counters of `XEN_STATS` name them. */
export type ExitReason =
  | 'exits_interrupt'
  | 'exits_window'
  | 'exits_eoi'
  | 'exits_halt'
  | 'exits_hypercall'
  | 'exits_apic'
  | 'exits_other';

/** The guest on this pCPU leaves guest mode. */
export function vmExit(xen: Xen, pcpu: Pcpu, reason: ExitReason): void {
  const { core } = pcpu;
  const { n } = core.machine;
  xen.stats[reason]++;
  pcpu.mode = Mode.root;
  core.at(At.exit);
  core.transition(n.vmExitCycles);
  if (n.specCtrlCycles + n.rsbFillCycles > 0) {
    core.at(At.mitigations);
    core.transition(n.specCtrlCycles + n.rsbFillCycles);
  }
  if (n.rsbFillCycles > 0) core.predictor.fillReturns();
  core.at(At.save);
  core.lump(n.exitSoftwareCycles);
  core.pollute(n.exitDataLines, n.exitCodeLines, 0);
}

/** Back to the vCPU of this pCPU, which may have to wait for its turn meanwhile. */
export function* vmEntry(xen: Xen, pcpu: Pcpu): Kernel {
  const { core } = pcpu;
  const vcpu = pcpu.current!;
  for (;;) {
    yield* takeInterrupts(xen, pcpu);
    yield* intrAssist(xen, core, vcpu);
    core.at(At.softirqs);
    core.microcoded(core.machine.n.cliCycles);
    if (core.behind(NOW)) yield;
    const t = core.load32(pcpu.irqStat + IRQ_STAT.softirqs, NOW);
    if (core.branch(core.lo !== 0, t)) yield* doSoftirq(xen, pcpu);
    else if (pcpu.interrupts === 0) break;
  }
  const { n } = core.machine;
  if (n.specCtrlCycles + n.verwCycles > 0) {
    core.at(At.clear);
    core.transition(n.specCtrlCycles + n.verwCycles);
  }
  core.at(At.entry);
  const tInjection = core.load32(vcpu.base + VCPU.eventInjection, NOW);
  const injects = core.lo !== 0;
  core.branch(injects, tInjection);
  if (injects) core.store32(vcpu.base + VCPU.eventInjection, 0, NOW);
  core.transition(n.vmEntryCycles);
  pcpu.mode = Mode.guest;
  if (!injects) return;
  if (!xen.usesVirtualDelivery || (xen.hardware.interruptsOn(vcpu) && vcpu.hardwareDelivers())) {
    if (xen.usesVirtualDelivery) xen.stats.injections++;
    core.at(At.injected);
    core.transition(n.eventInjectionCycles);
    xen.hardware.deliver(pcpu, 0);
  } else core.interruptWaits = true;
}
