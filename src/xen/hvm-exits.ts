/**
 * VM exits a guest causes itself, or that an interrupt causes: each from the exit to the entry. The guest's code
 * goes on behind them; what was injected meanwhile comes first, so the kernels stop once at their end.
 */

import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { takeInterrupts } from './host-interrupts.ts';
import { hasPendingIrq } from './intr-assist.ts';
import { VCPU } from './layout.ts';
import type { Pcpu } from './pcpu.ts';
import { cpuRaiseSoftirq } from './raise-softirq.ts';
import { Softirq } from './softirq-bits.ts';
import { PauseFlag, type VirtualCpu } from './virtual-cpu.ts';
import { vlapicEoi } from './vlapic.ts';
import { type ExitReason, vmEntry, vmExit } from './vmexit.ts';
import type { Xen } from './xen.ts';

const hvm = new SourceFile('xen/arch/x86/hvm/hvm.c');
const sched = new SourceFile('xen/common/sched/core.c', 'block');
const vlapic = new SourceFile('xen/arch/x86/hvm/vlapic.c', 'access');
const intr = new SourceFile('xen/arch/x86/hvm/{vmx,svm}/intr.c', 'window');

const At = {
  halt: hvm.fn('hvm_hlt').site('event pending, IF?', 14),
  block: sched.fn('vcpu_block').site('set the blocked bit, look again', 24),
  window: intr.fn('vmexit_handler (window)').site('disarm the window', 10),
  access: vlapic.fn('vlapic_mmio_read').site('emulate the access', 30),
  eoi: hvm.fn('hvm_msr_write_intercept').site('EOI of the local APIC', 30),
};

/** An exit has begun: the level of the domain's callback line is looked at, where it has one. */
export function* exited(xen: Xen, pcpu: Pcpu, reason: ExitReason): Kernel {
  vmExit(xen, pcpu, reason);
  const { line } = pcpu.current!.owner;
  if (line !== undefined) yield* line.maybeDeassert(pcpu.core);
}

/** A physical interrupt takes the guest out. */
export function* interruptExit(xen: Xen, pcpu: Pcpu): Kernel {
  yield* exited(xen, pcpu, 'exits_interrupt');
  yield* takeInterrupts(xen, pcpu);
  yield* vmEntry(xen, pcpu);
}

/** The interrupt window opens: the guest takes interrupts again. */
export function* windowExit(xen: Xen, pcpu: Pcpu): Kernel {
  const vcpu = pcpu.current!;
  yield* exited(xen, pcpu, 'exits_window');
  pcpu.core.at(At.window);
  pcpu.core.store32(vcpu.base + VCPU.window, 0, NOW);
  pcpu.core.free(3);
  yield* vmEntry(xen, pcpu);
}

/** The guest ends the interrupt of its upcall by an access that Xen intercepts. */
export function* eoiExit(xen: Xen, pcpu: Pcpu): Kernel {
  const { core } = pcpu;
  yield* exited(xen, pcpu, 'exits_eoi');
  core.at(At.eoi);
  core.free(12);
  vlapicEoi(core, pcpu.current!);
  const { line } = pcpu.current!.owner;
  if (line !== undefined) yield* line.eoi(core);
  yield* vmEntry(xen, pcpu);
  yield;
}

/** The guest accesses a register of its local APIC that Xen emulates and that has no effect on upcalls. */
export function* apicAccessExit(xen: Xen, pcpu: Pcpu): Kernel {
  const { core } = pcpu;
  yield* exited(xen, pcpu, 'exits_apic');
  core.at(At.access);
  core.lump(core.machine.n.apicEmulationCycles);
  yield* vmEntry(xen, pcpu);
  yield;
}

/** The guest halts: it goes on when something is to be injected. */
export function* haltExit(xen: Xen, pcpu: Pcpu): Kernel {
  const { core } = pcpu;
  const vcpu = pcpu.current!;
  yield* exited(xen, pcpu, 'exits_halt');
  core.at(At.halt);
  core.free(6);
  const queued = yield* hasPendingIrq(xen, core, vcpu);
  if (!queued) yield* block(xen, core, pcpu, vcpu);
  yield* vmEntry(xen, pcpu);
  yield;
}

/** An exit that has nothing to do with events: what Xen does for it is the part common to all exits. */
export function* otherExit(xen: Xen, pcpu: Pcpu): Kernel {
  yield* exited(xen, pcpu, 'exits_other');
  yield* vmEntry(xen, pcpu);
  yield;
}

/** vcpu_block: blocked, unless an event has come that is not masked. */
function* block(xen: Xen, core: Core, pcpu: Pcpu, vcpu: VirtualCpu): Kernel {
  core.at(At.block);
  core.free(6);
  if (core.behind(NOW)) yield;
  core.lockBitSet(vcpu.base + VCPU.pauseFlags, PauseFlag.blocked, NOW);
  if (yield* hasPendingIrq(xen, core, vcpu)) {
    core.at(At.block);
    if (core.behind(NOW)) yield;
    core.lockBitReset(vcpu.base + VCPU.pauseFlags, PauseFlag.blocked, NOW);
  } else yield* cpuRaiseSoftirq(xen, core, pcpu, Softirq.schedule);
}
