/**
 * What lies beyond a core's own caches: the L3 domain, memory, and who holds which line.
 *
 * A full directory over the modelled memory says for each line which core may write it (state M or E) and which
 * cores hold a copy. The L3 is a victim cache, as on every Zen and (in effect) on Skylake-SP: lines enter it
 * when an L2 gives them up or a modified line is handed to a reader.
 *
 * Left out: one L3 domain and one socket only; bandwidth and queueing; the difference between M and E.
 */
import { ModelBug } from '../model/errors.ts';
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

/** Cores a machine can have: sharers are words of 32 bits a line. */
const SHARER_WORDS = 3;
const MOST_CORES = 32 * SHARER_WORDS;

/** Directory, L3 and memory shared by all cores of a machine. */
export class Uncore {
  /** Core that may write the line without asking, or -1. */
  readonly owner: Int16Array;
  /** Cause of the latency that the last `read` or `own` returned. */
  cause = 0;
  readonly l3: Cache;
  /** Cores that hold a copy: `SHARER_WORDS` words a line, bit by core. */
  readonly #sharers: Int32Array;
  readonly #holders: Holder[] = [];
  readonly #l3Cycles: number;
  readonly #dramCycles: number;
  readonly #transferCycles: number;

  constructor(machine: Machine, memory: Memory) {
    const lines = memory.bytes >>> 6;
    this.owner = new Int16Array(lines).fill(NOBODY);
    this.#sharers = new Int32Array(lines * SHARER_WORDS);
    this.l3 = new Cache(machine.n.l3Sets, machine.n.l3Ways);
    this.#l3Cycles = machine.n.l3Cycles;
    this.#dramCycles = machine.dramCycles;
    this.#transferCycles = machine.transferCycles;
  }

  /** Adds a core and returns its number, 0..95; a ModelBug beyond. */
  join(holder: Holder): number {
    if (this.#holders.length === MOST_CORES) throw new ModelBug('too many cores', { cores: MOST_CORES });
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

  /** Whether the hardware may fetch a line ahead: it exists, and no core would lose the right to write it. */
  mayFetchAhead(line: number, core: number): boolean {
    if (line <= 0 || line >= this.owner.length) return false;
    const owner = this.owner[line]!;
    return owner === NOBODY || owner === core;
  }

  /** A core's L2 gives a line up; it goes to the L3. */
  evict(line: number, core: number): void {
    this.forget(line, core);
    if (!this.l3.has(line)) this.l3.insert(line, 0);
  }

  /** A core no longer holds the line, and it goes nowhere (it is being flushed to memory). */
  forget(line: number, core: number): void {
    if (this.owner[line] === core) this.owner[line] = NOBODY;
    this.#sharers[line * SHARER_WORDS + (core >>> 5)]! &= ~(1 << (core & 31));
  }

  #share(line: number, core: number): void {
    this.#sharers[line * SHARER_WORDS + (core >>> 5)]! |= 1 << (core & 31);
  }

  #heldByOthers(line: number, core: number): boolean {
    const base = line * SHARER_WORDS;
    for (let w = 0; w < SHARER_WORDS; w++) {
      const own = w === core >>> 5 ? 1 << (core & 31) : 0;
      if ((this.#sharers[base + w]! & ~own) !== 0) return true;
    }
    return false;
  }

  #invalidateOthers(line: number, core: number): void {
    const base = line * SHARER_WORDS;
    for (let other = 0; other < this.#holders.length; other++) {
      const held = (this.#sharers[base + (other >>> 5)]! >>> (other & 31)) & 1;
      if (other !== core && held === 1) this.#holders[other]!.invalidate(line);
    }
    this.#sharers.fill(0, base, base + SHARER_WORDS);
  }
}
