/**
 * The hardware between the pCPUs: interrupt messages on their way, what each finds its pCPU doing, and what the
 * processor itself does to the vCPU that runs there.
 */

import type { Engine } from '../model/engine.ts';
import { Priority } from '../model/event-queue.ts';
import type { Cycle, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { interruptExit, windowExit } from '../xen/hvm-exits.ts';
import { HostVector, IRQ_STAT, Mode, type Pcpu } from '../xen/pcpu.ts';
import { Softirq } from '../xen/softirq-bits.ts';
import type { VirtualCpu } from '../xen/virtual-cpu.ts';
import type { Hardware, Xen } from '../xen/xen.ts';
import { type Context, Level } from './context.ts';
import type { Guest } from './guest.ts';
import type { Processor } from './processor.ts';

const AT_POSTED = new SourceFile('(hardware)', 'posted')
  .fn('posted-interrupt processing')
  .site('PIR to IRR, delivery', 2);

/**
 * What reaches a pCPU: kinds of the engine's events beside a processor's, from this one on. Interrupt messages, stores
 * that end an MWAIT, APIC timers.
 */
export const EVENT_INTERRUPT = 2;
const EVENT_WAKE = 3;
const EVENT_TIMER = 4;

/** What the interrupts need of the vCPUs. */
export interface InterruptHost {
  readonly engine: Engine;
  readonly xen: Xen;
  readonly processors: readonly Processor[];
  /** Account of what Xen does for a vCPU outside the guest's own code. */
  readonly xenAccount: Float64Array;
  contextOf(vcpu: VirtualCpu): Context;
  idleContext(pcpu: Pcpu): Context;
  /** The guest's upcall on the vCPU that runs there. */
  startUpcall(processor: Processor, vcpu: VirtualCpu, cycles: Cycle): void;
  /** An interrupt finds a vCPU that has had nothing to do here. */
  disturbed(processor: Processor): void;
}

/** Interrupts of one host. */
export class Interrupts implements Hardware {
  readonly #host: InterruptHost;
  /** By pCPU: the cycle at which its timer fires; events of another cycle are of settings since forgotten. */
  readonly #timerAt: number[] = [];

  constructor(host: InterruptHost) {
    this.#host = host;
  }

  interrupt(pcpu: Pcpu, vector: number, cycle: Cycle): void {
    this.#schedule(EVENT_INTERRUPT, pcpu, vector, cycle);
  }

  timer(pcpu: Pcpu, cycle: Cycle): void {
    const at = Math.max(cycle, this.#host.engine.now);
    this.#timerAt[pcpu.index] = at;
    if (at !== Number.POSITIVE_INFINITY) this.#schedule(EVENT_TIMER, pcpu, HostVector.timer, at);
  }

  wake(pcpu: Pcpu, cycle: Cycle): void {
    this.#schedule(EVENT_WAKE, pcpu, 0, cycle);
  }

  deliver(pcpu: Pcpu, cycles: Cycle): void {
    this.#host.startUpcall(this.#host.processors[pcpu.index]!, pcpu.current!, cycles);
  }

  interruptsOn(vcpu: VirtualCpu): boolean {
    const context = this.#host.contextOf(vcpu);
    const processor = this.#host.processors[vcpu.pcpu]!;
    const sections = processor.context === context ? processor.core.interruptsOff : context.interruptsOff;
    return context.kernels[Level.upcall] === undefined && sections === 0;
  }

  switchTo(pcpu: Pcpu, vcpu: VirtualCpu | undefined): void {
    const { processors } = this.#host;
    const next = vcpu === undefined ? this.#host.idleContext(pcpu) : this.#host.contextOf(vcpu);
    processors[pcpu.index]!.switchTo(next);
  }

  /** Handles an event of one of these kinds. */
  event(kind: number, index: number, vector: number): void {
    const { xen, processors } = this.#host;
    const pcpu = xen.pcpus[index]!;
    const processor = processors[index]!;
    if (kind === EVENT_TIMER) {
      if (this.#timerAt[index] !== this.#host.engine.now) return;
      this.#timerAt[index] = Number.POSITIVE_INFINITY;
    }
    const arrives = kind !== EVENT_WAKE;
    if (arrives && pcpu.mode === Mode.guest && vector === HostVector.postedInterrupt) this.#posted(pcpu);
    else {
      if (arrives) pcpu.interrupts |= 1 << vector;
      // An exit that is about to begin takes it along on its way back.
      const exits = processor.busy(Level.xen);
      if (arrives && pcpu.mode === Mode.guest && !exits) this.#exit(pcpu, processor);
      else if (pcpu.mode === Mode.idle) {
        // A pCPU that is lent is in no C-state: somebody outside runs there.
        const leave = pcpu.lent > 0 ? 0 : xen.machine.cstateExitCycles;
        processor.wake(this.#host.engine.now + leave);
      }
    }
  }

  /** The guest takes interrupts again: an armed window opens, or the hardware delivers what it holds. */
  interruptsBackOn(processor: Processor): void {
    const { xen, xenAccount } = this.#host;
    const pcpu = xen.pcpus[processor.index]!;
    const vcpu = pcpu.current!;
    processor.core.interruptWaits = false;
    if (vcpu.windowArmed) processor.start(Level.xen, windowExit(xen, pcpu), xenAccount);
    else if (xen.usesVirtualDelivery && vcpu.hardwareDelivers()) {
      xen.stats.injections++;
      this.deliver(pcpu, xen.machine.n.eventInjectionCycles);
    }
  }

  #posted(pcpu: Pcpu): void {
    const { xen, processors } = this.#host;
    const vcpu = pcpu.current!;
    xen.stats.posted++;
    vcpu.hardwareMergesPosted();
    if (!this.interruptsOn(vcpu) || !vcpu.hardwareDelivers()) {
      pcpu.core.interruptWaits = true;
      return;
    }
    xen.stats.injections++;
    this.#host.disturbed(processors[pcpu.index]!);
    this.deliver(pcpu, xen.machine.n.postedInterruptCycles);
  }

  #exit(pcpu: Pcpu, processor: Processor): void {
    this.#host.disturbed(processor);
    processor.start(Level.xen, interruptExit(this.#host.xen, pcpu), this.#host.xenAccount);
  }

  #schedule(kind: number, pcpu: Pcpu, vector: number, cycle: Cycle): void {
    const { engine } = this.#host;
    engine.schedule(Math.max(cycle, engine.now), Priority.inject, kind, pcpu.index, vector);
  }
}

/** What the hardware takes to deliver an upcall's vector, where the VM entry has not charged it (`Hardware.deliver`). */
export function chargeDelivery(core: Core, cycles: Cycle): void {
  if (cycles === 0) return;
  core.at(AT_POSTED);
  core.transition(cycles);
}

/** The guest's upcall, with what the hardware takes to deliver it where that is not charged yet. */
export function* deliveredUpcall(guest: Guest, vcpu: Vcpu, cycles: Cycle): Kernel {
  chargeDelivery(guest.coreOf(vcpu), cycles);
  yield* guest.kernel.upcall(vcpu, guest.scenario.run.interruptedUser === 1);
}

/**
 * An upcall of a vCPU that runs on a core of its own, with everything another pCPU's mark of it causes here: the
 * exit for the kick, the injection, the upcall, the window. The mark is taken as made.
 */
export function* interruptedByUpcall(guest: Guest, vcpu: Vcpu): Kernel {
  const { xen, memory, hvm } = guest;
  const virtual = hvm.domain.virtualCpus[vcpu]!;
  const pcpu = xen.pcpus[virtual.pcpu]!;
  if (xen.usesVirtualDelivery) {
    yield* deliveredUpcall(guest, vcpu, xen.machine.n.postedInterruptCycles);
    return;
  }
  if (xen.mode.lapic || xen.mode.line) memory.poke32(virtual.irr, 1 << virtual.bit);
  memory.poke32(pcpu.irqStat + IRQ_STAT.softirqs, 1 << Softirq.vcpuKick);
  pcpu.interrupts |= 1 << HostVector.eventCheck;
  yield* interruptExit(xen, pcpu);
  yield* deliveredUpcall(guest, vcpu, 0);
  if (virtual.windowArmed) yield* windowExit(xen, pcpu);
}
