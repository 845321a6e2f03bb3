/**
 * A core that says which word it is about to access, for whoever interleaves kernels at every access.
 *
 * Values and control flow are those of the real core: each method announces its access and then does what it
 * always does. Cycles are left out: no value depends on them. A method of the core that is missing in the table
 * below is noticed at its first access.
 */
import type { Horizon } from '../../src/model/engine.ts';
import type { Addr, Ready } from '../../src/model/units.ts';
import type { Uncore } from '../../src/x86/coherence.ts';
import { Core, NOW } from '../../src/x86/core.ts';
import type { Machine } from '../../src/x86/machine.ts';
import type { Memory } from '../../src/x86/memory.ts';

/** Methods of the core that access memory at their first argument: bytes, and whether they may write. */
export const PLAIN: Readonly<Record<string, readonly [bytes: number, writes: boolean]>> = {
  load8: [1, false],
  load16: [2, false],
  load32: [4, false],
  load64: [8, false],
  operand8: [1, false],
  operand32: [4, false],
  operand64: [8, false],
  store8: [1, true],
  store16: [2, true],
  store32: [4, true],
  store64: [8, true],
  lockAdd32: [4, true],
  lockAnd64: [8, true],
  lockOr64: [8, true],
  xchg32: [4, true],
  xchg64: [8, true],
  cmpxchg32: [4, true],
  cmpxchg64: [8, true],
  xadd32: [4, true],
};

/** Methods that access the word of a bit string: base and bit are the first two arguments. */
export const BITS: Readonly<Record<string, boolean>> = {
  bitTest: false,
  lockBitSet: true,
  lockBitReset: true,
  lockBitComplement: true,
};

/** Read-modify-writes that are not locked, which are two accesses: bytes. */
export const PLAIN_RMW: Readonly<Record<string, number>> = {
  add32: 4,
  add64: 8,
  and32: 4,
  or32: 4,
  or64: 8,
  bitSet: 4,
  bitReset: 4,
};

/** Methods that find the store buffer empty. */
const LOCKED = /^(lock|xchg|cmpxchg|xadd)/;

/** Told before each access outside the stack; it may throw to end the kernel there. */
export type OnAccess = (addr: Addr, bytes: number, writes: boolean, how: string) => void;

/**
 * Told after each access with what is in the registers then, for a plain read-modify-write what its load found. It
 * may throw to end the kernel there.
 */
export type OnDone = (how: string, lo: number, hi: number) => void;

/** Bytes of stack below and above the first stack pointer that belong to nobody else. */
const STACK_BELOW = 8192;
const STACK_ABOVE = 512;

const ignore = () => {};

/** A core whose accesses are watched. */
export class WatchedCore extends Core {
  onAccess: OnAccess = ignore;
  /** Told after each access. */
  onDone: OnDone = ignore;
  /** An lfence since this was last set to false: what the model's spin loops have in the place of a pause. */
  fenced = false;
  /** A plain store outside the stack may still be in the store buffer. */
  storing = false;
  #from: Addr = 0;
  #to: Addr = 0;
  #stack: Addr = 0;
  #second: Addr = 0;

  constructor(machine: Machine, memory: Memory, uncore: Uncore, horizon: Horizon) {
    super(machine, memory, uncore, horizon);
    const methods = this as unknown as Record<string, (...args: number[]) => Ready>;
    for (const [how, [bytes, writes]] of Object.entries(PLAIN)) {
      const inner = methods[how]!;
      methods[how] = (...args) => {
        this.#announce(args[0]!, bytes, writes, how);
        const ready = inner.apply(this, args);
        this.onDone(how, this.lo, this.hi);
        return ready;
      };
    }
    for (const [how, writes] of Object.entries(BITS)) {
      const inner = methods[how]!;
      methods[how] = (...args) => {
        this.#announce(args[0]! + (args[1]! >>> 5) * 4, 4, writes, how);
        const ready = inner.apply(this, args);
        this.onDone(how, this.lo, this.hi);
        return ready;
      };
    }
    for (const [how, bytes] of Object.entries(PLAIN_RMW)) {
      const inner = methods[how]!;
      const ofString = how.startsWith('bit');
      methods[how] = (...args) => {
        const addr = args[0]! + (ofString ? (args[1]! >>> 5) * 4 : 0);
        this.#announce(addr, bytes, false, `${how}, load`);
        const loaded = this.words.slice(addr >>> 2, (addr + bytes) >>> 2);
        this.onDone(`${how}, load`, loaded[0]!, loaded[1] ?? 0);
        this.#announce(addr, bytes, true, `${how}, store`);
        // What it stores follows from what it loaded, whatever came between.
        this.words.set(loaded, addr >>> 2);
        const ready = inner.apply(this, args);
        this.onDone(`${how}, store`, 0, 0);
        return ready;
      };
    }
    const zero = methods.repStos!;
    // It stores eight bytes at a time, so they are as many accesses.
    methods.repStos = (...args) => {
      const [addr, bytes] = args as [Addr, number];
      for (let a = addr; a < addr + bytes; a += 8) {
        this.#announce(a, 8, true, 'repStos');
        this.words.fill(0, a >>> 2, (a >>> 2) + 2);
        this.onDone('repStos', 0, 0);
      }
      this.#from = addr;
      return zero.apply(this, args);
    };
  }

  /**
   * The stack this core runs on, from its present pointer; call it once the pointer is set.
   *
   * @param second top of another one, which it changes to in interrupts
   */
  ownStack(second: Addr = 0): void {
    this.#stack = this.sp;
    this.#second = second;
  }

  /** Forgets a kernel that was ended in the middle: the stack is empty again. */
  abandon(): void {
    this.sp = this.#stack;
    this.fenced = false;
    this.storing = false;
  }

  override lfence(): Ready {
    this.fenced = true;
    return super.lfence();
  }

  protected override serialise(cycles: number, cause: number, kind: number, drain: boolean): Ready {
    if (drain) this.storing = false;
    return super.serialise(cycles, cause, kind, drain);
  }

  protected override fence(cycles: number, drain: boolean): Ready {
    if (drain) this.storing = false;
    return super.fence(cycles, drain);
  }

  override at(site: number): void {
    this.site = site;
  }

  override branch(condition: boolean): boolean {
    return condition;
  }

  override jcc(condition: boolean): boolean {
    return condition;
  }

  protected override instruction(): void {}

  protected override issue(): Ready {
    return NOW;
  }

  protected override simple(): Ready {
    return NOW;
  }

  protected override loadUop(addr: Addr): Ready {
    this.check(addr);
    return NOW;
  }

  protected override storeUop(addr: Addr): void {
    this.check(addr);
  }

  protected override own(): Ready {
    return NOW;
  }

  protected override check(addr: Addr): void {
    super.check(addr);
    if (this.#onStack(addr) || (addr >= this.#from && addr < this.#to)) return;
    throw new Error('a method of Core accesses memory and is missing in test/interleave/watched-core.ts');
  }

  #announce(addr: Addr, bytes: number, writes: boolean, how: string): void {
    if (LOCKED.test(how)) this.storing = false;
    if (!this.#onStack(addr)) this.onAccess(addr, bytes, writes, how);
    this.#from = addr;
    this.#to = addr + bytes;
  }

  #onStack(addr: Addr): boolean {
    if (addr >= this.#second - STACK_BELOW && addr < this.#second) return true;
    return addr >= this.#stack - STACK_BELOW && addr < this.#stack + STACK_ABOVE;
  }
}
