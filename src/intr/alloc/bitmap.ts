/**
 * `bitmap`: a flat bitmap of the unused isrcs, 64 words, searched from word 0 with a bit scan, under the lock
 * of the free list. Returns the lowest-numbered free isrc, as `linear` does, but touches no isrc until one is
 * chosen. Not in FreeBSD; the kind that Linux used for interrupt numbers.
 */
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { LINE_BYTES } from '../../x86/memory.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { IsrcTable } from '../isrc-table.ts';
import { FIRST_EVTCHN_IRQ, type KernelCpu } from '../kernel-image.ts';
import { INTSRC } from '../layout.ts';
import { mtxLock, mtxUnlock } from '../mutex.ts';
import type { IsrcAllocator } from './allocator.ts';

const file = new SourceFile('(proposed) xen_arch_intr.c, bitmap');
const allocFn = file.fn('xen_arch_intr_alloc');
const releaseFn = file.fn('xen_arch_intr_release');

const At = {
  lock: allocFn.site('mtx_lock(xen_intr_x86_lock)', 10),
  word: allocFn.site('next word of the bitmap', 6),
  take: allocFn.site('lowest set bit, clear it, isrc by index', 10),
  unlock: allocFn.site('mtx_unlock, return', 12),
  releaseLock: releaseFn.site('mtx_lock(xen_intr_x86_lock)', 10),
  set: releaseFn.site('set the bit of the isrc', 8),
  releaseUnlock: releaseFn.site('mtx_unlock, return', 12),
};

const WORDS = 64;

/** A flat bitmap with a bit scan. */
export class BitmapAllocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #table: IsrcTable;
  readonly #words: Addr;
  readonly #byIndex: Addr;

  constructor(table: IsrcTable) {
    this.#table = table;
    this.#words = table.image.memory.place('isrc bitmap', WORDS * 8, LINE_BYTES);
    this.#byIndex = table.image.memory.place('isrc by index', WORDS * 64 * 8, LINE_BYTES);
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core, pcpu } = cpu;
    const { statics } = this.#table.image;
    core.at(At.lock);
    core.push(2);
    core.free(2);
    yield* mtxLock(core, statics.x86Lock, pcpu, At.lock);
    let isrc = 0;
    let tI = NOW;
    for (let w = 0; isrc === 0 && w < WORDS; w++) {
      core.at(At.word);
      const tWord = core.load64(this.#words + w * 8, tI);
      const lo = core.lo;
      const hi = core.hi;
      if (core.branch((lo | hi) !== 0, tWord)) {
        core.at(At.take);
        const tBit = core.bitScan(lo, hi, tWord);
        const index = w * 64 + core.lo;
        // blsr: the word without its lowest set bit.
        const tRest = core.alu(tWord);
        const restLo = lo !== 0 ? lo & (lo - 1) : 0;
        const restHi = lo !== 0 ? hi : hi & (hi - 1);
        core.store64(this.#words + w * 8, restLo, restHi, tRest);
        const tIndex = core.chain(core.join(tBit, tI), 2);
        core.load64(this.#byIndex + index * 8, tIndex);
        isrc = core.lo;
      } else {
        tI = core.alu(tI);
        core.branch(w + 1 < WORDS, tI);
      }
    }
    yield* mtxUnlock(core, statics.x86Lock, pcpu, At.unlock);
    core.free(1);
    core.pop(2);
    core.ret();
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    const { core, pcpu } = cpu;
    const { statics } = this.#table.image;
    core.at(At.releaseLock);
    core.push(2);
    core.free(2);
    yield* mtxLock(core, statics.x86Lock, pcpu, At.releaseLock);
    core.at(At.set);
    const tVector = core.load32(isrc + INTSRC.index, NOW);
    const index = core.lo - FIRST_EVTCHN_IRQ;
    const tIndex = core.alu(tVector);
    const tWord = core.shift(tIndex);
    const tMask = core.shift(tIndex);
    const lo = (index & 63) < 32 ? 1 << (index & 31) : 0;
    const hi = (index & 63) < 32 ? 0 : 1 << (index & 31);
    core.or64(this.#words + (index >>> 6) * 8, lo, hi, core.join(tWord, tMask));
    yield* mtxUnlock(core, statics.x86Lock, pcpu, At.releaseUnlock);
    core.pop(2);
    core.ret();
  }

  adopt(isrc: Addr, index: number): void {
    this.#table.image.memory.poke64(this.#byIndex + index * 8, isrc);
  }
}
