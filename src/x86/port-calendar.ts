/**
 * Which execution ports are taken in which cycle.
 *
 * A ring of port masks, each tagged with its cycle and cleared on reuse, so nothing is swept. A micro-op takes
 * the lowest-numbered free port of its set in the first cycle that has one: a real scheduler binds ports at
 * rename and may pick another; what the choice moves is small against the width of the port sets here.
 * Two cycles 4,096 apart share a slot; the younger wins and the older forgets its reservations.
 */
import type { Ready } from '../model/units.ts';

const SLOTS = 4096;
const MASK = SLOTS - 1;

/** Port reservations of one core. */
export class PortCalendar {
  readonly #cycle = new Int32Array(SLOTS).fill(-1);
  readonly #taken = new Int32Array(SLOTS);

  /** Takes one port of `ports` at the first cycle at or after `t` that has one free; returns that cycle. */
  take(ports: number, t: Ready): Ready {
    for (;;) {
      const i = t & MASK;
      if (this.#cycle[i] !== t) {
        this.#cycle[i] = t;
        this.#taken[i] = 0;
      }
      const free = ports & ~this.#taken[i]!;
      if (free !== 0) {
        this.#taken[i]! |= free & -free;
        return t;
      }
      t++;
    }
  }

  /** Forgets every reservation: the core's relative time starts again. */
  clear(): void {
    this.#cycle.fill(-1);
  }
}
