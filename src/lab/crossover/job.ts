/** One machine and guest of a crossover, measured as a whole: what a worker does. */
import { type Cell, sortRows } from '../../model/table.ts';
import { Curves, METRICS } from './curves.ts';
import { intervalsOf, relationOf } from './intervals.ts';
import { pairsOf } from './pairs.ts';
import { type CrossoverSpec, scenarioFor } from './spec.ts';
import {
  BREAK_EVEN_KEYS,
  breakEvenRow,
  type ComparedInterval,
  type Pair,
  POINT_KEYS,
  pointRow,
  TOLERANCE,
} from './tables.ts';

/** The rows of both tables for one machine and guest, sorted. */
export interface CrossoverRows {
  readonly points: ReadonlyArray<readonly Cell[]>;
  readonly breakEvens: ReadonlyArray<readonly Cell[]>;
}

/** Measures everything a spec asks for. */
export function crossover(spec: CrossoverSpec): CrossoverRows {
  const { strategies, states, isrcs } = spec;
  const scenarios = new Map(strategies.map((strategy) => [strategy, scenarioFor(spec, strategy)]));
  const curves = new Curves(spec, scenarios);
  const points = strategies.flatMap((strategy) =>
    isrcs.flatMap((n) =>
      states.map((cache) => {
        const cost = { cache, find: curves.find(strategy, cache, n), bind: curves.bind(strategy, cache, n) };
        return pointRow(spec, scenarios.get(strategy)!, n, cost);
      }),
    ),
  );
  const breakEvens = pairsOf(strategies).flatMap(([a, b]) =>
    states.flatMap((cache) =>
      METRICS.flatMap((metric) =>
        comparedIntervals(curves, spec, { cache, metric, strategy: a, against: b }).map((compared) =>
          breakEvenRow(spec, scenarios.get(a)!, compared),
        ),
      ),
    ),
  );
  return { points: sortRows(points, POINT_KEYS), breakEvens: sortRows(breakEvens, BREAK_EVEN_KEYS) };
}

/** The intervals of a pair, with what both cost where each begins. */
function comparedIntervals(
  curves: Curves,
  { isrcs, precision }: CrossoverSpec,
  pair: Pair,
): ComparedInterval[] {
  const { cache, metric, strategy, against } = pair;
  const cost = (of: string, n: number) => curves.cost(of, cache, metric, n);
  const relation = (n: number) => relationOf(cost(strategy, n), cost(against, n), TOLERANCE[metric]);
  return intervalsOf(isrcs, precision, relation).map((interval) => {
    const [cycles, againstCycles] = [cost(strategy, interval.from), cost(against, interval.from)];
    return { ...pair, ...interval, cycles, againstCycles };
  });
}
