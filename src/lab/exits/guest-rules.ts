/**
 * What is known of the guest's RFLAGS.IF without looking at what Xen did. The consumer is Linux with the per-vCPU
 * vector, or another one that writes EOI before it accepts interrupts again.
 */
import { type Driving, Waker } from './episode.ts';
import { Hypercall, isAsynchronous, SvmExit, X2Apic } from './svm.ts';

/**
 * Vectors that guests use for event-channel upcalls. Sources: HYPERVISOR_CALLBACK_VECTOR of Linux
 * (arch/x86/include/asm/irq_vectors.h), IDT_EVTCHN of FreeBSD (sys/x86/include/apicvar.h).
 */
const UPCALL_VECTORS: readonly number[] = [0xf3, 0x93];

/** Whether a vector is one of event-channel upcalls. */
export function isUpcallVector(vector: number): boolean {
  return UPCALL_VECTORS.includes(vector);
}

/** RFLAGS.IF as far as it is known. */
export const Flag = { clear: 0, set: 1, unknown: 2 } as const;

/**
 * IF at the entry that ends an episode:
 * - set after HLT: the idle loop executes STI and HLT together (Linux: native_safe_halt);
 * - set after VINTR: the processor takes that exit when interrupts are accepted;
 * - clear after EOI: the handler's first action, before IRET (Linux: sysvec_xen_hvm_callback);
 * - clear in vcpu_op: a timer is set with interrupts off (Linux: clockevents_program_event);
 * - clear while a window is armed: had it been set, the processor would have taken VINTR;
 * - else unknown: set, as nearly always, where nothing but a rule can say it.
 */
export function interruptFlag(d: Driving, windowArmed: boolean): number {
  if (d.reason === SvmExit.hlt || d.reason === SvmExit.vintr) return Flag.set;
  if (windowArmed) return Flag.clear;
  if (d.msr === X2Apic.eoi) return Flag.clear;
  if (d.reason === SvmExit.vmmcall && d.hypercall === Hypercall.vcpuOp) return Flag.clear;
  return Flag.unknown;
}

/**
 * Whether the vCPU was woken by an upcall: it was blocked in HLT. One in SCHEDOP_poll is woken by the port it polls, which
 * is masked.
 */
export function isUpcallWake(d: Driving): boolean {
  return d.waker !== Waker.none && d.reason === SvmExit.hlt;
}

/**
 * Whether a host interrupt that made the guest exit can only be for the vCPU itself: its timer, or the kick of a send.
 * Every other reason leaves a record on this pCPU: the scheduler was asked, or another vCPU was woken.
 */
export function isOwnInterrupt(d: Driving): boolean {
  return d.reason === SvmExit.intr && !d.otherWork && !d.descheduled;
}

/**
 * Whether an exit can come between an injection and the EOI of Linux's handler, which is its first own action: one
 * that the handler does not ask for, or the clock that is read on the way in from idle (tick_irq_enter), where RDTSC
 * is intercepted.
 */
export function mayPrecedeEoi(reason: number): boolean {
  return isAsynchronous(reason) || reason === SvmExit.rdtsc;
}

/** The vector that the guest sends to itself through its x2APIC with this exit; -1 if it does not. */
export function selfIpi(d: Driving): number {
  if (d.msr === X2Apic.selfIpi) return d.msrValue & 0xff;
  // ICR: fixed delivery, destination shorthand "self". Source: SDM volume 3, figure 11-28.
  const shorthand = (d.msrValue >>> 18) & 3;
  const mode = (d.msrValue >>> 8) & 7;
  return d.msr === X2Apic.icr && shorthand === 1 && mode === 0 ? d.msrValue & 0xff : -1;
}
