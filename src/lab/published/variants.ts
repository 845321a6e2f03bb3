/** What the predicted rows would be if the hosts of the publication were otherwise than the machine says. */
import type { Numbers } from './changed-machine.ts';

/** Numbers changed together, and what that means. */
export interface Variant {
  readonly numbers: Numbers;
  readonly what: string;
}

/** The doubts about the hosts. Which of them holds is not known here: none of them is used by a prediction. */
export const VARIANTS: readonly Variant[] = [
  { numbers: { cstateExitNanos: 0 }, what: 'the idle pCPU polls instead of standing in a C-state' },
  { numbers: { idleMwait: 0 }, what: 'an IPI ends the C-state, not a store' },
  { numbers: { cstateExitNanos: 0, idleMwait: 0 }, what: 'an IPI to a pCPU that is in no C-state' },
  {
    numbers: { clockHz: 2_100_000_000 },
    what: 'the core runs at the nominal clock of the published machine',
  },
];
