/**
 * Where one curve lies below another, as intervals of populations.
 *
 * Curves need not be monotonic: a relation may change more than once. Every two neighbours of the grid between
 * which it differs are bisected until each change in between stands between n - 1 and n. Changes that come and go
 * between two neighbours are not seen: a finer grid sees them.
 */
import type { Cycle } from '../../model/units.ts';

/** How a cost stands to another. */
export type Relation = 'cheaper' | 'equal' | 'dearer';

/** Populations `from`..`to` at which the relation is the same, as far as the grid shows. */
export interface Interval {
  readonly from: number;
  readonly to: number;
  readonly relation: Relation;
}

/**
 * The relation of two costs.
 *
 * @param permille of the lesser by which they must differ to count as different
 */
export function relationOf(a: Cycle, b: Cycle, permille: number): Relation {
  if (Math.abs(a - b) * 1000 <= Math.min(a, b) * permille) return 'equal';
  return a < b ? 'cheaper' : 'dearer';
}

/**
 * The intervals between the ends of a grid, ascending and without gaps.
 *
 * @param grid ascending, at least one
 * @param relation at any number between its ends
 */
export function intervalsOf(grid: readonly number[], relation: (n: number) => Relation): Interval[] {
  const intervals: Interval[] = [];
  let from = grid[0]!;
  let current = relation(from);
  const change = (at: number) => {
    intervals.push({ from, to: at - 1, relation: current });
    from = at;
    current = relation(at);
  };
  for (let i = 1; i < grid.length; i++) {
    let low = grid[i - 1]!;
    const end = grid[i]!;
    // More than once where it is equal on the way from cheaper to dearer.
    while (current !== relation(end)) {
      let high = end;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (relation(middle) !== current) high = middle;
        else low = middle;
      }
      change(high);
      low = high;
    }
  }
  intervals.push({ from, to: grid.at(-1)!, relation: current });
  return intervals;
}
