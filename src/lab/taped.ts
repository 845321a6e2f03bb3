/** A stretch of work on a core that was idle before, with every micro-op recorded. */
import type { Cycle, Ready } from '../model/units.ts';
import type { Core } from '../x86/core.ts';
import { Tape, type TapeEntry } from '../x86/tape.ts';

/**
 * Cycles the core is idle before the stretch: every line is there, every store drained. About what 25 us are at
 * 4 GHz; in a state in which other code runs between two operations, that is how long it runs.
 */
export const IDLE_CYCLES = 100_000;

/** What was recorded. */
export interface Taped {
  /** Micro-ops in program order; their cycles count from the core's epoch. */
  readonly entries: readonly TapeEntry[];
  /** When the stretch began, counted likewise. */
  readonly start: Ready;
  readonly cycles: Cycle;
  readonly instructions: number;
}

/** Runs work on a core after `IDLE_CYCLES` and records it. */
export function taped(core: Core, work: () => void): Taped {
  const begun = core.begin(core.now + IDLE_CYCLES);
  const start = begun - core.cycleOf(0);
  const tape = new Tape();
  const before = core.instructionCount;
  core.tape = tape;
  try {
    work();
  } finally {
    core.tape = undefined;
  }
  const { entries } = tape;
  return { entries, start, cycles: core.spent(), instructions: core.instructionCount - before };
}
