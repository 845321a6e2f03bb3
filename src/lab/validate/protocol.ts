/**
 * How a figure comes about: cycles of `lfence; call f; lfence`, less the same with an empty function, averaged
 * over the timed calls. Instructions are those of the function, its return included, the call not.
 */
import { summarise } from '../../model/summary.ts';
import type { Core } from '../../x86/core.ts';
import { NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { Case } from './case.ts';
import { empty } from './kernels/lookup.ts';
import { chill, type State } from './states.ts';

const harness = new SourceFile('harness.c').fn('time_one');

const At = {
  restore: harness.site('restore the state, mfence', 8),
  call: harness.site('lfence, call', 2),
  back: harness.site('lfence', 1),
};

/** What the model says about a row. */
export interface Figure {
  readonly cycles: number;
  readonly instructions: number;
}

/** A figure, or why there is none. */
export type Prediction = { readonly figure: Figure } | { readonly reason: string };

/** Runs a case in a state. */
export function measure(c: Case, state: State): Figure {
  const { core } = c;
  core.begin(core.now);
  core.at(At.restore);
  for (const addr of c.touched) core.load64(addr, NOW);
  core.mfence();
  for (let i = 0; i < c.effort.warmUp; i++) {
    prepare(c);
    timed(core, () => c.call());
    timed(core, () => empty(core));
  }
  const batch = state === 'warm';
  const cycles: number[] = [];
  let instructions = 0;
  for (let i = 0; i < c.effort.timed; i++) {
    prepare(c);
    const nothing = timed(core, () => empty(core), batch).cycles;
    chill(core, c.uncore, c.data, state);
    const f = timed(core, () => c.call(), batch);
    cycles.push(f.cycles - nothing);
    instructions += f.instructions;
  }
  const { mean, median } = summarise(cycles);
  const middle = c.effort.places === 'random' ? mean : median;
  return { cycles: middle, instructions: instructions / c.effort.timed };
}

function prepare(c: Case): void {
  const { core } = c;
  core.begin(core.now);
  core.at(At.restore);
  c.restore();
  core.mfence();
}

/**
 * Cycles and instructions of a call of `f` between two fences.
 *
 * @param drained whether the stores it leaves behind are waited for too: in a batch the next call's restoring
 *   ends with an mfence, which waits for them
 */
export function timed(core: Core, f: () => void, drained = false): Figure {
  core.begin(core.now);
  core.at(At.call);
  core.lfence();
  core.mark();
  core.call();
  const before = core.instructionCount;
  f();
  const instructions = core.instructionCount - before;
  core.at(At.back);
  core.lfence();
  if (drained) core.mfence();
  return { cycles: core.spent(), instructions };
}
