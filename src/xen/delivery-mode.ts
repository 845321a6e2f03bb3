/**
 * How upcalls reach an HVM or PVH guest: the four ways of the fact sheet on Xen, section 4.1. What each costs
 * follows from the machine: `lapic` needs no exit where there are APICv and posted interrupts.
 */
import { unknownName } from '../model/errors.ts';

/** A way to deliver upcalls. */
export interface DeliveryMode {
  readonly name: string;
  readonly what: string;
  /** Through the virtual local APIC of each vCPU, edge-triggered (HVMOP_set_evtchn_upcall_vector). */
  readonly lapic: boolean;
  /** A level-triggered line of the virtual IOAPIC, which reaches vCPU 0 only. */
  readonly line: boolean;
  /** The guest ends the interrupt with an EOI. */
  readonly needsEoi: boolean;
}

/** The modes, the one FreeBSD and Linux choose first in front. */
export const DELIVERY_MODES: readonly DeliveryMode[] = [
  {
    name: 'lapic',
    what: 'a vector of the virtual local APIC of each vCPU',
    lapic: true,
    line: false,
    needsEoi: true,
  },
  {
    name: 'vector',
    what: 'HVM_PARAM_CALLBACK_IRQ of type 2: a vector that Xen injects past the local APIC',
    lapic: false,
    line: false,
    needsEoi: false,
  },
  {
    name: 'gsi',
    what: 'HVM_PARAM_CALLBACK_IRQ of type 0: a line of the virtual IOAPIC, to vCPU 0 only',
    lapic: false,
    line: true,
    needsEoi: true,
  },
  {
    name: 'intx',
    what: 'HVM_PARAM_CALLBACK_IRQ of type 1: INTx of the platform device, to vCPU 0 only',
    lapic: false,
    line: true,
    needsEoi: true,
  },
];

/** The mode of that name; a UserError (exit 2) with the nearest name otherwise. */
export function deliveryByName(name: string): DeliveryMode {
  const mode = DELIVERY_MODES.find((m) => m.name === name);
  if (mode !== undefined) return mode;
  throw unknownName(
    'delivery mode',
    name,
    DELIVERY_MODES.map((m) => m.name),
  );
}
