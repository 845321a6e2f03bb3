/**
 * Interrupts on their way to the vCPUs of a guest: when a mark arrives, what it finds the target doing, and the
 * upcall it starts. Costs are those of src/xen/delivery.ts.
 */

import type { Engine } from '../model/engine.ts';
import { Priority } from '../model/event-queue.ts';
import type { Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { arrivalCycles, exitCycles, Target } from '../xen/delivery.ts';
import type { Guest } from './guest.ts';
import { Level, type Processor } from './processor.ts';

const AT = {
  exit: new SourceFile('xen/arch/x86/hvm (exit)')
    .fn('vmexit_handler')
    .site('exit for the kick IPI, entry', 4),
  inject: new SourceFile('xen/arch/x86/hvm (entry)').fn('intr_assist').site('injection at VM entry', 4),
};

/** An interrupt reaches a vCPU: the kind of the engine's event, beside those of the processors (0 and 1). */
export const EVENT_INJECT = 2;

/** The interrupts of one guest. */
export class Interrupts {
  readonly #engine: Engine;
  readonly #guest: Guest;
  readonly #processors: readonly Processor[];
  readonly #account: Float64Array;
  /** By vCPU: an interrupt waits for the end of the upcall, as in the IRR. */
  readonly #latched: Uint8Array;
  /** By vCPU: what it does, as recorded, when it has nothing to do here; one of `Target`. */
  readonly #idleState: Uint8Array;
  /** By vCPU: ports served by the upcall under way. */
  readonly #served: Int32Array;

  /** @param account where the cycles of upcalls are credited */
  constructor(engine: Engine, guest: Guest, processors: readonly Processor[], account: Float64Array) {
    this.#engine = engine;
    this.#guest = guest;
    this.#processors = processors;
    this.#account = account;
    this.#latched = new Uint8Array(guest.cpus.length);
    this.#idleState = new Uint8Array(guest.cpus.length);
    this.#served = new Int32Array(guest.cpus.length);
  }

  /** What a vCPU does when it has nothing to do here: one of `Target`. */
  noteIdle(vcpu: Vcpu, state: number): void {
    this.#idleState[vcpu] = state;
  }

  /** An event was newly marked for a vCPU by code on `from`. */
  marked(vcpu: Vcpu, from: Core): void {
    const target = this.#processors[vcpu]!;
    let state: number = Target.running;
    if (from === target.core) state = Target.self;
    else if (target.executing(from.now) < 0) state = this.#idleState[vcpu]!;
    const arrival = Math.max(this.#engine.now, from.now) + arrivalCycles(from.machine, state);
    this.#engine.schedule(arrival, Priority.inject, EVENT_INJECT, vcpu, state);
  }

  /** The upcall of a vCPU serves a port. */
  serves(vcpu: Vcpu): void {
    this.#served[vcpu]! += 1;
  }

  /** An interrupt arrives: taken at once, or when interrupts are on again: after an upcall under way, for one. */
  inject(vcpu: Vcpu, state: number): void {
    const processor = this.#processors[vcpu]!;
    const level = processor.executing(this.#engine.now);
    if (processor.busy(Level.upcall)) {
      this.#latched[vcpu] = 1;
      return;
    }
    if (level === Level.upcall) {
      this.#engine.schedule(processor.core.now, Priority.inject, EVENT_INJECT, vcpu, Target.self);
      return;
    }
    if (processor.core.interruptsOff > 0) {
      const again = Math.max(this.#engine.now + 1, processor.resumesAt);
      this.#engine.schedule(again, Priority.inject, EVENT_INJECT, vcpu, state);
      return;
    }
    if (level < 0) this.#guest.applyCacheState(vcpu, this.#engine.now);
    this.#served[vcpu] = 0;
    processor.start(Level.upcall, interruptedByUpcall(this.#guest, vcpu, state), this.#account);
  }

  /** An upcall has ended; one that was latched follows. Returns how many ports it served. */
  ended(vcpu: Vcpu): number {
    if (this.#latched[vcpu] === 1) {
      this.#latched[vcpu] = 0;
      const { core } = this.#processors[vcpu]!;
      this.#engine.schedule(core.now, Priority.inject, EVENT_INJECT, vcpu, Target.self);
    }
    return this.#served[vcpu]!;
  }
}

/**
 * An upcall with what Xen does for it: from the exit that interrupts a vCPU to its resumption.
 *
 * @param state what the vCPU was doing: one of `Target`
 */
export function* interruptedByUpcall({ kernel, cores, scenario }: Guest, vcpu: Vcpu, state: number): Kernel {
  const core = cores[vcpu]!;
  const exit = exitCycles(core.machine, state);
  if (exit > 0) {
    core.at(AT.exit);
    core.transition(exit);
  }
  core.at(AT.inject);
  core.transition(core.machine.n.eventInjectionCycles);
  yield* kernel.upcall(vcpu, scenario.run.interruptedUser === 1);
}
