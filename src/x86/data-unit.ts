/**
 * Plain read-modify-writes, bit strings and the stack: instructions of several loads, stores and simple
 * micro-ops.
 */
import type { Addr, Ready } from '../model/units.ts';
import { MemoryUnit } from './memory-unit.ts';
import { NOW } from './pipeline.ts';
import { Uop } from './uop.ts';

/** The memory side of a core with its compound instructions. */
export class DataUnit extends MemoryUnit {
  /** add/sub of a constant to 32 bits of memory, not locked; the new value in `lo`. */
  add32(addr: Addr, delta: number, dep: Ready): Ready {
    const value = (this.words[addr >>> 2]! + delta) | 0;
    this.words[addr >>> 2] = value;
    this.lo = value;
    return this.#plainRmw(addr, 4, dep);
  }

  /** add of a small constant to 64 bits of memory, not locked; the new value in `lo` and `hi`. */
  add64(addr: Addr, delta: number, dep: Ready): Ready {
    const i = addr >>> 2;
    const low = (this.words[i]! >>> 0) + delta;
    this.lo = low | 0;
    this.hi = (this.words[i + 1]! + Math.floor(low / 4294967296)) | 0;
    this.words[i] = this.lo;
    this.words[i + 1] = this.hi;
    return this.#plainRmw(addr, 8, dep);
  }

  /** and of a mask into 32 bits of memory, not locked. */
  and32(addr: Addr, mask: number, dep: Ready): Ready {
    this.lo = this.words[addr >>> 2]! & mask;
    this.words[addr >>> 2] = this.lo;
    return this.#plainRmw(addr, 4, dep);
  }

  /** or of bits into 32 bits of memory, not locked. */
  or32(addr: Addr, bits: number, dep: Ready): Ready {
    this.lo = this.words[addr >>> 2]! | bits;
    this.words[addr >>> 2] = this.lo;
    return this.#plainRmw(addr, 4, dep);
  }

  /** or of bits into 64 bits of memory, not locked. */
  or64(addr: Addr, lo: number, hi: number, dep: Ready): Ready {
    const i = addr >>> 2;
    this.lo = this.words[i]! | lo;
    this.hi = this.words[i + 1]! | hi;
    this.words[i] = this.lo;
    this.words[i + 1] = this.hi;
    return this.#plainRmw(addr, 8, dep);
  }

  /** bt with memory and a register offset (bit `bit` of the bit string at `base`); 0 or 1 in `lo`. */
  bitTest(base: Addr, bit: number, dep: Ready): Ready {
    this.instruction();
    const word = base + (bit >>> 5) * 4;
    this.lo = (this.words[word >>> 2]! >>> (bit & 31)) & 1;
    return this.simple(Uop.shift, this.shiftPorts, this.loadUop(word, 4, this.#bitAddress(dep)), 1);
  }

  /** bts with memory and a register offset, not locked; the old bit in `lo`. */
  bitSet(base: Addr, bit: number, dep: Ready): Ready {
    const word = this.changeBit(base, bit, 1);
    return this.#plainRmw(word, 4, this.#bitAddress(dep));
  }

  /** btr with memory and a register offset, not locked; the old bit in `lo`. */
  bitReset(base: Addr, bit: number, dep: Ready): Ready {
    const word = this.changeBit(base, bit, 0);
    return this.#plainRmw(word, 4, this.#bitAddress(dep));
  }

  /** Pushes `n` registers. */
  push(n: number): void {
    for (let i = 0; i < n; i++) {
      this.sp -= 8;
      this.store64(this.sp, 0, 0, NOW);
    }
  }

  /** Pops `n` registers; returns when the last is there. */
  pop(n: number): Ready {
    let last: Ready = NOW;
    for (let i = 0; i < n; i++) {
      last = this.load64(this.sp, NOW);
      this.sp += 8;
    }
    return last;
  }

  /** Makes room for locals on the stack: one instruction. */
  frame(bytes: number): void {
    this.instruction();
    this.simple(Uop.alu, this.aluPorts, NOW, 1);
    this.sp -= bytes;
  }

  /** Gives the room back: one instruction. */
  unframe(bytes: number): void {
    this.frame(-bytes);
  }

  /** `n` 8-byte pushes by microcode: the frame of an interrupt. No instructions of their own. */
  hardwarePush(n: number): void {
    for (let i = 0; i < n; i++) {
      this.sp -= 8;
      this.storeUop(this.sp, 8, NOW, NOW);
    }
  }

  /** load, add, store of one address as one instruction: three micro-ops, the middle one on an ALU port. */
  #plainRmw(addr: Addr, size: number, dep: Ready): Ready {
    this.instruction();
    const old = this.loadUop(addr, size, dep);
    const sum = this.simple(Uop.rmw, this.aluPorts, old, 1);
    this.storeUop(addr, size, sum, dep);
    return sum;
  }

  #bitAddress(dep: Ready): Ready {
    // The offset's shift, mask and add: three simple micro-ops in front of the access.
    let t = this.simple(Uop.shift, this.shiftPorts, dep, 1);
    t = this.simple(Uop.alu, this.aluPorts, t, 1);
    return this.simple(Uop.alu, this.aluPorts, t, 1);
  }

  /** Sets (1), clears (0) or complements (2) a bit of a bit string; the old bit in `lo`; returns its word. */
  protected changeBit(base: Addr, bit: number, how: number): Addr {
    const word = base + (bit >>> 5) * 4;
    const i = word >>> 2;
    const mask = 1 << (bit & 31);
    const old = this.words[i]!;
    this.words[i] = how === 1 ? old | mask : how === 0 ? old & ~mask : old ^ mask;
    this.lo = (old & mask) === 0 ? 0 : 1;
    return word;
  }
}
