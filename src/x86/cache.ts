/**
 * One set-associative cache: which lines it holds and when the youngest fill of each arrives. Replacement is
 * least recently used, exactly, by time stamps. It knows no latency and no other cache.
 *
 * Lines of code that is not modelled (`pollute`) are not kept one by one. A clock counts them a set; a line is
 * gone once as many foreign lines have come to its set since its last use as the set has ways, and before one
 * more has. That neglects
 * the modelled lines used after it, which are few against the foreign ones.
 */
import { ModelBug } from '../model/errors.ts';
import type { Ready } from '../model/units.ts';

/** Foreign lines are counted in fractions of one a set: the clock's unit. */
const CLOCK_BITS = 8;

/** Line numbers (address / 64) held in sets x ways. */
export class Cache {
  readonly sets: number;
  readonly ways: number;
  /** Line in each way, -1 when empty; index = set * ways + way. */
  readonly tags: Int32Array;
  /** Cycle at which the line's data is there, for a line still in flight. */
  readonly ready: Int32Array;
  /** Index of the way the last `insert` filled. */
  last = 0;
  /** Whether a line came since the cache was empty. */
  #filled = false;
  readonly #stamp: Int32Array;
  readonly #recent: Uint8Array;
  #tick = 0;
  /** Foreign lines so far, a set, times 2^CLOCK_BITS; and its value when each way was used last. */
  #clock = 0;
  /** Foreign lines that do not make a unit of the clock yet, times 2^CLOCK_BITS. */
  #rest = 0;
  readonly #used: Int32Array;
  readonly #lifetime: number;
  /** The line that the last `find` found displaced by foreign lines, or -1. */
  displaced = -1;

  /** @param sets a power of two @param ways 1..32 */
  constructor(sets: number, ways: number) {
    if ((sets & (sets - 1)) !== 0) throw new ModelBug('cache sets are not a power of two', { sets });
    this.sets = sets;
    this.ways = ways;
    this.tags = new Int32Array(sets * ways).fill(-1);
    this.ready = new Int32Array(sets * ways);
    this.#stamp = new Int32Array(sets * ways);
    this.#recent = new Uint8Array(sets);
    this.#used = new Int32Array(sets * ways);
    this.#lifetime = ways << CLOCK_BITS;
  }

  /** Other code brings `lines` lines of its own, spread evenly over the sets. */
  pollute(lines: number): void {
    const units = this.#rest + lines * (1 << CLOCK_BITS);
    const clock = this.#clock + Math.floor(units / this.sets);
    this.#rest = units % this.sets;
    if (clock < 0x4000_0000) {
      this.#clock = clock;
      return;
    }
    // The clock starts again with every line as old as it can be told to be.
    for (let i = 0; i < this.#used.length; i++) {
      this.#used[i] = Math.max(0, this.#used[i]! - (clock - 2 * this.#lifetime));
    }
    this.#clock = 2 * this.#lifetime;
  }

  /**
   * Index of the line's way, now the most recently used; -1 when the line is not here. If foreign lines
   * displaced it, it is in `displaced` after this and gone.
   */
  find(line: number): number {
    const way = this.#lookUp(line);
    if (this.#clock === 0 || way < 0) return way;
    if (this.#isDisplaced(way)) {
      this.tags[way] = -1;
      this.#stamp[way] = 0;
      this.displaced = line;
      return -1;
    }
    this.#used[way] = this.#clock;
    return way;
  }

  #isDisplaced(way: number): boolean {
    // Sets get their foreign lines one after another: a phase that differs from set to set.
    const phase = (Math.floor(way / this.ways) * 97) & ((1 << CLOCK_BITS) - 1);
    return this.#clock - this.#used[way]! + phase >= this.#lifetime + (1 << CLOCK_BITS);
  }

  #lookUp(line: number): number {
    const set = line & (this.sets - 1);
    const base = set * this.ways;
    const tags = this.tags;
    const recent = base + this.#recent[set]!;
    if (tags[recent] === line) {
      this.#stamp[recent] = this.#touch();
      return recent;
    }
    for (let i = base, end = base + this.ways; i < end; i++) {
      if (tags[i] === line) {
        this.#stamp[i] = this.#touch();
        this.#recent[set] = i - base;
        return i;
      }
    }
    return -1;
  }

  /** Whether the line is here, without making it recent. */
  has(line: number): boolean {
    const base = (line & (this.sets - 1)) * this.ways;
    for (let i = base, end = base + this.ways; i < end; i++) {
      if (this.tags[i] === line) return this.#clock === 0 || !this.#isDisplaced(i);
    }
    return false;
  }

  /**
   * Puts a line that is not here into the place of the least recently used one.
   *
   * @param ready when its data arrives
   * @returns the line that had to go, -1 for an empty way
   */
  insert(line: number, ready: Ready): number {
    const set = line & (this.sets - 1);
    const base = set * this.ways;
    let way = base;
    let oldest = this.#stamp[base]!;
    for (let i = base + 1, end = base + this.ways; i < end; i++) {
      const s = this.#stamp[i]!;
      if (s < oldest) {
        oldest = s;
        way = i;
      }
    }
    const victim = this.tags[way]!;
    this.#filled = true;
    this.tags[way] = line;
    this.ready[way] = ready;
    this.#stamp[way] = this.#touch();
    this.#used[way] = this.#clock;
    this.#recent[set] = way - base;
    this.last = way;
    return victim;
  }

  /** Drops a line if it is here; returns whether it was. */
  remove(line: number): boolean {
    const base = (line & (this.sets - 1)) * this.ways;
    for (let i = base, end = base + this.ways; i < end; i++) {
      if (this.tags[i] === line) {
        this.tags[i] = -1;
        this.#stamp[i] = 0;
        return true;
      }
    }
    return false;
  }

  /** Drops every line; the next access to any of them misses. */
  clear(): void {
    if (!this.#filled) return;
    this.#filled = false;
    this.tags.fill(-1);
    this.#stamp.fill(0);
    this.ready.fill(0);
  }

  /** Forgets arrival times; called when the core's relative time starts again. */
  settle(): void {
    this.ready.fill(0);
  }

  #touch(): number {
    if (this.#tick === 0x7fffffff) {
      // Once in two thousand million accesses recency starts afresh; deterministic, and too rare to matter.
      this.#stamp.fill(0);
      this.#tick = 0;
    }
    return ++this.#tick;
  }
}
