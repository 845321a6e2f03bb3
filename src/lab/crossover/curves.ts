/** Costs by strategy and population, each measured once. */
import type { Cycle } from '../../model/units.ts';
import { CACHE_STATES, type CacheState, type Scenario } from '../scenario.ts';
import { measurePoint, type Point } from './point.ts';
import { type CrossoverSpec, populationOf, scenarioFor } from './spec.ts';

/** What curves are compared by. */
export const METRICS = ['find', 'bind'] as const;
/** `find`: one search alone; `bind`: one bind as a whole. */
export type Metric = (typeof METRICS)[number];

/** The curves of one machine and guest. */
export class Curves {
  readonly #spec: CrossoverSpec;
  readonly #scenarios = new Map<string, Scenario>();
  readonly #points = new Map<string, Map<number, Point[]>>();

  /** @param scenarios by strategy, where they are not those of the spec: a machine with a number replaced */
  constructor(spec: CrossoverSpec, scenarios?: ReadonlyMap<string, Scenario>) {
    this.#spec = spec;
    for (const strategy of spec.strategies) {
      this.#scenarios.set(strategy, scenarios?.get(strategy) ?? scenarioFor(spec, strategy));
      this.#points.set(strategy, new Map());
    }
  }

  /** A strategy's scenario. */
  scenario(strategy: string): Scenario {
    return this.#scenarios.get(strategy)!;
  }

  /** The point of a strategy at a population, in a state. */
  point(strategy: string, cache: CacheState, isrcs: number): Point {
    const known = this.#points.get(strategy)!;
    let points = known.get(isrcs);
    if (points === undefined) {
      points = measurePoint(this.scenario(strategy), populationOf(this.#spec, isrcs));
      known.set(isrcs, points);
    }
    return points[CACHE_STATES.indexOf(cache)]!;
  }

  /** Its cost by a metric. */
  cost(strategy: string, cache: CacheState, metric: Metric, isrcs: number): Cycle {
    return this.point(strategy, cache, isrcs)[metric];
  }
}
