/**
 * What lies beyond a core's own caches: an L3 for each socket, memory, and who holds which line.
 *
 * A full directory over the modelled memory says for each line which core may write it (state M or E) and which
 * cores hold a copy. The L3 is a victim cache, as on every Zen and (in effect) on Skylake-SP: lines enter it
 * when an L2 gives them up or a modified line is handed to a reader.
 *
 * All memory is on socket 0, where Xen would place a guest that fits one node.
 *
 * Left out: several L3 domains in a socket; queueing between cores; the difference between M and E.
 */
import { ModelBug } from '../model/errors.ts';
import { Cache } from './cache.ts';
import { Cause } from './cause.ts';
import type { Machine } from './machine.ts';
import type { Memory } from './memory.ts';
import { REMOTE, Transfer, Transfers } from './transfers.ts';

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
  /** The L3 of each socket. */
  readonly l3s: readonly Cache[];
  /** How often each line came from elsewhere. */
  readonly transfers: Transfers;
  /** Cores that hold a copy: `SHARER_WORDS` words a line, bit by core. */
  readonly #sharers: Int32Array;
  readonly #holders: Holder[] = [];
  /** Socket of each core. */
  readonly #sockets: number[] = [];
  readonly #l3Cycles: number;
  readonly #dramCycles: number;
  readonly #remoteDramCycles: number;

  /** @param sockets 1 or 2 */
  constructor(machine: Machine, memory: Memory, sockets = 1) {
    const lines = memory.bytes >>> 6;
    this.owner = new Int16Array(lines).fill(NOBODY);
    this.#sharers = new Int32Array(lines * SHARER_WORDS);
    const { l3Sets, l3Ways } = machine.n;
    this.l3s = Array.from({ length: sockets }, () => new Cache(l3Sets, l3Ways));
    this.#l3Cycles = machine.n.l3Cycles;
    this.#dramCycles = machine.dramCycles;
    this.#remoteDramCycles = machine.remoteDramCycles;
    this.transfers = new Transfers(machine);
  }

  /** The L3 of socket 0. */
  get l3(): Cache {
    return this.l3s[0]!;
  }

  /** Adds a core of a socket and returns its number, 0..95; a ModelBug beyond, or for a socket that is none. */
  join(holder: Holder, socket: number): number {
    const cores = this.#holders.length;
    if (cores === MOST_CORES || socket >= this.l3s.length)
      throw new ModelBug('no such core', { cores, socket });
    this.#holders.push(holder);
    this.#sockets.push(socket);
    return cores;
  }

  /** As new: no cores, no lines. For hosts made one after the other, which take most of their time to be given an L3. */
  reset(): void {
    this.owner.fill(NOBODY);
    this.#sharers.fill(0);
    this.#holders.length = 0;
    this.#sockets.length = 0;
    this.clearL3();
    this.transfers.reset();
  }

  /** Every L3 loses every line. */
  clearL3(): void {
    for (const l3 of this.l3s) l3.clear();
  }

  /** Other code of a core brings `lines` lines of its own through the L3 of the core's socket. */
  polluteL3(core: number, lines: number): void {
    this.l3s[this.#sockets[core]!]!.pollute(lines);
  }

  /**
   * A core that does not hold the line reads it.
   *
   * @returns load-to-use cycles; the reader holds a copy afterwards, alone (E) if nobody else does
   */
  read(line: number, core: number): number {
    const owner = this.owner[line]!;
    const socket = this.#sockets[core]!;
    let cycles: number;
    if (owner !== NOBODY && owner !== core) {
      this.owner[line] = NOBODY;
      const l3 = this.l3s[this.#sockets[owner]!]!;
      if (!l3.has(line)) l3.insert(line, 0);
      cycles = this.#transfer(line, Transfer.read, this.#sockets[owner] !== socket);
    } else if (this.l3s[socket]!.find(line) >= 0) {
      this.cause = Cause.l3;
      cycles = this.#l3Cycles;
    } else if (this.#heldByOthers(line, core)) {
      cycles = this.#transfer(line, Transfer.read, !this.#heldOn(line, core, socket));
    } else cycles = this.#fromElsewhere(line, socket, Transfer.read);
    if (this.cause === Cause.transfer) this.#charged(cycles);
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
    const socket = this.#sockets[core]!;
    let cycles: number;
    if (this.#heldByOthers(line, core)) {
      cycles = this.#transfer(line, Transfer.write, this.#heldElsewhere(line, socket));
      this.#invalidateOthers(line, core);
    } else if (held || this.l3s[socket]!.find(line) >= 0) {
      this.cause = Cause.l3;
      cycles = this.#l3Cycles;
    } else cycles = this.#fromElsewhere(line, socket, Transfer.write);
    if (this.cause === Cause.transfer) this.#charged(cycles);
    if (this.l3s.length > 1) this.l3s[1 - socket]!.remove(line);
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
    const l3 = this.l3s[this.#sockets[core]!]!;
    if (!l3.has(line)) l3.insert(line, 0);
  }

  /** A core no longer holds the line, and it goes nowhere (it is being flushed to memory). */
  forget(line: number, core: number): void {
    if (this.owner[line] === core) this.owner[line] = NOBODY;
    this.#sharers[line * SHARER_WORDS + (core >>> 5)]! &= ~(1 << (core & 31));
  }

  /** No core holds the line and the socket's L3 has not got it: the other socket's L3, or memory. */
  #fromElsewhere(line: number, socket: number, kind: number): number {
    if (this.l3s.length > 1 && this.l3s[1 - socket]!.find(line) >= 0) return this.#transfer(line, kind, true);
    this.cause = Cause.dram;
    return socket === 0 ? this.#dramCycles : this.#remoteDramCycles;
  }

  /** The line comes from elsewhere; returns what that costs. */
  #transfer(line: number, kind: number, remote: boolean): number {
    this.cause = Cause.transfer;
    return this.transfers.add(line, remote ? kind | REMOTE : kind);
  }

  /** Counts what a transfer is charged, once more and without its line. */
  #charged(cycles: number): void {
    this.transfers.total++;
    this.transfers.totalCycles += cycles;
  }

  /** Whether another core of the socket holds the line. */
  #heldOn(line: number, core: number, socket: number): boolean {
    for (let other = 0; other < this.#holders.length; other++) {
      if (other !== core && this.#sockets[other] === socket && this.#holds(line, other)) return true;
    }
    return false;
  }

  /** Whether a core of another socket holds the line. */
  #heldElsewhere(line: number, socket: number): boolean {
    if (this.l3s.length === 1) return false;
    for (let other = 0; other < this.#holders.length; other++) {
      if (this.#sockets[other] !== socket && this.#holds(line, other)) return true;
    }
    return false;
  }

  #holds(line: number, core: number): boolean {
    return ((this.#sharers[line * SHARER_WORDS + (core >>> 5)]! >>> (core & 31)) & 1) === 1;
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
      if (other !== core && this.#holds(line, other)) this.#holders[other]!.invalidate(line);
    }
    this.#sharers.fill(0, base, base + SHARER_WORDS);
  }
}
