/** What Xen's own code needs of a domain's event channels to raise an event from an interrupt or a tasklet. */
import type { Port } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import type { VirtualCpu } from './virtual-cpu.ts';

/** A domain that events can be raised for. */
export interface EventSource {
  /** send_guest_vcpu_virq, send_guest_global_virq, send_guest_pirq: with interrupts off. */
  raise(core: Core, port: Port): Kernel;
  /** hvm_assert_evtchn_irq, put off by a tasklet until interrupts were on. */
  assertUpcall(core: Core, vcpu: VirtualCpu): Kernel;
}
