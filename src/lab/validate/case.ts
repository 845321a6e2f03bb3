/** What is measured: one call of a function, again and again, on data that is put back before each call. */
import type { Addr } from '../../model/units.ts';
import type { Uncore } from '../../x86/coherence.ts';
import type { Core } from '../../x86/core.ts';
import type { DataLines } from './states.ts';

/** How often the function is called: first without a look at the clock, then timed. */
export interface Effort {
  readonly warmUp: number;
  readonly timed: number;
  /** Whether every call does the same, so that the median is the figure, or goes elsewhere: then the mean is. */
  readonly places: 'same' | 'random';
}

/** One row's function with its data. */
export interface Case {
  readonly core: Core;
  readonly uncore: Uncore;
  readonly effort: Effort;
  /** Lines that leave the caches before each timed call of a cold state. */
  readonly data: DataLines;
  /** Addresses loaded once at the beginning, as the measurement touches every line of its case. */
  readonly touched: readonly Addr[];
  /** Puts the state for the next call back, by plain stores. */
  restore(): void;
  /** The function from its entry to its return. */
  call(): void;
}

/** Instructions of all calls of a row together, about: what bounds the time a row takes. */
const STEADY_INSTRUCTIONS = 200_000;
const RANDOM_INSTRUCTIONS = 600_000;
/** Calls after which the branch predictor knows what it can know of a function that repeats itself. */
const WARM_UP = 8;
/**
 * Calls to random places before the timed ones, at most and at least: enough for L1D to hold what it holds after any
 * number of them, where that is affordable.
 */
const RANDOM_WARM_UP = 1024;
const LEAST_RANDOM_WARM_UP = 12;

/** Calls of a case that does the same every time, for a function of about `instructions`. */
export function steadyEffort(instructions: number): Effort {
  const calls = clamp(Math.round(STEADY_INSTRUCTIONS / instructions), 18, 32);
  return { warmUp: WARM_UP + (calls >> 1), timed: (calls + 1) >> 1, places: 'same' };
}

/** Calls of a case that goes to a random place every time: its figure is the mean over the places. */
export function randomEffort(instructions: number): Effort {
  return {
    warmUp: clamp(Math.round(RANDOM_INSTRUCTIONS / instructions), LEAST_RANDOM_WARM_UP, RANDOM_WARM_UP),
    timed: clamp(Math.round(RANDOM_INSTRUCTIONS / instructions), 16, 64),
    places: 'random',
  };
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}
