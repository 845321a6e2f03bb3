/**
 * Where one curve lies below another, as intervals of populations.
 *
 * Curves need not be monotonic: a relation may change more than once. Every two neighbours of the grid between
 * which it differs are bisected until each change in between is known as precisely as is asked for. Changes that come
 * and go between two neighbours are not seen: a finer grid sees them.
 */
import type { Cycle } from '../../model/units.ts';

/** How a cost stands to another. */
export type Relation = 'cheaper' | 'equal' | 'dearer';

/**
 * Populations `from`..`to` at which the relation is the same, as far as the grid shows. What is between one interval
 * and the next was not measured: the change is somewhere there.
 */
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
 * The intervals between the ends of a grid, ascending.
 *
 * @param grid ascending, at least one
 * @param precision a change at n is known to n / precision, or exactly below that
 * @param relation at any number between the ends of the grid
 */
export function intervalsOf(
  grid: readonly number[],
  precision: number,
  relation: (n: number) => Relation,
): Interval[] {
  const intervals: Interval[] = [];
  let from = grid[0]!;
  let current = relation(from);
  const change = (to: number, next: number) => {
    intervals.push({ from, to, relation: current });
    from = next;
    current = relation(next);
  };
  for (let i = 1; i < grid.length; i++) {
    let low = grid[i - 1]!;
    const end = grid[i]!;
    // More than once where it is equal on the way from cheaper to dearer.
    while (current !== relation(end)) {
      let high = end;
      while (high - low > Math.max(1, low / precision)) {
        const middle = (low + high) >> 1;
        if (relation(middle) !== current) high = middle;
        else low = middle;
      }
      change(low, high);
      low = high;
    }
  }
  intervals.push({ from, to: grid.at(-1)!, relation: current });
  return intervals;
}
