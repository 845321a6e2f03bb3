/**
 * Address translation: a first-level TLB in front of a second level that data and instructions share, and page
 * walks. All pages have one size, the kernel's for the stretch in question.
 *
 * Simplifications: the first level is set-associative with at most 16 ways where it is fully associative on
 * silicon; a walk costs one number, as its tables are few and hot.
 */
import { Cache } from './cache.ts';
import type { Machine } from './machine.ts';

/** Second-level TLB and the cost of missing it. */
export class SecondLevelTlb {
  readonly #pages: Cache;
  readonly #hitCycles: number;
  readonly #walkCycles: number;
  /** Page walks so far. */
  walks = 0;

  constructor(machine: Machine) {
    const { stlbEntries, stlbWays, stlbCycles, walkCycles } = machine.n;
    this.#pages = cacheOf(stlbEntries, stlbWays);
    this.#hitCycles = stlbCycles;
    this.#walkCycles = walkCycles;
  }

  /** Cycles a first-level miss on the page adds; the page is known afterwards. */
  miss(page: number): number {
    if (this.#pages.find(page) >= 0) return this.#hitCycles;
    this.#pages.insert(page, 0);
    this.walks++;
    return this.#hitCycles + this.#walkCycles;
  }

  /** Other code uses `pages` pages of its own. */
  pollute(pages: number): void {
    this.#pages.pollute(pages);
  }
}

/** A first-level TLB. */
export class Tlb {
  readonly #pages: Cache;
  readonly #second: SecondLevelTlb;
  #last = -1;

  constructor(entries: number, second: SecondLevelTlb) {
    this.#pages = cacheOf(entries, 16);
    this.#second = second;
  }

  /** Cycles translation adds to an access to the page: 0 on a hit. */
  access(page: number): number {
    if (page === this.#last) return 0;
    this.#last = page;
    if (this.#pages.find(page) >= 0) return 0;
    this.#pages.insert(page, 0);
    return this.#second.miss(page);
  }

  /** Other code uses `pages` pages of its own. */
  pollute(pages: number): void {
    this.#last = -1;
    this.#pages.pollute(pages);
  }
}

/** A cache of at least one set with as many ways as fit, at most `ways`: sets are a power of two. */
function cacheOf(entries: number, ways: number): Cache {
  let sets = 1;
  while (sets * ways < entries) sets *= 2;
  return new Cache(sets, Math.floor(entries / sets));
}
