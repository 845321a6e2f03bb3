/**
 * How far the predictions of a machine go: the numbers of transitions that the predicted rows hang on, all at the
 * low ends of their ranges, then all at the high ends.
 */
import type { MACHINE, Machine } from '../../x86/machine.ts';
import { changedMachine, type Numbers } from './changed-machine.ts';

/** Numbers that go through their ranges. What a row sets is not among them: it goes with the others. */
export const RANGED: ReadonlyArray<keyof typeof MACHINE> = [
  'vmExitCycles',
  'vmEntryCycles',
  'eventInjectionCycles',
  'hostInterruptCycles',
  'guestCopyCycles',
  'ipiSendCycles',
  'ipiFlightNanos',
  'transferNanos',
  'cstateExitNanos',
  'scheduleCycles',
  'contextSwitchCycles',
  'clockHz',
];

/**
 * The machine with every number of `RANGED` at one end of its range. `exitSoftwareCycles`, which the row of the
 * hypercall sets, takes up what the hardware's exit and entry change, so that the hypercall stays what it is.
 */
export function machineAt(machine: Machine, end: 'low' | 'high'): Machine {
  const numbers: Numbers = {};
  for (const name of RANGED) numbers[name] = machine.values[name][end];
  const { vmExitCycles, vmEntryCycles, exitSoftwareCycles } = machine.n;
  const more = numbers.vmExitCycles! + numbers.vmEntryCycles! - vmExitCycles - vmEntryCycles;
  numbers.exitSoftwareCycles = Math.max(0, exitSoftwareCycles - more);
  return changedMachine(machine, numbers);
}
