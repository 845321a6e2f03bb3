/**
 * What lies beyond a core's own caches: the L3 domain, memory, and who holds which line.
 *
 * A full directory over the modelled memory says for each line which core may write it (state M or E) and which
 * cores hold a copy. The L3 is a victim cache, as on every Zen and (in effect) on Skylake-SP: lines enter it
 * when an L2 gives them up or a modified line is handed to a reader.
 *
 * Left out: one L3 domain and one socket only; bandwidth and queueing; the difference between M and E.
 */
import { Cache } from './cache.ts';
import { Cause } from './cause.ts';
import type { Machine } from './machine.ts';
import type { Memory } from './memory.ts';

/** A core's private caches, as far as the directory must reach into them. */
export interface Holder {
  /** Takes a copy away because another core wants to write the line. */
  invalidate(line: number): void;
}

const NOBODY = -1;

/** Directory, L3 and memory shared by all cores of a machine. */
export class Uncore {
  /** Core that may write the line without asking, or -1. */
  readonly owner: Int16Array;
  /** Cause of the latency that the last `read` or `own` returned. */
  cause = 0;
  readonly l3: Cache;
  readonly #sharersLow: Int32Array;
  readonly #sharersHigh: Int32Array;
  readonly #holders: Holder[] = [];
  readonly #l3Cycles: number;
  readonly #dramCycles: number;
  readonly #transferCycles: number;

  constructor(machine: Machine, memory: Memory) {
    const lines = memory.bytes >>> 6;
    this.owner = new Int16Array(lines).fill(NOBODY);
    this.#sharersLow = new Int32Array(lines);
    this.#sharersHigh = new Int32Array(lines);
    this.l3 = new Cache(machine.n.l3Sets, machine.n.l3Ways);
    this.#l3Cycles = machine.n.l3Cycles;
    this.#dramCycles = machine.dramCycles;
    this.#transferCycles = machine.transferCycles;
  }

  /** Adds a core and returns its number, 0..63. */
  join(holder: Holder): number {
    return this.#holders.push(holder) - 1;
  }

  /**
   * A core that does not hold the line reads it.
   *
   * @returns load-to-use cycles; the reader holds a copy afterwards, alone (E) if nobody else does
   */
  read(line: number, core: number): number {
    const owner = this.owner[line]!;
    let cycles: number;
    if (owner !== NOBODY && owner !== core) {
      this.owner[line] = NOBODY;
      if (!this.l3.has(line)) this.l3.insert(line, 0);
      this.cause = Cause.transfer;
      cycles = this.#transferCycles;
    } else if (this.l3.find(line) >= 0) {
      this.cause = Cause.l3;
      cycles = this.#l3Cycles;
    } else if (this.#heldByOthers(line, core)) {
      this.cause = Cause.transfer;
      cycles = this.#transferCycles;
    } else {
      this.cause = Cause.dram;
      cycles = this.#dramCycles;
    }
    if (!this.#heldByOthers(line, core)) this.owner[line] = core;
    this.#share(line, core);
    return cycles;
  }

  /**
   * A core wants to write a line it does not own. Every other copy is invalidated.
   *
   * @param held whether the core already holds a copy and needs only the right to write
   * @returns cycles until it may
   */
  own(line: number, core: number, held: boolean): number {
    let cycles: number;
    if (this.#heldByOthers(line, core)) {
      this.#invalidateOthers(line, core);
      this.cause = Cause.transfer;
      cycles = this.#transferCycles;
    } else if (held) {
      this.cause = Cause.l3;
      cycles = this.#l3Cycles;
    } else if (this.l3.find(line) >= 0) {
      this.cause = Cause.l3;
      cycles = this.#l3Cycles;
    } else {
      this.cause = Cause.dram;
      cycles = this.#dramCycles;
    }
    this.owner[line] = core;
    this.#share(line, core);
    return cycles;
  }

  /** A core's L2 gives a line up; it goes to the L3. */
  evict(line: number, core: number): void {
    this.forget(line, core);
    if (!this.l3.has(line)) this.l3.insert(line, 0);
  }

  /** A core no longer holds the line, and it goes nowhere (it is being flushed to memory). */
  forget(line: number, core: number): void {
    if (this.owner[line] === core) this.owner[line] = NOBODY;
    if (core < 32) this.#sharersLow[line]! &= ~(1 << core);
    else this.#sharersHigh[line]! &= ~(1 << (core - 32));
  }

  #share(line: number, core: number): void {
    if (core < 32) this.#sharersLow[line]! |= 1 << core;
    else this.#sharersHigh[line]! |= 1 << (core - 32);
  }

  #heldByOthers(line: number, core: number): boolean {
    const low = this.#sharersLow[line]! & ~(core < 32 ? 1 << core : 0);
    const high = this.#sharersHigh[line]! & ~(core < 32 ? 0 : 1 << (core - 32));
    return (low | high) !== 0;
  }

  #invalidateOthers(line: number, core: number): void {
    for (let other = 0; other < this.#holders.length; other++) {
      if (other === core) continue;
      const held = other < 32 ? this.#sharersLow[line]! >>> other : this.#sharersHigh[line]! >>> (other - 32);
      if ((held & 1) !== 0) this.#holders[other]!.invalidate(line);
    }
    this.#sharersLow[line] = 0;
    this.#sharersHigh[line] = 0;
  }
}
