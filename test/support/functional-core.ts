/**
 * A core that does what instructions do and takes no time for it: one cycle each instruction, and a lump its cycles.
 * Kernels run on it as on any other, ten times as fast; nothing about timing can be learned from it.
 */
import type { Addr, Cycle, Ready } from '../../src/model/units.ts';
import { Core, NOW } from '../../src/x86/core.ts';

/** Values without timing. */
export class FunctionalCore extends Core {
  override begin(): Cycle {
    return this.now;
  }

  override at(site: number): void {
    this.site = site;
  }

  override behind(): boolean {
    return false;
  }

  override branch(condition: boolean): boolean {
    this.instruction();
    return condition;
  }

  override jcc(condition: boolean): boolean {
    this.instruction();
    return condition;
  }

  override call(): void {
    this.pushReturn(0);
  }

  override ret(): void {
    this.popReturn();
  }

  override cmpxchg64(addr: Addr, oldLo: number, oldHi: number, lo: number, hi: number): Ready {
    this.check(addr);
    const i = addr >>> 2;
    const same = this.words[i] === oldLo && this.words[i + 1] === oldHi;
    if (same) {
      this.words[i] = lo;
      this.words[i + 1] = hi;
    }
    this.lo = same ? 1 : 0;
    return NOW;
  }

  protected override instruction(): void {
    this.retire++;
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

  protected override serialise(cycles: number): Ready {
    this.retire += cycles;
    return NOW;
  }

  protected override fence(): Ready {
    return NOW;
  }

  protected override zeroBlock(addr: Addr, bytes: number): Ready {
    this.check(addr);
    this.words.fill(0, addr >>> 2, (addr + bytes) >>> 2);
    return NOW;
  }
}
