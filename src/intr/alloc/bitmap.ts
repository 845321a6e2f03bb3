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
import { type BitmapWords, takeFlat, WORDS } from './search/bitmap.ts';

const file = new SourceFile('(proposed) xen_arch_intr.c, bitmap');
const allocFn = file.fn('xen_arch_intr_alloc');
const releaseFn = file.fn('xen_arch_intr_release');

const At = {
  lock: allocFn.site('mtx_lock(xen_intr_x86_lock)', 12),
  step: allocFn.site('next word', 3),
  word: allocFn.site('word empty?', 3),
  take: allocFn.site('lowest set bit, clear it, isrc by index', 11),
  none: allocFn.site('none unused', 1),
  unlock: allocFn.site('mtx_unlock, return', 12),
  releaseLock: releaseFn.site('mtx_lock(xen_intr_x86_lock)', 10),
  set: releaseFn.site('set the bit of the isrc', 8),
  releaseUnlock: releaseFn.site('mtx_unlock, return', 12),
};

/** A flat bitmap with a bit scan. */
export class BitmapAllocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #table: IsrcTable;
  readonly #pool: BitmapWords;
  readonly #byIndex: Addr;

  constructor(table: IsrcTable) {
    const { memory } = table.image;
    this.#table = table;
    const words = memory.place('isrc bitmap', WORDS * 8, LINE_BYTES);
    this.#byIndex = memory.place('isrc by index', WORDS * 64 * 8, LINE_BYTES);
    // The pointer to the table is a static of the same file, where C has its avail_list.
    const pointer = table.image.statics.availList;
    memory.poke64(pointer, this.#byIndex);
    this.#pool = { summary: 0, table: pointer, words };
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core, pcpu } = cpu;
    const { statics } = this.#table.image;
    core.at(At.lock);
    core.push(2);
    core.free(2);
    yield* mtxLock(core, statics.x86Lock, pcpu, At.lock);
    takeFlat(core, At, this.#pool);
    const isrc = core.lo;
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
    core.or64(this.#pool.words + (index >>> 6) * 8, lo, hi, core.join(tWord, tMask));
    yield* mtxUnlock(core, statics.x86Lock, pcpu, At.releaseUnlock);
    core.pop(2);
    core.ret();
  }

  adopt(isrc: Addr, index: number): void {
    this.#table.image.memory.poke64(this.#byIndex + index * 8, isrc);
  }
}
