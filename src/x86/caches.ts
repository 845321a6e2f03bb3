/**
 * The private caches of one core: L1I, L1D and L2, with the fill buffers that bound how many misses overlap.
 *
 * A line in flight is in the cache at once, with the cycle of its arrival; a second access to it waits for that
 * cycle and not for a miss of its own. The L2 includes the L1s.
 *
 * Left out: prefetchers, TLBs, bank conflicts, 4-KiB aliasing.
 */
import type { Ready } from '../model/units.ts';
import { Cache } from './cache.ts';
import { Cause } from './cause.ts';
import type { Holder, Uncore } from './coherence.ts';
import type { Machine } from './machine.ts';

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
  /** Cycle at which each fill buffer is free again. */
  readonly #fills: Int32Array;
  /** The buffer `#fillBuffer` chose. */
  #fill = 0;

  constructor(machine: Machine, uncore: Uncore) {
    const { n } = machine;
    this.l1i = new Cache(n.l1iSets, n.l1iWays);
    this.l1d = new Cache(n.l1dSets, n.l1dWays);
    this.l2 = new Cache(n.l2Sets, n.l2Ways);
    this.#uncore = uncore;
    this.#l1Cycles = n.l1Cycles;
    this.#l2Cycles = n.l2Cycles;
    this.#origin = new Uint8Array(n.l1dSets * n.l1dWays);
    this.#fills = new Int32Array(n.fillBuffers);
    this.core = uncore.join(this);
  }

  /** A load of a line starts at cycle `t`; returns when its data can be used. */
  load(line: number, t: Ready): Ready {
    const way = this.l1d.find(line);
    if (way >= 0) return this.#hit(way, t);
    const start = this.#fillBuffer(t);
    const done = start + this.#fromL2(line);
    this.#release(done);
    this.#fillL1d(line, done);
    return done;
  }

  /** A store or locked operation asks for the line at `t`; returns when the core may write it. */
  own(line: number, t: Ready): Ready {
    const way = this.l1d.find(line);
    if (this.#uncore.owner[line] === this.core) {
      if (way >= 0) return this.#hit(way, t);
      return this.load(line, t);
    }
    const start = this.#fillBuffer(t);
    const inL2 = way >= 0 || this.l2.find(line) >= 0;
    const done = start + this.#uncore.own(line, this.core, inL2);
    this.cause = this.#uncore.cause;
    this.#release(done);
    if (!inL2) this.#fillL2(line);
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
    const done = t + this.#fromL2(line);
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

  /** Nothing is in flight any more: the core's relative time starts again. */
  settle(): void {
    this.l1i.settle();
    this.l1d.settle();
    this.#fills.fill(0);
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

  #fromL2(line: number): number {
    if (this.l2.find(line) >= 0) {
      this.cause = Cause.l2;
      return this.#l2Cycles;
    }
    const cycles = this.#uncore.read(line, this.core);
    this.cause = this.#uncore.cause;
    this.#fillL2(line);
    return cycles;
  }

  #fillL2(line: number): void {
    const victim = this.l2.insert(line, 0);
    if (victim < 0) return;
    this.l1d.remove(victim);
    this.l1i.remove(victim);
    this.#uncore.evict(victim, this.core);
  }

  #fillL1d(line: number, ready: Ready): void {
    this.l1d.insert(line, ready);
    this.#origin[this.l1d.last] = this.cause;
  }

  /** Cycle at which the fill buffer that is free first can take a miss of cycle `t`. */
  #fillBuffer(t: Ready): Ready {
    const fills = this.#fills;
    let first = 0;
    for (let i = 1; i < fills.length; i++) if (fills[i]! < fills[first]!) first = i;
    this.#fill = first;
    return Math.max(t, fills[first]!);
  }

  #release(done: Ready): void {
    this.#fills[this.#fill] = done;
  }
}
