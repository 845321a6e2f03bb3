/**
 * The private caches of one core: L1I, L1D and L2, with the fill buffers that bound how many misses overlap.
 *
 * A line in flight is in the cache at once, with the cycle of its arrival; a second access to it waits for that
 * cycle and not for a miss of its own. The L2 includes the L1s.
 *
 * Lines from beyond the L2 come one after another, at the rate at which a core can take them; lines fetched
 * ahead need no fill buffer.
 *
 * Left out: bank conflicts, 4-KiB aliasing.
 */
import type { Addr, Ready } from '../model/units.ts';
import { Cache } from './cache.ts';
import { Cause } from './cause.ts';
import type { Holder, Uncore } from './coherence.ts';
import { FillBuffers } from './fill-buffers.ts';
import { LinePath } from './line-path.ts';
import type { Machine } from './machine.ts';
import { StridePrefetcher } from './prefetcher.ts';

/** L1I, L1D, L2 and fill buffers of one core. */
export class PrivateCaches implements Holder {
  readonly core: number;
  /** Cause of the latency of the last access: l1d, l2, l3, dram or transfer. */
  cause = 0;
  readonly l1i: Cache;
  readonly l1d: Cache;
  readonly l2: Cache;
  readonly #uncore: Uncore;
  readonly #l1Cycles: number;
  readonly #l2Cycles: number;
  /** Where the line in each way of the L1D is coming from, for whoever waits for it. */
  readonly #origin: Uint8Array;
  /** Ways of the L1D whose line was fetched ahead and not used yet. */
  readonly #ahead: Uint8Array;
  readonly #prefetcher: StridePrefetcher;
  readonly #adjacent: boolean;
  /** The paths by which lines come from the L2, the L3 and memory. */
  readonly #l2Path: LinePath;
  readonly #l3Path: LinePath;
  readonly #dramPath: LinePath;
  readonly #fills: FillBuffers;

  /** @param socket the core's, 0 or 1 */
  constructor(machine: Machine, uncore: Uncore, socket: number) {
    const { n } = machine;
    this.l1i = new Cache(n.l1iSets, n.l1iWays);
    this.l1d = new Cache(n.l1dSets, n.l1dWays);
    this.l2 = new Cache(n.l2Sets, n.l2Ways);
    this.#uncore = uncore;
    this.#l1Cycles = n.l1Cycles;
    this.#l2Cycles = n.l2Cycles;
    this.#origin = new Uint8Array(n.l1dSets * n.l1dWays);
    this.#ahead = new Uint8Array(n.l1dSets * n.l1dWays);
    this.#prefetcher = new StridePrefetcher(n.stridePrefetch, n.streamPrefetch);
    this.#adjacent = n.adjacentPrefetch === 1;
    this.#l2Path = new LinePath(n.l2LineHalfCycles);
    this.#l3Path = new LinePath(2 * n.l3LineCycles);
    this.#dramPath = new LinePath(2 * n.dramLineCycles);
    this.#fills = new FillBuffers(n.fillBuffers);
    this.core = uncore.join(this, socket);
  }

  /** A load at `addr` starts at cycle `t`; `pc` is the instruction's. Returns when its data can be used. */
  load(addr: Addr, t: Ready, pc: Addr): Ready {
    const line = addr >>> 6;
    const way = this.l1d.find(line);
    if (way >= 0 && this.#ahead[way] === 0) return this.#hit(way, t);
    let done: Ready;
    if (way >= 0) {
      this.#ahead[way] = 0;
      done = this.#hit(way, t);
    } else done = this.#miss(line, t);
    this.#prefetcher.train(pc, addr);
    if (this.#prefetcher.count > 0) this.#fetchAhead(t);
    return done;
  }

  /** A store or locked operation asks for the line at `t`; returns when the core may write it. */
  own(line: number, t: Ready): Ready {
    const way = this.l1d.find(line);
    if (this.#uncore.owner[line] === this.core) {
      if (way >= 0) return this.#hit(way, t);
      return this.#miss(line, t);
    }
    const inL2 = way >= 0 || this.#inL2(line) >= 0;
    const cycles = this.#uncore.own(line, this.core, inL2);
    this.cause = this.#uncore.cause;
    const start = inL2 ? this.#fills.take(t) : this.#onPath(this.#fills.take(t));
    const done = start + cycles;
    this.#fills.release(done);
    if (!inL2) this.#fillL2(line, done);
    if (way >= 0) {
      this.l1d.ready[way] = done;
      this.#origin[way] = this.cause;
    } else this.#fillL1d(line, done);
    return done;
  }

  /** Instruction fetch of a line at `t`; returns when decoding can begin, `t` itself on an L1I hit. */
  fetch(line: number, t: Ready): Ready {
    const way = this.l1i.find(line);
    if (way >= 0) return Math.max(t, this.l1i.ready[way]!);
    const done = this.#fromL2(line, t);
    this.l1i.insert(line, done);
    return done;
  }

  invalidate(line: number): void {
    this.l1d.remove(line);
    this.l1i.remove(line);
    this.l2.remove(line);
  }

  /**
   * Moves lines to the L3: the state after the guest ran over a footprint larger than the L2.
   *
   * @param keep lines that stay where they are
   */
  spillToL3(keep: (line: number) => boolean): void {
    this.#drop(keep, (line) => this.#uncore.evict(line, this.core));
  }

  /** Drops lines to memory; the caller also clears the L3. */
  spillToMemory(keep: (line: number) => boolean): void {
    this.#drop(keep, (line) => this.#uncore.forget(line, this.core));
  }

  /** Other code of this core touches `dataLines` and runs `codeLines` lines of its own. */
  pollute(dataLines: number, codeLines: number): void {
    this.l1d.pollute(dataLines);
    this.l1i.pollute(codeLines);
    this.l2.pollute(dataLines + codeLines);
  }

  /** Nothing is in flight any more: the core's relative time starts again. */
  settle(): void {
    this.l1i.settle();
    this.l1d.settle();
    this.l2.settle();
    this.#fills.clear();
    this.#l2Path.clear();
    this.#l3Path.clear();
    this.#dramPath.clear();
  }

  #drop(keep: (line: number) => boolean, gone: (line: number) => void): void {
    for (const line of this.l2.tags) {
      if (line < 0 || keep(line)) continue;
      this.l1i.remove(line);
      this.l1d.remove(line);
      this.l2.remove(line);
      gone(line);
    }
  }

  #hit(way: number, t: Ready): Ready {
    const arrival = this.l1d.ready[way]!;
    const hit = t + this.#l1Cycles;
    this.cause = Cause.l1d;
    if (arrival <= hit) return hit;
    this.cause = this.#origin[way]!;
    return arrival;
  }

  /** The line's way in the L2, now its most recent, or -1; one that foreign lines displaced goes to the L3. */
  #inL2(line: number): number {
    const way = this.l2.find(line);
    if (way < 0 && this.l2.displaced === line) {
      this.l2.displaced = -1;
      this.#uncore.evict(line, this.core);
    }
    return way;
  }

  #miss(line: number, t: Ready): Ready {
    const done = this.#fromL2(line, this.#fills.take(t));
    this.#fills.release(done);
    this.#fillL1d(line, done);
    return done;
  }

  /** A line that is not in an L1 is asked for at `start`; returns when it is there. */
  #fromL2(line: number, start: Ready): Ready {
    const way = this.#inL2(line);
    if (way >= 0) {
      this.cause = Cause.l2;
      return Math.max(this.#l2Path.take(start) + this.#l2Cycles, this.l2.ready[way]!);
    }
    const done = this.#fromBeyond(line, start);
    if (this.#adjacent && this.#inL2(line ^ 1) < 0 && this.#uncore.mayFetchAhead(line ^ 1, this.core)) {
      const { cause } = this;
      this.#fromBeyond(line ^ 1, start);
      this.cause = cause;
    }
    return done;
  }

  /** A line that is not in the L2 is asked for at `start` and put there; returns when it is. */
  #fromBeyond(line: number, start: Ready): Ready {
    const cycles = this.#uncore.read(line, this.core);
    this.cause = this.#uncore.cause;
    const done = this.#onPath(start) + cycles;
    this.#fillL2(line, done);
    return done;
  }

  /** When a line asked for at `t` can start on the path from where `cause` says. */
  #onPath(t: Ready): Ready {
    return this.cause === Cause.dram ? this.#dramPath.take(t) : this.#l3Path.take(t);
  }

  /** Fetches what the prefetcher wants into L1D; the waiting load is not held up, its cause stays. */
  #fetchAhead(t: Ready): void {
    const { cause } = this;
    for (let i = 0; i < this.#prefetcher.count; i++) {
      const line = this.#prefetcher.wanted[i]! >>> 6;
      if (this.l1d.has(line) || !this.#uncore.mayFetchAhead(line, this.core)) continue;
      this.#fillL1d(line, this.#fromL2(line, t));
      this.#ahead[this.l1d.last] = 1;
    }
    this.cause = cause;
  }

  #fillL2(line: number, ready: Ready): void {
    const victim = this.l2.insert(line, ready);
    if (victim < 0) return;
    this.l1d.remove(victim);
    this.l1i.remove(victim);
    this.#uncore.evict(victim, this.core);
  }

  #fillL1d(line: number, ready: Ready): void {
    this.l1d.insert(line, ready);
    this.#origin[this.l1d.last] = this.cause;
    this.#ahead[this.l1d.last] = 0;
  }
}
