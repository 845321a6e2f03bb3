/**
 * One stay of a vCPU in Xen: from a VM exit to the next VM entry of the same vCPU, wherever that is. What the guest,
 * the scheduler and the host did is one part; what Xen answered, which is to be predicted, is the other.
 */
import { NONE } from './delivery.ts';

/** Who made a vCPU runnable again. */
export const Waker = { none: 0, send: 1, other: 2 } as const;

/** What drives the model. */
export class Driving {
  /** SVM exit code. */
  reason = 0;
  /** Number of the guest's hypercall, NONE if the exit was none. */
  hypercall = NONE;
  /** MSR written and the low half of the value; NONE if the exit was none. */
  msr = NONE;
  msrValue = 0;
  /** Whether the vCPU blocked, who woke it, and whether it lost its pCPU meanwhile. */
  blocked = false;
  waker: number = Waker.none;
  descheduled = false;
  /** Whether its pCPU did scheduling work or woke another vCPU meanwhile. */
  otherWork = false;
  /** Ticks of exit and entry. */
  exit = 0;
  entry = 0;
}

/** What Xen did, as recorded. */
export class Answer {
  /** Vector of the injection record, NONE if there was none; injections after the first. */
  injected = NONE;
  moreInjections = 0;
  /** Vector of the window records, NONE if none; records after the first, from further passes of the entry loop. */
  window = NONE;
  morePasses = 0;
  /** Payload of the HLT record: 1 if the vCPU was still runnable; NONE if there was none. */
  hlt = NONE;
}

/** The two parts with the place in the recording. One object serves all episodes of a vCPU. */
export class Episode {
  readonly driving = new Driving();
  readonly answer = new Answer();
  /** Offset of the exit's record. */
  byte = 0;

  /** Begins anew with an exit. */
  begin(reason: number, tick: number, byte: number): void {
    const { driving: d, answer: a } = this;
    d.reason = reason;
    d.hypercall = NONE;
    d.msr = NONE;
    d.msrValue = 0;
    d.blocked = false;
    d.waker = Waker.none;
    d.descheduled = false;
    d.otherWork = false;
    d.exit = tick;
    a.injected = NONE;
    a.moreInjections = 0;
    a.window = NONE;
    a.morePasses = 0;
    a.hlt = NONE;
    this.byte = byte;
  }
}
