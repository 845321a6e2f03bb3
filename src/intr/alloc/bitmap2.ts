/**
 * `bitmap2`: the bitmap of the unused isrcs with a word above its 64, which says which of them have bits; two loads
 * and two bit scans whatever is free. Returns the lowest-numbered free isrc, as `linear` and `bitmap` do, and touches
 * no isrc until one is chosen. A release sets both bits (fact sheet on FreeBSD, section 5).
 *
 * Not in FreeBSD. It is the shape of Xen's own pending bits under the 2-level ABI, and of priority run queues with
 * a word of status bits.
 */
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { LINE_BYTES } from '../../x86/memory.ts';
import { SourceFile } from '../../x86/sites.ts';
import { bitHi, bitLo } from '../../x86/word64.ts';
import type { IsrcTable } from '../isrc-table.ts';
import { FIRST_EVTCHN_IRQ, type KernelCpu } from '../kernel-image.ts';
import { INTSRC } from '../layout.ts';
import { mtxLock, mtxUnlock } from '../mutex.ts';
import type { IsrcAllocator } from './allocator.ts';
import { type BitmapWords, takeSummed, WORDS } from './search/bitmap.ts';

const file = new SourceFile('(proposed) xen_arch_intr.c, bitmap2');
const allocFn = file.fn('xen_arch_intr_alloc');
const releaseFn = file.fn('xen_arch_intr_release');

const At = {
  lock: allocFn.site('mtx_lock(xen_intr_x86_lock)', 10),
  sum: allocFn.site('summary word, first word', 14),
  empty: allocFn.site('word now empty: clear its summary bit', 3),
  mark: allocFn.site('first bit, isrc by index', 6),
  none: allocFn.site('none unused', 1),
  unlock: allocFn.site('mtx_unlock, return', 12),
  releaseLock: releaseFn.site('mtx_lock(xen_intr_x86_lock)', 10),
  set: releaseFn.site('set both bits of the isrc', 10),
  releaseUnlock: releaseFn.site('mtx_unlock, return', 12),
};

/** struct: summary word and pointer to the table on a line, 64 words behind them, as the measured kernel has it. */
const POOL = { summary: 0, table: 8, words: LINE_BYTES, bytes: LINE_BYTES + WORDS * 8 } as const;

/** A bitmap with a summary. */
export class Bitmap2Allocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #table: IsrcTable;
  readonly #pool: BitmapWords;
  readonly #byIndex: Addr;

  constructor(table: IsrcTable) {
    const { memory } = table.image;
    const pool = memory.place('isrc bitmap with summary', POOL.bytes, LINE_BYTES);
    this.#table = table;
    this.#pool = { summary: pool + POOL.summary, table: pool + POOL.table, words: pool + POOL.words };
    this.#byIndex = memory.place('isrc by index', WORDS * 64 * 8, LINE_BYTES);
    memory.poke64(this.#pool.table, this.#byIndex);
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core, pcpu } = cpu;
    const { x86Lock } = this.#table.image.statics;
    core.at(At.lock);
    core.push(2);
    core.free(2);
    yield* mtxLock(core, x86Lock, pcpu, At.lock);
    core.at(At.sum);
    takeSummed(core, At, this.#pool);
    const isrc = core.lo;
    yield* mtxUnlock(core, x86Lock, pcpu, At.unlock);
    core.free(1);
    core.pop(2);
    core.ret();
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    const { core, pcpu } = cpu;
    const { x86Lock } = this.#table.image.statics;
    core.at(At.releaseLock);
    core.push(2);
    core.free(2);
    yield* mtxLock(core, x86Lock, pcpu, At.releaseLock);
    core.at(At.set);
    const tVector = core.load32(isrc + INTSRC.index, NOW);
    const index = core.lo - FIRST_EVTCHN_IRQ;
    const tIndex = core.alu(tVector);
    const tWord = core.shift(tIndex);
    const tMask = core.shift(tIndex);
    const bit = index & 63;
    const word = index >>> 6;
    core.or64(this.#pool.words + 8 * word, bitLo(bit), bitHi(bit), core.join(tWord, tMask));
    const tSum = core.shift(tWord);
    core.or64(this.#pool.summary, bitLo(word), bitHi(word), tSum);
    yield* mtxUnlock(core, x86Lock, pcpu, At.releaseUnlock);
    core.pop(2);
    core.ret();
  }

  adopt(isrc: Addr, index: number): void {
    this.#table.image.memory.poke64(this.#byIndex + index * 8, isrc);
  }
}
