/**
 * How many micro-ops wait for their operands or a port. They leave in any order, so what is kept is a count of
 * issues by cycle: those whose cycle dispatch has passed no longer wait.
 *
 * Simplification: one pool for arithmetic and addresses, where a core may have several of different size.
 */
import type { Ready } from '../model/units.ts';

const SLOTS = 4096;
const MASK = SLOTS - 1;

/** Occupancy of the scheduler. */
export class Scheduler {
  readonly #entries: number;
  readonly #issues = new Uint16Array(SLOTS);
  /** Micro-ops that wait, as of the last `room`. */
  waiting = 0;
  /** Issues up to and including this cycle are taken off `waiting`. */
  #passed: Ready = 0;

  constructor(entries: number) {
    this.#entries = entries;
  }

  /** The first cycle at or after `d` at which a micro-op finds room. */
  room(d: Ready): Ready {
    if (d > this.#passed) this.#advance(d);
    while (this.waiting >= this.#entries) this.#advance(++d);
    return d;
  }

  /** A micro-op dispatched at `dispatch`, not before the last one, is issued at `issue`. */
  add(dispatch: Ready, issue: Ready): void {
    if (this.waiting === 0) this.#passed = dispatch;
    // Beyond the ring nothing can be counted; a wait of 4,096 cycles is a stall in which dispatch stands anyway.
    if (issue - this.#passed >= SLOTS) return;
    this.#issues[issue & MASK]!++;
    this.waiting++;
  }

  /** Nobody waits: the core's relative time starts again. */
  clear(): void {
    this.#issues.fill(0);
    this.waiting = 0;
    this.#passed = 0;
  }

  #advance(to: Ready): void {
    if (this.waiting > 0) {
      const last = to - this.#passed >= SLOTS ? this.#passed + SLOTS : to;
      for (let c = this.#passed + 1; c <= last && this.waiting > 0; c++) {
        this.waiting -= this.#issues[c & MASK]!;
        this.#issues[c & MASK] = 0;
      }
    }
    this.#passed = to;
  }
}
