/**
 * The fill buffers of an L1D: how many of its misses can be under way at once. Which buffer a miss takes makes
 * no difference, so only their cycles are kept, in ascending order in a ring: a miss takes the first, and what
 * it leaves behind is nearly always the last.
 */
import type { Ready } from '../model/units.ts';

const SIZE = 128;
const MASK = SIZE - 1;

/** Cycles at which the fill buffers of one core are free again. */
export class FillBuffers {
  readonly #entries: number;
  /** `#entries` cycles from `#first` on, ascending. */
  readonly #free = new Int32Array(SIZE);
  #first = 0;

  /** @param entries 1..128 */
  constructor(entries: number) {
    this.#entries = entries;
  }

  /** First cycle at which a miss of cycle `t` has a buffer; `release` says when it gives it back. */
  take(t: Ready): Ready {
    const free = this.#free[this.#first]!;
    return free > t ? free : t;
  }

  /** The buffer taken last is free again at `cycle`. */
  release(cycle: Ready): void {
    const free = this.#free;
    this.#first = (this.#first + 1) & MASK;
    let i = this.#first + this.#entries - 1;
    for (; i > this.#first && free[(i - 1) & MASK]! > cycle; i--) free[i & MASK] = free[(i - 1) & MASK]!;
    free[i & MASK] = cycle;
  }

  /** Every buffer is free: the core's relative time starts again. */
  clear(): void {
    this.#free.fill(0);
  }
}
