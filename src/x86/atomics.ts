/**
 * Locked operations and exchanges: one read-modify-write that nobody else can come between.
 */
import type { Horizon } from '../model/engine.ts';
import type { Addr, Ready } from '../model/units.ts';
import { Cause } from './cause.ts';
import type { Uncore } from './coherence.ts';
import { DataUnit } from './data-unit.ts';
import type { Machine } from './machine.ts';
import type { Memory } from './memory.ts';
import { NOW } from './pipeline.ts';
import { Uop } from './uop.ts';

/** The memory side of a core with its locked operations. */
export class AtomicUnit extends DataUnit {
  readonly #lockCycles: number;
  readonly #lockLatency: number;
  readonly #lockUops: number;
  readonly #bitStringUops: number;
  readonly #xchgUops: number;
  readonly #cmpxchgUops: number;
  readonly #xaddUops: number;

  /** @param socket the core's, 0 or 1 */
  constructor(machine: Machine, memory: Memory, uncore: Uncore, horizon: Horizon, socket = 0) {
    super(machine, memory, uncore, horizon, socket);
    this.#lockCycles = machine.n.lockCycles;
    this.#lockLatency = machine.n.lockLatencyCycles;
    this.#lockUops = machine.n.lockUops;
    this.#bitStringUops = machine.n.lockBitStringUops;
    this.#xchgUops = machine.n.xchgUops;
    this.#cmpxchgUops = machine.n.cmpxchgUops;
    this.#xaddUops = machine.n.xaddUops;
  }

  /** lock add of a constant to 32 bits; the new value in `lo`. */
  lockAdd32(addr: Addr, delta: number, dep: Ready): Ready {
    this.lo = (this.words[addr >>> 2]! + delta) | 0;
    this.words[addr >>> 2] = this.lo;
    return this.#lock(addr, 4, dep, this.#lockUops);
  }

  /**
   * lock and of 64 bits with a mask. A program sees the flags of the result at most; the old value is left in
   * `lo` and `hi` for who observes it.
   */
  lockAnd64(addr: Addr, lo: number, hi: number, dep: Ready): Ready {
    const i = addr >>> 2;
    this.lo = this.words[i]!;
    this.hi = this.words[i + 1]!;
    this.words[i] = this.lo & lo;
    this.words[i + 1] = this.hi & hi;
    return this.#lock(addr, 8, dep, this.#lockUops);
  }

  /** lock or of 64 bits; the new value in `lo` and `hi`. */
  lockOr64(addr: Addr, lo: number, hi: number, dep: Ready): Ready {
    const i = addr >>> 2;
    this.lo = this.words[i]! | lo;
    this.hi = this.words[i + 1]! | hi;
    this.words[i] = this.lo;
    this.words[i + 1] = this.hi;
    return this.#lock(addr, 8, dep, this.#lockUops);
  }

  /** lock bts with a register offset into a bit string; the old bit in `lo`. */
  lockBitSet(base: Addr, bit: number, dep: Ready): Ready {
    return this.#lock(this.changeBit(base, bit, 1), 4, dep, this.#bitStringUops);
  }

  /** lock btr with a register offset into a bit string; the old bit in `lo`. */
  lockBitReset(base: Addr, bit: number, dep: Ready): Ready {
    return this.#lock(this.changeBit(base, bit, 0), 4, dep, this.#bitStringUops);
  }

  /** lock btc with a register offset into a bit string; the old bit in `lo`. */
  lockBitComplement(base: Addr, bit: number, dep: Ready): Ready {
    return this.#lock(this.changeBit(base, bit, 2), 4, dep, this.#bitStringUops);
  }

  /** xchg with 32 bits of memory; the old value in `lo`. */
  xchg32(addr: Addr, value: number, dep: Ready): Ready {
    this.lo = this.words[addr >>> 2]!;
    this.words[addr >>> 2] = value;
    return this.#lock(addr, 4, dep, this.#xchgUops);
  }

  /** xchg with 64 bits of memory; the old value in `lo` and `hi`. */
  xchg64(addr: Addr, lo: number, hi: number, dep: Ready): Ready {
    const i = addr >>> 2;
    this.lo = this.words[i]!;
    this.hi = this.words[i + 1]!;
    this.words[i] = lo;
    this.words[i + 1] = hi;
    return this.#lock(addr, 8, dep, this.#xchgUops);
  }

  /** lock cmpxchg of 32 bits: stores `next` if the word is `expected`; 1 in `lo` if it was, else 0. */
  cmpxchg32(addr: Addr, expected: number, next: number, dep: Ready): Ready {
    const i = addr >>> 2;
    const same = this.words[i] === expected;
    if (same) this.words[i] = next;
    this.lo = same ? 1 : 0;
    return this.#lock(addr, 4, dep, this.#cmpxchgUops);
  }

  /** lock cmpxchg of 64 bits whose high halves are given too; 1 in `lo` if it stored, else 0. */
  cmpxchg64(addr: Addr, oldLo: number, oldHi: number, lo: number, hi: number, dep: Ready): Ready {
    const i = addr >>> 2;
    const same = this.words[i] === oldLo && this.words[i + 1] === oldHi;
    if (same) {
      this.words[i] = lo;
      this.words[i + 1] = hi;
    }
    this.lo = same ? 1 : 0;
    return this.#lock(addr, 8, dep, this.#cmpxchgUops);
  }

  /** lock xadd of 32 bits; the old value in `lo`. */
  xadd32(addr: Addr, delta: number, dep: Ready): Ready {
    const i = addr >>> 2;
    this.lo = this.words[i]!;
    this.words[i] = (this.lo + delta) | 0;
    return this.#lock(addr, 4, dep, this.#xaddUops);
  }

  /**
   * A locked operation: it starts when everything older (another locked operation too) has finished and
   * drained. Its result is there after its latency, the next may start after its cycles; the line is asked for
   * as soon as the address is known, so its latency overlaps with both. Younger loads may start but retire
   * after it.
   */
  #lock(addr: Addr, size: number, dep: Ready, uops: number): Ready {
    this.instruction();
    this.check(addr);
    this.holdDispatch(this.stores.free, Cause.window);
    for (let i = 1; i < uops; i++) this.simple(Uop.filler, 0, NOW, 1);
    const t = this.issue(Uop.lock, this.loadPorts, dep);
    this.stream.add(addr);
    const owned = this.own(addr, t);
    const lineCause = this.caches.cause;
    if (this.stores.drained > this.retire) this.creditWait(this.stores.drained, Cause.drain);
    const start = Math.max(t, this.finished, this.stores.drained);
    const locked = start + this.#lockLatency;
    const done = owned > locked ? this.retireAt(owned, lineCause) : this.retireAt(locked, Cause.lock);
    this.wroteRegister();
    this.stores.addLocked(addr, size, done, Math.max(start + this.#lockCycles, owned));
    return done;
  }
}
