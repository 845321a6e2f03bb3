/**
 * From how many isrcs on one strategy's search costs more than another's, in a given state of the caches.
 *
 * The population is n isrcs of which one is unused: the last in vector order, which is the worst place for a
 * scan and the same for a list. The cost of a scan grows with n, so the crossing is found by bisection.
 */

import type { Strategy } from '../intr/alloc/strategies.ts';
import { runAlone } from '../intr/os.ts';
import { createIsrcs } from '../intr/populate.ts';
import type { Cycle } from '../model/units.ts';
import type { Kernel } from '../x86/core.ts';
import { BenchGuest } from './bench-guest.ts';
import type { CacheState, Scenario } from './scenario.ts';

/** Most isrcs a guest can use: 4,096 ports but port 0. */
export const MOST_ISRCS = 4095;
/** Calls before the measured one: enough for predictors and caches to settle. */
const WARM_UP = 4;

/**
 * Cycles of one search that finds the last of `n` isrcs, with the locks that belong to the search in the scenario's
 * generation, and nothing else of the bind.
 *
 * @param n 1..4095
 */
export function findCycles(scenario: Scenario, strategy: Strategy, n: number, cache: CacheState): Cycle {
  const bench = new BenchGuest({ ...scenario, strategy, cache });
  const { guest } = bench;
  const { os, cpus } = guest.freeBsd;
  const cpu = cpus[0]!;
  // A strategy may hand out another object for the same vector.
  let last = createIsrcs(os, cpu, n)[n - 1]!;
  function* find(): Kernel {
    last = yield* os.generation.find(os, cpu, n);
  }
  let cycles = 0;
  for (let call = 0; call <= WARM_UP; call++) {
    runAlone(os.generation.putBack(os, cpu, last));
    if (call === WARM_UP) guest.applyDataCacheState(0);
    cycles = bench.measure(find());
  }
  return cycles;
}

/**
 * Least n at which `a` costs more than `b`; undefined when it never does up to `high`.
 *
 * @param low a number at which `a` is known not to cost more; 0 if none is
 * @param high where it is looked for at most
 */
export function breakEven(
  scenario: Scenario,
  a: Strategy,
  b: Strategy,
  cache: CacheState,
  low = 0,
  high = MOST_ISRCS,
): number | undefined {
  const dearer = (n: number) => findCycles(scenario, a, n, cache) > findCycles(scenario, b, n, cache);
  if (!dearer(high)) return undefined;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (dearer(middle)) high = middle;
    else low = middle;
  }
  return high;
}
