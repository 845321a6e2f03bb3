/**
 * One set-associative cache: which lines it holds and when the youngest fill of each arrives. Replacement is
 * least recently used, exactly, by time stamps. It knows no latency and no other cache.
 */
import { ModelBug } from '../model/errors.ts';
import type { Ready } from '../model/units.ts';

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
  readonly #stamp: Int32Array;
  readonly #recent: Uint8Array;
  #tick = 0;

  /** @param sets a power of two @param ways 1..32 */
  constructor(sets: number, ways: number) {
    if ((sets & (sets - 1)) !== 0) throw new ModelBug('cache sets are not a power of two', { sets });
    this.sets = sets;
    this.ways = ways;
    this.tags = new Int32Array(sets * ways).fill(-1);
    this.ready = new Int32Array(sets * ways);
    this.#stamp = new Int32Array(sets * ways);
    this.#recent = new Uint8Array(sets);
  }

  /** Index of the line's way, now the most recently used; -1 when the line is not here. */
  find(line: number): number {
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
    for (let i = base, end = base + this.ways; i < end; i++) if (this.tags[i] === line) return true;
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
    this.tags[way] = line;
    this.ready[way] = ready;
    this.#stamp[way] = this.#touch();
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
