/**
 * From the mark of an event to the first instruction of the guest's handler: how long the interrupt takes to
 * arrive and what it steals from the target, by the state the target was in. Each is one named lump of the
 * machine; the steps behind them are not modelled yet.
 */
import type { Machine } from '../x86/machine.ts';

/** What the target vCPU was doing when an event was marked for it. */
export const Target = {
  /** Running guest code on its own pCPU. */
  running: 0,
  /** Blocked in HLT. */
  blocked: 1,
  /** The marking vCPU itself, in the hypercall that marked. */
  self: 2,
} as const;

/**
 * Cycles from the mark until the target's core takes the interrupt: APIC message for a running vCPU, wake-up
 * for a blocked one, nothing for the vCPU itself (it is injected on the way out of its own hypercall).
 */
export function arrivalCycles(machine: Machine, target: number): number {
  if (target === Target.blocked) return machine.haltWakeCycles;
  return target === Target.running ? machine.ipiFlightCycles : 0;
}

/**
 * Cycles of exit, handling in Xen and entry that the interrupt costs the target before the injection: a kick
 * IPI takes a running guest out; a blocked one is outside already, and its wake-up is waiting, not work.
 */
export function exitCycles(machine: Machine, target: number): number {
  return target === Target.running ? machine.n.externalInterruptCycles : 0;
}
