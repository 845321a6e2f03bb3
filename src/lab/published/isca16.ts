/**
 * Dall et al., "ARM Virtualization: Performance and Architectural Implications", ISCA 2016, Table II, the column
 * "Xen x86": Dell r320, Xeon E5-2450 at 2.1 GHz, Xen 4.5, Linux 4.0-rc4, vCPUs pinned, no APICv. All figures are
 * from memory (fact sheet on x86 costs, 4a; fact sheet on Xen, section 7).
 */
import type { Cycle } from '../../model/units.ts';
import type { MACHINE, Machine } from '../../x86/machine.ts';
import { ioLatency } from './io-latency.ts';
import { apicAccess, nullHypercall } from './one-core.ts';
import type { Taken } from './path.ts';
import { irqCompletion, virtualIpi } from './virtual-ipi.ts';
import { vmSwitch } from './vm-switch.ts';

/** A published figure with the benchmark that it is compared with. */
export interface PublishedRow {
  readonly name: string;
  /** The number of the machine that the figure has set; undefined for a figure that is predicted. */
  readonly sets?: keyof typeof MACHINE;
  /** As published, taken as cycles of the core. */
  readonly cycles: Cycle;
  readonly predict: (machine: Machine) => Taken;
  /** From where to where, as the figure is read here. */
  readonly reading: string;
  /** What the real path has and the model does not charge, or charges too much. */
  readonly missing: string;
}

const DOM0 =
  'Dom0 of that host is a PV guest: its upcall is a frame on its stack and an IRET, its hypercall a SYSCALL, where the model has VM entry with injection, and VM exit.';

/** The machine of the table. */
export const ISCA16_MACHINE = 'sandy-bridge-en';

/** The rows in the order of the table. */
export const ISCA16: readonly PublishedRow[] = [
  {
    name: 'Hypercall',
    sets: 'exitSoftwareCycles',
    cycles: 1228,
    predict: nullHypercall,
    reading: 'from the guest to Xen and back, no work in Xen.',
    missing: '',
  },
  {
    name: 'Interrupt Controller Trap',
    sets: 'apicEmulationCycles',
    cycles: 1734,
    predict: apicAccess,
    reading: 'an access to a register of the local APIC that Xen emulates.',
    missing: '',
  },
  {
    name: 'Virtual IPI',
    cycles: 5562,
    predict: virtualIpi,
    reading:
      "one write of the ICR to the first instruction of the receiver's handler; both vCPUs run guest code. The receiver's answer through shared memory is not in it.",
    missing:
      'A native IPI takes 900 to 2,000 cycles from send to handler (from memory); here the write of the ICR and the flight are all there is of it. An ICR in memory (xAPIC) needs further trapped accesses, each as dear as the row above; the answer needs one more transfer of a line.',
  },
  {
    name: 'Virtual IRQ Completion',
    cycles: 1464,
    predict: irqCompletion,
    reading: "the handler's EOI, a trapped write, to the next instruction.",
    missing:
      'The EOI is charged as the bit it clears; the decoding of the access and what else vlapic_EOI_set calls are not.',
  },
  {
    name: 'VM Switch',
    cycles: 10534,
    predict: vmSwitch,
    reading: 'the vCPU that runs blocks; the next instruction of the vCPU of another guest on the same pCPU.',
    missing:
      "schedule() and the switch are two lumps by judgement. Behind them stand, in Xen 4.5: FPU state, guest MSRs and debug registers saved and loaded, VMPTRLD, the guest's timers moved, runstates written to guest memory, CR3 written without PCID; and the second guest's cold lines and predictors, of which the model has those it touches.",
  },
  {
    name: 'I/O Latency Out',
    cycles: 11262,
    predict: ioLatency,
    reading:
      "the guest's EVTCHNOP_send to the first instruction of Dom0's handler on another pCPU, which idles.",
    missing: `${DOM0} The switch from the idle vCPU is lazy here: nothing is saved or loaded. What the idle pCPU waits in is half of the prediction.`,
  },
  {
    name: 'I/O Latency In',
    cycles: 10050,
    predict: ioLatency,
    reading:
      "Dom0's EVTCHNOP_send to the first instruction of the guest's handler on another pCPU, which idles.",
    missing: `${DOM0} Everything else is as in the row above.`,
  },
];
