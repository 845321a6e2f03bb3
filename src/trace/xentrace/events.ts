/**
 * The records of xentrace that are read here, by event id. Names and numbers: xen/include/public/trace.h of Xen 4.17;
 * the layout of each record's extra words as xenalyze reads it.
 */

/** Layout of a record's first word. Source: struct t_rec of xen/include/public/trace.h. */
export const HEADER = {
  eventMask: 0x0fff_ffff,
  extraShift: 28,
  extraMask: 7,
  cyclesBit: 0x8000_0000,
} as const;

/** Event ids. */
export const Trace = {
  lostRecords: 0x0001_f001,
  wrapBuffer: 0x0001_f002,
  cpuChange: 0x0001_f003,
  /** No event of Xen's: the second visit of a record of lost records, at the time it was written. */
  lostEnds: -1,
  /** Extra words of the scheduler's: domain, vCPU. */
  schedWake: 0x0002_8004,
  schedBlock: 0x0002_8006,
  /** The scheduler was asked and kept the vCPU. */
  continueRunning: 0x0002_1002,
  /** Runstate changes: 0x21001 | old << 8 | new << 4; one word, domain << 16 | vCPU. */
  runstateBase: 0x0002_1001,
  vmEntry: 0x0008_1001,
  /** An exit with a 64-bit instruction pointer: exit code, rip low, rip high. Both vendors write it up to Xen 4.17. */
  vmExit: 0x0008_1102,
  /** The same from SVM, where the vendors' numbers differ. */
  svmExit: 0x0008_1103,
  injectVirq: 0x0008_2004,
  /** index, value low, value high */
  msrWrite: 0x0008_200d,
  vmmcall: 0x0008_2012,
  hlt: 0x0008_2013,
  /** TSC as the guest got it: low, high */
  rdtsc: 0x0008_201a,
  intrWindow: 0x0008_2020,
  pvHypercall: 0x0020_100d,
  /** A hypercall inside a multicall. */
  pvSubcall: 0x0020_200e,
  /** irq, low words of the TSC before and after its handler. */
  irqHandled: 0x0080_2008,
} as const;

/** Runstates. Source: RUNSTATE_* of xen/include/public/vcpu.h. */
export const Runstate = { running: 0, runnable: 1, blocked: 2, offline: 3 } as const;

/** Whether a record is a change of runstate. */
export function isRunstate(event: number): boolean {
  return (event & 0x0fff_f00f) === Trace.runstateBase;
}
