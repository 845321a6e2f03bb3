/**
 * Upcalls as a level-triggered line of the virtual IOAPIC, for vCPU 0 (GSI and INTx; fact sheet on Xen, 4.4): the
 * line is high while vCPU 0's upcall is pending, and Xen notices that it is not at every VM exit of the domain.
 */
import type { Addr } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { LINE_BYTES, type Memory } from '../x86/memory.ts';
import { SourceFile } from '../x86/sites.ts';
import { VCPU_INFO } from './abi.ts';
import { spinLock, spinUnlock } from './locks.ts';
import type { Line, VirtualCpu } from './virtual-cpu.ts';
import { vlapicSetIrq } from './vlapic.ts';
import type { Xen } from './xen.ts';

const irq = new SourceFile('xen/arch/x86/hvm/irq.c', 'callback');
const vioapic = new SourceFile('xen/arch/x86/hvm/vioapic.c');

const At = {
  level: irq.fn('hvm_set_callback_irq_level').site('level of the line', 14),
  test: irq.fn('hvm_maybe_deassert_evtchn_irq').site('asserted, and still pending?', 8),
  deliver: vioapic.fn('vioapic_irq_positive_edge').site('redirection entry', 20),
  eoi: vioapic.fn('vioapic_update_EOI').site('remote IRR', 16),
};

/** Offsets of what the domain keeps: the lock, whether the line is asserted, and the entry's remote IRR. */
const STATE = { irqLock: 0, asserted: 8, remoteIrr: 12 } as const;

/** The callback line of one domain. */
export class CallbackLine implements Line {
  readonly #state: Addr;
  readonly #xen: Xen;
  readonly #vcpu0: VirtualCpu;

  constructor(memory: Memory, xen: Xen, domain: string, vcpu0: VirtualCpu) {
    this.#xen = xen;
    this.#vcpu0 = vcpu0;
    this.#state = memory.place(`xen: ${domain} hvm_irq`, LINE_BYTES, LINE_BYTES);
  }

  /** hvm_set_callback_irq_level: the line follows evtchn_upcall_pending of vCPU 0. */
  *update(core: Core): Kernel {
    yield* spinLock(core, this.#state + STATE.irqLock);
    core.at(At.level);
    if (core.behind(NOW)) yield;
    const tPending = core.load8(this.#vcpu0.info + VCPU_INFO.upcallPending, NOW);
    const pending = core.lo;
    const tOld = core.load32(this.#state + STATE.asserted, NOW);
    if (core.branch(core.lo !== pending, core.join(tPending, tOld))) {
      if (core.behind(tPending)) yield;
      core.store32(this.#state + STATE.asserted, pending, tPending);
      if (core.branch(pending !== 0, tPending)) yield* this.#deliver(core);
    }
    yield* spinUnlock(core, this.#state + STATE.irqLock);
  }

  /** hvm_maybe_deassert_evtchn_irq, at every VM exit: one test unless the line is high. */
  *maybeDeassert(core: Core): Kernel {
    core.at(At.test);
    if (core.behind(NOW)) yield;
    const tAsserted = core.load32(this.#state + STATE.asserted, NOW);
    if (core.branch(core.lo === 0, tAsserted)) return;
    if (core.behind(NOW)) yield;
    const tPending = core.load8(this.#vcpu0.info + VCPU_INFO.upcallPending, NOW);
    if (core.branch(core.lo !== 0, tPending)) return;
    yield* this.update(core);
  }

  /** The EOI of the vector at the virtual IOAPIC: a line that is still high interrupts again. */
  *eoi(core: Core): Kernel {
    yield* spinLock(core, this.#state + STATE.irqLock);
    core.at(At.eoi);
    core.free(6);
    core.store32(this.#state + STATE.remoteIrr, 0, NOW);
    const tAsserted = core.load32(this.#state + STATE.asserted, NOW);
    if (core.branch(core.lo !== 0, tAsserted)) yield* this.#deliver(core);
    yield* spinUnlock(core, this.#state + STATE.irqLock);
  }

  *#deliver(core: Core): Kernel {
    core.at(At.deliver);
    core.free(10);
    const t = core.load32(this.#state + STATE.remoteIrr, NOW);
    if (core.branch(core.lo !== 0, t)) return;
    core.store32(this.#state + STATE.remoteIrr, 1, t);
    yield* vlapicSetIrq(this.#xen, core, this.#vcpu0, true);
  }
}
