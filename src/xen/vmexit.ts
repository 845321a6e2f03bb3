/**
 * Leaving the guest and entering it again: the exit with its mitigations and what it displaces, and the loop before
 * the entry (vmx_asm_do_vmentry, svm_asm_do_resume; fact sheet on Xen, 4.5). Interrupts, softirqs and intr_assist
 * until nothing is left.
 */

import { type Core, type Kernel, NOW } from '../x86/core.ts';
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
  specCtrl: exitFn.site('write SPEC_CTRL', 6),
  returns: exitFn.site('fill the return stack', 6),
  history: exitFn.site('clear the branch history', 6),
  save: exitFn.site('registers, dispatch of the exit', 60),
  softirqs: entryFn.site('softirqs pending?', 6),
  guestSpecCtrl: entryFn.site('write SPEC_CTRL', 6),
  verw: entryFn.site('VERW', 4),
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

/** A mitigation of so many cycles, which is nothing in a machine that does without. */
function mitigate(core: Core, site: number, cycles: number): void {
  if (cycles === 0) return;
  core.at(site);
  core.transition(cycles);
}

/**
 * The guest on this pCPU leaves guest mode. Translations stay: every modelled machine tags them (VPID, ASID), so
 * neither an exit nor a switch flushes them.
 */
export function vmExit(xen: Xen, pcpu: Pcpu, reason: ExitReason): void {
  const { core } = pcpu;
  const { n } = core.machine;
  xen.stats[reason]++;
  pcpu.mode = Mode.root;
  core.at(At.exit);
  core.transition(n.vmExitCycles);
  mitigate(core, At.specCtrl, n.specCtrlCycles);
  mitigate(core, At.returns, n.rsbFillCycles);
  if (n.rsbFillCycles > 0) core.predictor.fillReturns();
  mitigate(core, At.history, n.bhbClearCycles);
  if (n.bhbClearCycles > 0) core.predictor.clearHistory();
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
  mitigate(core, At.guestSpecCtrl, n.specCtrlCycles);
  mitigate(core, At.verw, n.verwCycles);
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
