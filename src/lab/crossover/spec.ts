/** What is asked of `upcall crossover`, for one machine and guest; plain data, so that a worker can be given it. */
import { usageError } from '../../model/errors.ts';
import { MOST_ISRCS } from '../break-even.ts';
import { CACHE_STATES, type CacheState, type Scenario, scenarioOf } from '../scenario.ts';
import { BOOTED, bootIsrcs, FREE_PLACES, type FreePlace, type PopulationSpec } from './placement.ts';

/** Populations where none are named: powers of two, and as many isrcs as a guest can have. */
export const GRID: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, MOST_ISRCS];

/** How precise where it is not said: as precise as the numbers are (docs/accuracy.md). */
export const PRECISION = 16;

/** vCPUs whose boot comes first where none are named: the dom0 of the table in the fact sheet on FreeBSD, 4.3. */
export const BOOT_VCPUS = 4;

/** One machine and guest with every strategy, state and population that is asked for. */
export interface CrossoverSpec {
  readonly machine: string;
  readonly guest: string;
  readonly strategies: readonly string[];
  readonly states: readonly CacheState[];
  /** Numbers set by hand, as `--set` takes them. */
  readonly set: readonly string[];
  /** Ascending, each once. */
  readonly isrcs: readonly number[];
  /** Break-even points are known to one part in so many, and exactly below so many isrcs. */
  readonly precision: number;
  readonly free: FreePlace;
  readonly unused: number;
  /** vCPUs of the boot whose isrcs come first. */
  readonly vcpus: number;
  readonly seed: number;
}

/** Refuses what makes no sense: a UserError (exit 2). Strategies and machines are checked by name elsewhere. */
export function checkSpec(spec: CrossoverSpec): void {
  const { guest, isrcs, free, unused, vcpus, states, precision } = spec;
  if (!BOOTED.includes(guest))
    throw usageError(`--guest is "${guest}", crossover knows the boot of ${BOOTED.join(' and ')} only`);
  if (!(FREE_PLACES as readonly string[]).includes(free))
    throw usageError(`--free is "${free}", expected ${FREE_PLACES.join(', ')}`);
  for (const state of states) {
    if (!CACHE_STATES.includes(state))
      throw usageError(`--state is "${state}", expected ${CACHE_STATES.join(', ')}`);
  }
  if (precision < 2 || precision > MOST_ISRCS)
    throw usageError(`--precision is ${precision}, expected 2..${MOST_ISRCS}`);
  if (vcpus < 1 || vcpus > 64) throw usageError(`--vcpus is ${vcpus}, expected 1..64`);
  const bad = isrcs.find((n) => n < 1 || n > MOST_ISRCS);
  if (bad !== undefined) throw usageError(`--population names ${bad}, expected 1..${MOST_ISRCS}`);
  if (unused < 1 || unused > isrcs[0]!)
    throw usageError(`--unused is ${unused}, expected 1..${isrcs[0]}, the least of --population`);
}

/** The scenario of a strategy. Its state of the caches does not count: all are measured. */
export function scenarioFor(spec: CrossoverSpec, strategy: string): Scenario {
  const { machine, guest, set } = spec;
  return scenarioOf({ machine, guest, strategy, cache: 'warm', set });
}

/** The population of `isrcs` isrcs. */
export function populationOf(spec: CrossoverSpec, isrcs: number): PopulationSpec {
  const { free, unused, guest, vcpus, seed } = spec;
  return { isrcs, unused, place: free, bootIsrcs: bootIsrcs(guest, vcpus), seed };
}
