/** Where the calls of a row with a random place go. */
import { RandomStream } from '../../model/random.ts';
import type { Effort } from './case.ts';

/** Seed of everything random in a prediction. */
export const SEED = 20_240;

/**
 * Places 0..n-1 for the calls of a row: uniform for the calls that warm up, then one from each of as many equal
 * strata as there are timed calls, in random order. So the mean over the timed calls has next to no sampling
 * error, and no predictor can tell the next place.
 */
export class Places {
  readonly #places: number[];
  #next = 0;

  constructor(name: string, n: number, effort: Effort) {
    const random = new RandomStream(SEED, name);
    const { warmUp, timed } = effort;
    const strata = Array.from({ length: timed }, (_, i) => {
      const low = Math.floor((i * n) / timed);
      const high = Math.max(low + 1, Math.floor(((i + 1) * n) / timed));
      return low + random.below(high - low);
    });
    random.shuffle(strata);
    this.#places = [...Array.from({ length: warmUp }, () => random.below(n)), ...strata];
  }

  next(): number {
    return this.#places[this.#next++ % this.#places.length]!;
  }
}
