/**
 * `unr`: the number of an isrc from FreeBSD's unit allocator (alloc_unr of kern/subr_unit.c), the isrc from the
 * table of vectors. Returns the lowest-numbered free isrc (fact sheet on FreeBSD, section 5). With nothing free in
 * the middle an allocation is three counters in the header; else it reads the first element of a list of runs and
 * bitmaps, and tidies the list. A release walks the list, and takes memory for two elements before the mutex and
 * gives back what it did not need after it, so it can sleep: in generation A, which holds xen_intr_isrc_lock around
 * it, the C would have to drop that lock; the model charges the same there.
 *
 * Not used for isrcs in FreeBSD. It numbers ttys, network interfaces and file systems' anonymous devices.
 */
import { ModelBug } from '../../model/errors.ts';
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { LINE_BYTES, PAGE_BYTES } from '../../x86/memory.ts';
import { SourceFile } from '../../x86/sites.ts';
import { PORTS } from '../../xen/abi.ts';
import type { IsrcTable } from '../isrc-table.ts';
import { FIRST_EVTCHN_IRQ, type KernelCpu } from '../kernel-image.ts';
import { INTSRC } from '../layout.ts';
import type { Lumps } from '../lumps.ts';
import { mtxLock, mtxUnlock } from '../mutex.ts';
import type { IsrcAllocator } from './allocator.ts';
import { UNR, UNRHDR } from './unr/layout.ts';
import { tailqNext, tailqRemove } from './unr/tailq.ts';
import { allocUnr, freeUnr } from './unr/units.ts';

const proposed = new SourceFile('(proposed) xen_arch_intr.c, unr');
const allocFn = proposed.fn('xen_arch_intr_alloc');
const releaseFn = proposed.fn('xen_arch_intr_release');
const file = new SourceFile('sys/kern/subr_unit.c', 'locked');
const alloc = file.fn('alloc_unr');
const free = file.fn('free_unr');
const clean = file.fn('clean_unrhdrl');

const At = {
  call: allocFn.site('call alloc_unr', 5),
  isrc: allocFn.site('isrc of the vector, return', 10),
  number: releaseFn.site('number of the isrc, call free_unr', 8),
  released: releaseFn.site('return', 3),
  lock: alloc.site('mtx_lock', 12),
  inner: alloc.site('call alloc_unrl, clean_unrhdrl', 4),
  unlock: alloc.site('mtx_unlock, return', 12),
  malloc: free.site('two elements from malloc', 8),
  freeLock: free.site('mtx_lock', 12),
  freeInner: free.site('call free_unrl, clean_unrhdrl', 4),
  freeUnlock: free.site('mtx_unlock', 12),
  giveBack: free.site('free what was not needed, return', 10),
  clean: clean.site('first to be freed', 20),
  cleanUnlock: clean.site('mtx_unlock, free', 8),
  cleanLock: clean.site('mtx_lock', 8),
};

/** The unit allocator. */
export class UnrAllocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #table: IsrcTable;
  readonly #lumps: Lumps;
  readonly #uh: Addr;
  /** Free objects of the malloc bucket that the elements come from. */
  readonly #zone: Addr[] = [];
  /** Numbers handed out whose isrcs are still to be created. */
  #claimed = 0;

  constructor(table: IsrcTable, lumps: Lumps) {
    const { memory } = table.image;
    this.#table = table;
    this.#lumps = lumps;
    this.#uh = memory.place('struct unrhdr of the isrcs', UNRHDR.bytes, LINE_BYTES);
    // new_unrhdr(0, 4095, &xen_intr_x86_lock).
    memory.poke64(this.#uh + UNRHDR.head + 8, this.#uh + UNRHDR.head);
    memory.poke64(this.#uh + UNRHDR.ppfree + 8, this.#uh + UNRHDR.ppfree);
    memory.poke32(this.#uh + UNRHDR.last, PORTS);
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core, pcpu } = cpu;
    const { image } = this.#table;
    const { x86Lock, interruptSourcesPtr } = image.statics;
    core.at(At.call);
    core.push(2);
    core.free(1);
    core.call();
    core.at(At.lock);
    core.push(2);
    yield* mtxLock(core, x86Lock, pcpu, At.lock);
    core.at(At.inner);
    core.call();
    const tNumber = allocUnr(core, this.#uh);
    const number = core.lo;
    core.ret();
    yield* this.#clean(cpu);
    yield* mtxUnlock(core, x86Lock, pcpu, At.unlock);
    core.pop(2);
    core.ret();
    core.at(At.isrc);
    // In one step with the unlock: in C it would have to be read under the lock, as another CPU may fill the slot.
    const tTable = core.load64(interruptSourcesPtr, NOW);
    let isrc = 0;
    if (!core.branch(number < 0, tNumber)) {
      core.load64(this.#table.slot(number), core.alu(core.join(tTable, tNumber)));
      isrc = core.lo;
      if (isrc === 0) this.#claimed++;
    }
    core.pop(2);
    core.ret();
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    const { core, pcpu } = cpu;
    const { x86Lock } = this.#table.image.statics;
    core.at(At.number);
    core.push(1);
    const tVector = core.load32(isrc + INTSRC.index, NOW);
    const number = core.lo - FIRST_EVTCHN_IRQ;
    core.alu(tVector);
    core.call();
    core.at(At.malloc);
    core.push(2);
    core.lump(this.#lumps.mallocCycles);
    core.lump(this.#lumps.mallocCycles);
    const memory = [this.#malloc(), this.#malloc()];
    yield* mtxLock(core, x86Lock, pcpu, At.freeLock);
    core.at(At.freeInner);
    core.call();
    freeUnr(core, this.#uh, number, memory);
    core.ret();
    yield* this.#clean(cpu);
    yield* mtxUnlock(core, x86Lock, pcpu, At.freeUnlock);
    core.at(At.giveBack);
    for (const unused of memory) {
      core.branch(true, NOW);
      core.lump(this.#lumps.freeCycles);
      this.#zone.push(unused);
    }
    core.pop(2);
    core.ret();
    core.at(At.released);
    core.pop(1);
    core.ret();
  }

  /** A number that nobody asked for: the isrc of a population that is made without binds, from the lowest on. */
  adopt(_isrc: Addr, index: number): void {
    if (this.#claimed > 0) {
      this.#claimed--;
      return;
    }
    const { memory } = this.#table.image;
    const uh = this.#uh;
    const first = memory.peek32(uh + UNRHDR.first);
    if (memory.peek32(uh + UNRHDR.head) !== 0 || index !== first)
      throw new ModelBug('an isrc is created beside the unit allocator', { index, first });
    memory.poke32(uh + UNRHDR.first, first + 1);
    memory.poke32(uh + UNRHDR.last, memory.peek32(uh + UNRHDR.last) - 1);
    memory.poke32(uh + UNRHDR.busy, memory.peek32(uh + UNRHDR.busy) + 1);
  }

  /** clean_unrhdrl: frees what is not needed any more, each with the mutex dropped. */
  *#clean(cpu: KernelCpu): Kernel {
    const { core, pcpu } = cpu;
    const { x86Lock } = this.#table.image.statics;
    const ppfree = this.#uh + UNRHDR.ppfree;
    for (;;) {
      core.at(At.clean);
      const tUp = tailqNext(core, ppfree, NOW);
      const up = core.lo;
      if (core.branch(up === 0, tUp)) return;
      tailqRemove(core, ppfree, up, tUp);
      yield* mtxUnlock(core, x86Lock, pcpu, At.cleanUnlock);
      core.lump(this.#lumps.freeCycles);
      this.#zone.push(up);
      yield* mtxLock(core, x86Lock, pcpu, At.cleanLock);
    }
  }

  /** An element; the cycles are the caller's lump. The one freed last, else of a new page. */
  #malloc(): Addr {
    const zone = this.#zone;
    if (zone.length === 0) {
      const page = this.#table.image.memory.place('malloc-32, struct unr', PAGE_BYTES, PAGE_BYTES);
      for (let at = page + PAGE_BYTES - UNR.bytes; at >= page; at -= UNR.bytes) zone.push(at);
    }
    return zone.pop()!;
  }
}
