/**
 * The clock of a run: takes events in their total order and never goes back.
 *
 * A kernel that runs on a core is ahead of the clock; it may read a shared word only while nothing else is due
 * earlier. `horizon.cycle` is that limit, kept up to date on every change of the queue, so the check costs one
 * comparison and the kernel suspends only where somebody else really is due.
 */
import { ModelBug } from './errors.ts';
import { EventQueue } from './event-queue.ts';
import type { Cycle } from './units.ts';

/** Events at one cycle before the engine calls it a livelock: far above 4,096 ports x 64 vCPUs at once. */
const LIVELOCK = 4_000_000;

/** The first cycle at which somebody other than the running kernel may change shared state. */
export interface Horizon {
  cycle: Cycle;
}

/** Called with each event in order. `cycle` is the engine's present. */
export type EventHandler = (kind: number, a: number, b: number, cycle: Cycle) => void;

/** Runs events in the order (cycle, priority, sequence). */
export class Engine {
  readonly horizon: Horizon = { cycle: Number.POSITIVE_INFINITY };
  readonly #queue = new EventQueue();
  readonly #handler: EventHandler;
  #limit: Cycle = Number.POSITIVE_INFINITY;
  #now: Cycle = 0;
  #sameCycle = 0;

  constructor(handler: EventHandler) {
    this.#handler = handler;
  }

  /** Cycle of the event being handled, or of the last `runTo`. */
  get now(): Cycle {
    return this.#now;
  }

  /** Number of events still pending. */
  get pending(): number {
    return this.#queue.length;
  }

  /**
   * Adds an event at `cycle` (a safe integer, not before the present; an earlier one is a ModelBug).
   * `priority` is one of `Priority`.
   */
  schedule(cycle: Cycle, priority: number, kind: number, a = 0, b = 0): void {
    if (!(cycle >= this.#now) || !Number.isSafeInteger(cycle)) {
      throw new ModelBug('event scheduled in the past or at no integer cycle', {
        cycle,
        now: this.#now,
        kind,
        a,
        b,
      });
    }
    this.#queue.push(cycle, priority, kind, a, b);
    if (cycle < this.horizon.cycle) this.horizon.cycle = cycle;
  }

  /**
   * Handles every event before `limit`, then stands at `limit` (if finite). Events at `limit` itself stay:
   * the caller applies what happens at that cycle first, as an arrival.
   */
  runTo(limit: Cycle): void {
    this.#limit = limit;
    while (this.#queue.cycle < limit) this.#step();
    if (limit !== Number.POSITIVE_INFINITY && limit > this.#now) this.#now = limit;
    this.#look();
  }

  /** Handles the earliest event, whatever its cycle; returns false when there is none. */
  step(): boolean {
    if (this.#queue.length === 0) return false;
    this.#step();
    return true;
  }

  #step(): void {
    const queue = this.#queue;
    const { cycle, kind, a, b } = queue;
    queue.pop();
    this.#sameCycle = cycle === this.#now ? this.#sameCycle + 1 : 0;
    if (this.#sameCycle > LIVELOCK) {
      throw new ModelBug('no progress: the clock stands still', { cycle, kind, a, b, queued: queue.length });
    }
    this.#now = cycle;
    this.#look();
    this.#handler(kind, a, b, cycle);
  }

  #look(): void {
    this.horizon.cycle = Math.min(this.#queue.cycle, this.#limit);
  }
}
