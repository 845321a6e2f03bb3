/** What a sweep of a machine's numbers shows: which answers each moves, and which rankings it turns round. */
import type { Cycle } from '../model/units.ts';
import {
  ANSWERS,
  type Answer,
  type Computed,
  type Flip,
  RANKED,
  type Sweep,
  searchOf,
} from './sensitivity.ts';

/** An answer that a number moves. */
export interface Movement {
  readonly flip: Flip;
  readonly answer: Answer;
  readonly was: number | null;
  readonly is: number | null;
  /** Relative change; infinite where there is an answer on one side only. */
  readonly change: number;
}

/** How a flip moves each of the main answers. */
export function movements(base: Computed, flip: Flip): Movement[] {
  return ANSWERS.map((answer) => {
    const [was, is] = [answer.of(base), answer.of(flip.computed)];
    return { flip, answer, was, is, change: changeOf(was, is) };
  });
}

function changeOf(was: number | null, is: number | null): number {
  if (was === is) return 0;
  return was === null || is === null || was === 0 ? Number.POSITIVE_INFINITY : is / was - 1;
}

/** For each of the numbers that move an answer most, its largest movement; largest first. */
export function largestMovements(of: Sweep, most: number): Movement[] {
  const largest = new Map<string, Movement>();
  for (const flip of of.flips) {
    for (const movement of movements(of.base, flip)) {
      const known = largest.get(flip.parameter);
      if (known === undefined || Math.abs(movement.change) > Math.abs(known.change)) {
        largest.set(flip.parameter, movement);
      }
    }
  }
  return [...largest.values()]
    .filter((m) => m.change !== 0)
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || (a.flip.parameter < b.flip.parameter ? -1 : 1))
    .slice(0, most);
}

/** A ranking of the strategies that a number turns round. */
export interface RankingChange {
  readonly flip: Flip;
  readonly cache: string;
  readonly isrcs: number;
  readonly was: string;
  readonly is: string;
}

/** The rankings in which two strategies change places; a tie that comes or goes is no change of places. */
export function rankingChanges(of: Sweep): RankingChange[] {
  return of.flips.flatMap((flip) =>
    of.base.searches.flatMap(({ cache, isrcs, cycles }) => {
      const now = searchOf(flip.computed, cache, isrcs).cycles;
      const swapped = cycles.some((x, i) => cycles.some((y, j) => x < y && now[i]! > now[j]!));
      return swapped ? [{ flip, cache, isrcs, was: ranking(cycles), is: ranking(now) }] : [];
    }),
  );
}

/** Strategies from cheap to dear with their cycles, `slist 49 = bitmap 49 < linear 68`. */
function ranking(cycles: readonly Cycle[]): string {
  const order = cycles.map((c, i) => ({ c, name: RANKED[i]!, i })).sort((a, b) => a.c - b.c || a.i - b.i);
  return order
    .map(({ c, name }, k) => `${k === 0 ? '' : c === order[k - 1]!.c ? ' = ' : ' < '}${name} ${c}`)
    .join('');
}
