/**
 * Fetch and decode: when each micro-op is there for dispatch.
 *
 * Instructions come 64 bytes at a time from the op cache, or else from L1I through the decoders, which are
 * slower. A taken branch ends the group; one whose target the BTB does not know waits for the decoders, a
 * return for the return stack, an indirect call for its predictor.
 *
 * Left out: wrong-path fetch, and the alignment of instructions within their line.
 */
import type { Addr, Ready } from '../model/units.ts';
import { Cache } from './cache.ts';
import type { PrivateCaches } from './caches.ts';
import { Cause } from './cause.ts';
import type { Machine } from './machine.ts';
import { INSTRUCTION_BYTES } from './sites.ts';
import type { Tlb } from './tlb.ts';

const OP_CACHE_WAYS = 8;
/** Step over the BTB: a prime larger than most, so that every place is visited before one comes again. */
const STRIDE = 65_537;

/** The front end of one core. */
export class FrontEnd {
  /** Cycle at which the next micro-op can be dispatched at the earliest, and what it is held by. */
  cycle: Ready = 0;
  why: number = Cause.fetch;
  /** Bits of an address within a page of the kernel's text. */
  pageBits = 21;
  readonly #caches: PrivateCaches;
  readonly #itlb: Tlb;
  readonly #ops: Cache;
  /** Branches whose targets are known, by the address behind them. */
  readonly #targets: Int32Array;
  readonly #opCacheWidth: number;
  readonly #decodeWidth: number;
  readonly #takenHalfCycles: number;
  readonly #callCycles: number;
  readonly #returnCycles: number;
  readonly #indirectCycles: number;
  readonly #btbMissCycles: number;
  #width: number;
  #slots = 0;
  /** Half a cycle that taken branches have used and `cycle` does not show. */
  #half = 0;
  #line = -1;
  /** Place in the BTB that other code's branches take next. */
  #swept = 0;

  constructor(machine: Machine, caches: PrivateCaches, itlb: Tlb) {
    const { n } = machine;
    this.#caches = caches;
    this.#itlb = itlb;
    const uopsPerLine = 64 / INSTRUCTION_BYTES;
    let sets = 1;
    while (2 * sets * OP_CACHE_WAYS * uopsPerLine <= n.opCacheUops) sets *= 2;
    this.#ops = new Cache(sets, Math.floor(n.opCacheUops / uopsPerLine / sets));
    this.#targets = new Int32Array(n.btbEntries).fill(-1);
    this.#opCacheWidth = n.fetchWidth;
    this.#width = n.fetchWidth;
    this.#decodeWidth = n.decodeWidth;
    this.#takenHalfCycles = n.takenBranchHalfCycles;
    this.#callCycles = (n.callReturnCycles + 1) >> 1;
    this.#returnCycles = n.callReturnCycles >> 1;
    this.#indirectCycles = n.indirectBranchCycles;
    this.#btbMissCycles = n.btbMissCycles;
  }

  /** The window is empty and fetch starts at `cycle`. */
  begin(cycle: Ready): void {
    this.cycle = cycle;
    this.why = Cause.fetch;
    this.#slots = this.#width;
  }

  /** Takes one micro-op out of the group. */
  take(): void {
    if (--this.#slots < 0) {
      this.cycle++;
      this.why = Cause.fetch;
      this.#slots = this.#width - 1;
    }
  }

  /** Fetches the bytes of the instruction at `pc`. */
  instruction(pc: Addr): void {
    const line = pc >>> 6;
    if (line !== this.#line) this.#newLine(line);
  }

  /** The conditional branch or jump in front of `pc` is taken. */
  jump(pc: Addr): void {
    const half = this.#half + this.#takenHalfCycles;
    this.#half = half & 1;
    if (half > 1) {
      this.cycle += half >> 1;
      this.#slots = this.#width;
    }
    this.#learn(pc);
  }

  /** A direct call in front of `pc`. */
  call(pc: Addr): void {
    this.cycle += this.#callCycles;
    this.#slots = this.#width;
    this.#learn(pc);
  }

  /** A call through a pointer; whether its target was known is the predictor's business. */
  indirectCall(): void {
    this.cycle += this.#indirectCycles;
    this.#slots = this.#width;
  }

  /** A return. */
  return(): void {
    this.cycle += this.#returnCycles;
    this.#slots = this.#width;
  }

  /** Nothing younger is fetched before `cycle`. */
  refetch(cycle: Ready, cause: number): void {
    if (cycle <= this.cycle) return;
    this.cycle = cycle;
    this.why = cause;
    this.#slots = this.#width;
  }

  /** Other code runs `lines` lines of its own, with as many taken branches. */
  pollute(lines: number): void {
    this.#line = -1;
    this.#ops.pollute(lines);
    const { length } = this.#targets;
    for (let n = Math.min(lines, length); n > 0; n--) {
      this.#targets[this.#swept] = -1;
      this.#swept = (this.#swept + STRIDE) % length;
    }
  }

  #newLine(line: number): void {
    this.#line = line;
    const translated = this.cycle + this.#itlb.access(line >>> (this.pageBits - 6));
    const arrival = this.#caches.fetch(line, translated);
    // A line from beyond L1I cannot be in the op cache.
    if (arrival > translated) this.#ops.remove(line);
    if (arrival > this.cycle) {
      this.cycle = arrival;
      this.why = Cause.icache;
      this.#slots = this.#width;
    }
    let width = this.#opCacheWidth;
    if (this.#ops.find(line) < 0) {
      this.#ops.insert(line, 0);
      width = this.#decodeWidth;
    }
    if (width !== this.#width) {
      this.#width = width;
      if (this.#slots > width) this.#slots = width;
    }
  }

  /** A direct branch has one target, so knowing the branch is knowing where it goes. */
  #learn(pc: Addr): void {
    // A loop within one line comes from the op cache once it was decoded.
    if (this.#width !== this.#opCacheWidth) this.#line = -1;
    const i = (pc >>> 2) % this.#targets.length;
    if (this.#targets[i] === pc) return;
    this.#targets[i] = pc;
    this.refetch(this.cycle + this.#btbMissCycles, Cause.fetch);
  }
}
