/** Costs by strategy and population, each measured once. */
import type { Cycle } from '../../model/units.ts';
import { type Board, boardFor } from '../guest.ts';
import { CACHE_STATES, type CacheState, type Scenario } from '../scenario.ts';
import type { PopulationSpec } from './placement.ts';
import { type BindCost, measureBinds, measureFinds } from './point.ts';
import { type CrossoverSpec, populationOf } from './spec.ts';

/** What curves are compared by. */
export const METRICS = ['find', 'bind'] as const;
/** `find`: one search alone; `bind`: one bind as a whole. */
export type Metric = (typeof METRICS)[number];

/** Room for 4,095 isrcs with events, handlers and channels. */
const MEMORY_MIB = 16;

/** The curves of one machine and guest. */
export class Curves {
  readonly #spec: CrossoverSpec;
  readonly #scenarios: ReadonlyMap<string, Scenario>;
  /** Of one guest after the other: giving each a new one takes longer than most measurements. */
  readonly #board: Board;
  /** By strategy and population, in the order of `CACHE_STATES`. */
  readonly #finds = new Map<string, Cycle[]>();
  readonly #binds = new Map<string, BindCost[]>();

  /** @param scenarios by strategy */
  constructor(spec: CrossoverSpec, scenarios: ReadonlyMap<string, Scenario>) {
    this.#spec = spec;
    this.#scenarios = scenarios;
    const [any] = scenarios.values();
    this.#board = boardFor(any!, MEMORY_MIB);
  }

  /** Cycles of one search alone. */
  find(strategy: string, cache: CacheState, isrcs: number): Cycle {
    return this.#once(this.#finds, strategy, isrcs, measureFinds)[CACHE_STATES.indexOf(cache)]!;
  }

  /** One bind. */
  bind(strategy: string, cache: CacheState, isrcs: number): BindCost {
    return this.#once(this.#binds, strategy, isrcs, measureBinds)[CACHE_STATES.indexOf(cache)]!;
  }

  /** Cycles by a metric. */
  cost(strategy: string, cache: CacheState, metric: Metric, isrcs: number): Cycle {
    return metric === 'find' ? this.find(strategy, cache, isrcs) : this.bind(strategy, cache, isrcs).cycles;
  }

  #once<T>(
    known: Map<string, T>,
    strategy: string,
    isrcs: number,
    measure: (scenario: Scenario, spec: PopulationSpec, board: Board) => T,
  ): T {
    const key = `${strategy} ${isrcs}`;
    let cost = known.get(key);
    if (cost === undefined) {
      cost = measure(this.#scenarios.get(strategy)!, populationOf(this.#spec, isrcs), this.#board);
      known.set(key, cost);
    }
    return cost;
  }
}
