/** One machine and guest of a crossover, measured as a whole: what a worker does. */
import { type Cell, sortRows } from '../../model/table.ts';
import { Curves, METRICS } from './curves.ts';
import { intervalsOf, relationOf } from './intervals.ts';
import type { CrossoverSpec } from './spec.ts';
import { BREAK_EVEN_KEYS, breakEvenRow, POINT_KEYS, pointRow, TOLERANCE } from './tables.ts';

/** The rows of both tables for one machine and guest, sorted. */
export interface CrossoverRows {
  readonly points: ReadonlyArray<readonly Cell[]>;
  readonly breakEvens: ReadonlyArray<readonly Cell[]>;
}

/** Measures everything a spec asks for. */
export function crossover(spec: CrossoverSpec): CrossoverRows {
  const { strategies, states, isrcs } = spec;
  const curves = new Curves(spec);
  const points = strategies.flatMap((strategy) =>
    isrcs.flatMap((n) =>
      states.map((cache) => pointRow(spec, curves.scenario(strategy), n, curves.point(strategy, cache, n))),
    ),
  );
  const breakEvens = pairsOf(strategies).flatMap(([a, b]) =>
    states.flatMap((cache) =>
      METRICS.flatMap((metric) => {
        const cost = (strategy: string, n: number) => curves.cost(strategy, cache, metric, n);
        const relation = (n: number) => relationOf(cost(a, n), cost(b, n), TOLERANCE[metric]);
        return intervalsOf(isrcs, relation).map((interval) =>
          breakEvenRow(
            spec,
            curves.scenario(a),
            { cache, metric, against: b, ...interval },
            cost(a, interval.from),
            cost(b, interval.from),
          ),
        );
      }),
    ),
  );
  return { points: sortRows(points, POINT_KEYS), breakEvens: sortRows(breakEvens, BREAK_EVEN_KEYS) };
}

/** Every two of a list, the earlier one first. */
export function pairsOf<T>(all: readonly T[]): Array<readonly [T, T]> {
  return all.flatMap((a, i) => all.slice(i + 1).map((b) => [a, b] as const));
}
