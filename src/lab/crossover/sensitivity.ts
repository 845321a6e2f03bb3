/**
 * How far the answers of a crossover move when each number of machine and kernel is set to the ends of its range,
 * one at a time. Left out: numbers that matter only together.
 */
import { generationByName } from '../../intr/generations.ts';
import { LUMP_VALUES } from '../../intr/lumps.ts';
import type { Sourced } from '../../model/params.ts';
import { machineByName } from '../../x86/machines/catalogue.ts';
import { MOST_ISRCS } from '../break-even.ts';
import { Curves, METRICS } from './curves.ts';
import { relationOf } from './intervals.ts';
import { pairsOf } from './pairs.ts';
import { type CrossoverSpec, scenarioFor } from './spec.ts';
import { type Pair, TOLERANCE } from './tables.ts';

/** Populations at which the share of the search is asked for: a dom0 without guests, and with 50 (fact sheet, 4.3). */
const SHARES_AT: readonly number[] = [36, 236];

/** An answer: a break-even point, or a share of a bind. */
export interface Answer {
  readonly cache: string;
  readonly name: string;
  readonly unit: string;
  /** Null where a strategy never becomes dearer. */
  readonly value: number | null;
}

/** A number at one end of its range, as `--set` takes it; empty for the machine as it is. */
export type Flip = string;

/** The ends of all ranges that are not the values: of the machine, then of the kernel's lumps. */
export function flipsOf(spec: CrossoverSpec): Flip[] {
  const { lumps } = generationByName(spec.guest);
  const kernel = Object.entries<Sourced>(LUMP_VALUES).filter(([name]) => lumps.includes(name));
  const numbers = [...Object.entries<Sourced>(machineByName(spec.machine).values), ...kernel];
  return numbers.flatMap(([name, { low, value, high }]) =>
    [low, high].filter((end) => end !== value).map((end) => `${name}=${end}`),
  );
}

/**
 * The answers with one number flipped.
 *
 * @param base those with none, if they are known: where a break-even point stays is then seen at a glance
 */
export function answersOf(spec: CrossoverSpec, flip: Flip, base?: readonly Answer[]): Answer[] {
  const set = flip === '' ? spec.set : [...spec.set, flip];
  const scenarios = new Map(spec.strategies.map((s) => [s, scenarioFor({ ...spec, set }, s)]));
  const curves = new Curves(spec, scenarios);
  const answers: Answer[] = [];
  for (const [strategy, against] of pairsOf(spec.strategies)) {
    for (const cache of spec.states) {
      for (const metric of METRICS) {
        const value = dearerFrom(curves, { cache, metric, strategy, against }, base?.[answers.length]?.value);
        const name = `${metric}: ${strategy} dearer than ${against} from`;
        answers.push({ cache, name, unit: 'isrcs', value });
      }
    }
  }
  for (const strategy of spec.strategies) {
    for (const cache of spec.states) {
      for (const n of SHARES_AT) {
        const { cycles, parts } = curves.bind(strategy, cache, n);
        const name = `share of ${strategy} in a bind, ${n} isrcs`;
        answers.push({ cache, name, unit: '%', value: (100 * parts.find) / cycles });
      }
    }
  }
  return answers;
}

/**
 * Least population at which a strategy is dearer than another; null if it never is. Its cost is taken to grow.
 *
 * @param guess where it may be
 */
function dearerFrom(curves: Curves, pair: Pair, guess: number | null = 16): number | null {
  const { cache, metric, strategy, against } = pair;
  const dearer = (n: number) => {
    const [a, b] = [strategy, against].map((s) => curves.cost(s, cache, metric, n)) as [number, number];
    return relationOf(a, b, TOLERANCE[metric]) === 'dearer';
  };
  let high = guess ?? MOST_ISRCS;
  let low = high;
  // Away from the guess in growing steps until the point is between two populations.
  if (dearer(high)) {
    for (let step = 1; low > 0 && dearer(low); step *= 2) {
      high = low;
      low = Math.max(0, low - step);
    }
  } else {
    for (let step = 1; !dearer(high); step *= 2) {
      if (high === MOST_ISRCS) return null;
      low = high;
      high = Math.min(MOST_ISRCS, high + step);
    }
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (dearer(middle)) high = middle;
    else low = middle;
  }
  return high;
}
