/**
 * A path that carries one cache line every so many cycles. Requests are taken out of time order (micro-ops are
 * handled in program order), so free slots are looked for in a ring, and not behind the last one given.
 */
import type { Ready } from '../model/units.ts';

const SLOTS = 4096;
const MASK = SLOTS - 1;

/** Reservations of one path. */
export class LinePath {
  readonly #halfCycles: number;
  readonly #slot = new Int32Array(SLOTS).fill(-1);

  /** @param halfCycles half cycles from one line to the next; 0 for a path that never holds anybody up */
  constructor(halfCycles: number) {
    this.#halfCycles = halfCycles;
  }

  /** Takes the first free slot for a request of cycle `t`; returns the cycle at which the line can start. */
  take(t: Ready): Ready {
    const half = this.#halfCycles;
    if (half === 0) return t;
    let slot = Math.floor((2 * t) / half);
    while (this.#slot[slot & MASK] === slot) slot++;
    this.#slot[slot & MASK] = slot;
    const start = (slot * half) >> 1;
    return start > t ? start : t;
  }

  /** Forgets every reservation: the core's relative time starts again. */
  clear(): void {
    this.#slot.fill(-1);
  }
}
