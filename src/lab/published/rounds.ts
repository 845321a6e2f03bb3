/** A microbenchmark is repeated: the first rounds warm everything up, the median of the others is the figure. */
import { ModelBug } from '../../model/errors.ts';
import type { Path, Taken } from './path.ts';

/** Rounds that are not counted, and those that are: an odd number, so that one of them is the median. */
const WARM_UP = 8;
const COUNTED = 15;

/**
 * The path of the median round; a ModelBug for a round in which no path ended.
 *
 * @param round runs the benchmark once
 */
export function medianOf(path: Path, round: () => void): Taken {
  const all: Taken[] = [];
  for (let i = 0; i < WARM_UP + COUNTED; i++) {
    path.taken = undefined;
    round();
    if (path.taken === undefined) throw new ModelBug('a path did not end', { round: i });
    if (i >= WARM_UP) all.push(path.taken);
  }
  // Of equal ones the earlier: the sort is stable.
  return all.sort((a, b) => a.cycles - b.cycles)[COUNTED >> 1]!;
}
