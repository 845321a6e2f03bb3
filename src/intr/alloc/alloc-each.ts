/**
 * `alloc-each`: nothing is kept. Every bind gets a new isrc from malloc and registers it, with its event and its
 * counters' names; every unbind unregisters it, destroys the event with its ithread, and frees both. Only the vector
 * is searched: the lowest free one, in a bitmap, with the counters that belong to it. So a bind finds cold memory and
 * a threaded handler needs a new ithread each time (fact sheet on FreeBSD, section 5).
 *
 * Not in FreeBSD, which frees no isrc and cannot unregister one. Linux does this: kzalloc and kfree of the irq_info, and
 * an interrupt descriptor for each bind, whose number came from a bitmap before it came from a maple tree. Freeing
 * waits for a grace period (deferred-free.ts). Registration and release sleep, so in generation A, which holds
 * xen_intr_isrc_lock around them, that lock is dropped and taken again.
 *
 * Charged: what creating an isrc costs (alloc-isrc.ts), and the locks and lists of the way back. malloc, free, the
 * names and the ithread's last switch are lumps; the exit of the ithread is two frees and so too cheap.
 */
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { LINE_BYTES } from '../../x86/memory.ts';
import { SourceFile } from '../../x86/sites.ts';
import { bitHi, bitLo } from '../../x86/word64.ts';
import { registerIsrc } from '../alloc-isrc.ts';
import type { IsrcTable } from '../isrc-table.ts';
import { FIRST_EVTCHN_IRQ, type KernelCpu } from '../kernel-image.ts';
import { EVENT, EVTCHN_TYPE, INTSRC, ITHREAD, MTX_LOCK, THREAD, XENISRC_BUCKET } from '../layout.ts';
import type { Lumps } from '../lumps.ts';
import { mtxLock, mtxUnlock } from '../mutex.ts';
import { GENERATION_A } from '../source-files.ts';
import type { IsrcAllocator } from './allocator.ts';
import { DeferredFree } from './deferred-free.ts';
import { type BitmapWords, takeFlat, WORDS } from './search/bitmap.ts';

const file = new SourceFile('(proposed) xen_arch_intr.c, alloc-each');
const allocFn = file.fn('xen_arch_intr_alloc');
const releaseFn = file.fn('xen_arch_intr_release');
const unregister = new SourceFile('(proposed) intr_machdep.c, alloc-each').fn('intr_unregister_source');
const destroy = new SourceFile('sys/kern/kern_intr.c', 'destroy').fn('intr_event_destroy');

const At = {
  lock: allocFn.site('mtx_lock(xen_intr_x86_lock)', 12),
  step: allocFn.site('next word', 3),
  word: allocFn.site('word empty?', 3),
  take: allocFn.site('lowest free vector, its counters', 11),
  none: allocFn.site('no free vector', 1),
  unlock: allocFn.site('mtx_unlock', 10),
  drop: allocFn.site('A: unlock xen_intr_isrc_lock', 8),
  relock: allocFn.site('A: lock it again', 8),
  leave: allocFn.site('return', 6),
  enter: releaseFn.site('entry', 6),
  releaseDrop: releaseFn.site('A: unlock xen_intr_isrc_lock', 8),
  free: releaseFn.site('free the isrc', 6),
  releaseLock: releaseFn.site('mtx_lock(xen_intr_x86_lock)', 8),
  set: releaseFn.site('the vector is free', 6),
  releaseUnlock: releaseFn.site('mtx_unlock', 8),
  releaseRelock: releaseFn.site('A: lock it again', 8),
  releaseLeave: releaseFn.site('return', 6),
  slotLock: unregister.site('sx_xlock(intrsrc_lock)', 12),
  slot: unregister.site('table slot := null', 4),
  slotUnlock: unregister.site('sx_xunlock, return', 10),
  listLock: destroy.site('mtx_lock(event_lock), mtx_lock(ie_lock)', 16),
  unlink: destroy.site('no handlers; out of the event list', 14),
  thread: destroy.site('ithread_destroy', 14),
  listUnlock: destroy.site('mtx_unlock, free', 20),
};

/** An isrc for each bind. */
export class AllocEachAllocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #table: IsrcTable;
  readonly #lumps: Lumps;
  readonly #pool: BitmapWords;
  /** By index of a vector: the address of its counters. */
  readonly #counters: Addr;
  readonly #deferred: DeferredFree;

  constructor(table: IsrcTable, lumps: Lumps) {
    const { memory, statics } = table.image;
    this.#table = table;
    this.#lumps = lumps;
    this.#deferred = new DeferredFree(table.image);
    const words = memory.place('bitmap of free vectors', WORDS * 8, LINE_BYTES);
    this.#counters = memory.place('counters by vector', WORDS * 64 * 8, LINE_BYTES);
    memory.poke64(statics.availList, this.#counters);
    this.#pool = { summary: 0, table: statics.availList, words };
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core, pcpu } = cpu;
    const { image } = this.#table;
    const { x86Lock, isrcLock } = image.statics;
    const drops = this.#holdsIsrcLock(cpu);
    core.at(At.lock);
    core.push(2);
    core.free(2);
    yield* mtxLock(core, x86Lock, pcpu, At.lock);
    takeFlat(core, At, this.#pool);
    const counters = core.lo;
    yield* mtxUnlock(core, x86Lock, pcpu, At.unlock);
    let isrc = 0;
    if (!core.branch(counters === 0, NOW)) {
      if (drops) yield* mtxUnlock(core, isrcLock, pcpu, At.drop);
      this.#deferred.settle(core);
      const index = (counters - image.intrcnt - 8) >>> 4;
      isrc = yield* registerIsrc(this.#table, this.#lumps, cpu, index, EVTCHN_TYPE.port);
      if (drops) yield* mtxLock(core, isrcLock, pcpu, At.relock);
    }
    core.at(At.leave);
    core.pop(2);
    core.ret();
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    const { core, pcpu } = cpu;
    const { image } = this.#table;
    const { x86Lock, isrcLock } = image.statics;
    const drops = this.#holdsIsrcLock(cpu);
    core.at(At.enter);
    core.push(2);
    const tVector = core.load32(isrc + INTSRC.index, NOW);
    const index = core.lo - FIRST_EVTCHN_IRQ;
    core.alu(tVector);
    if (drops) yield* mtxUnlock(core, isrcLock, pcpu, At.releaseDrop);
    yield* this.#unregister(cpu, index);
    yield* this.#destroyEvent(cpu, isrc);
    core.at(At.free);
    core.lump(this.#lumps.freeCycles);
    this.#deferred.giveUp(core, XENISRC_BUCKET, isrc);
    this.#deferred.settle(core);
    yield* mtxLock(core, x86Lock, pcpu, At.releaseLock);
    core.at(At.set);
    core.or64(this.#pool.words + (index >>> 6) * 8, bitLo(index & 63), bitHi(index & 63), core.shift(NOW));
    yield* mtxUnlock(core, x86Lock, pcpu, At.releaseUnlock);
    if (drops) yield* mtxLock(core, isrcLock, pcpu, At.releaseRelock);
    core.at(At.releaseLeave);
    core.pop(2);
    core.ret();
  }

  adopt(_isrc: Addr, index: number): void {
    const { memory, intrcnt } = this.#table.image;
    memory.poke64(this.#counters + 8 * index, intrcnt + 8 * (1 + 2 * index));
  }

  /** Whether the caller holds xen_intr_isrc_lock: A's bind and unbind do, who measures the search alone does not. */
  #holdsIsrcLock({ thread }: KernelCpu): boolean {
    const { generation, image } = this.#table;
    return generation === GENERATION_A && image.memory.peek32(image.statics.isrcLock + MTX_LOCK) === thread;
  }

  /** The vector has no source any more. FreeBSD has no such function: this is intr_register_source backwards. */
  *#unregister(cpu: KernelCpu, index: number): Kernel {
    const { core, pcpu } = cpu;
    const { intrTableLock } = this.#table.image.statics;
    core.at(At.slotLock);
    core.call();
    yield* mtxLock(core, intrTableLock, pcpu, At.slotLock);
    core.at(At.slot);
    if (core.behind(NOW)) yield;
    core.store64(this.#table.slot(index), 0, 0, NOW);
    yield* mtxUnlock(core, intrTableLock, pcpu, At.slotUnlock);
    core.ret();
  }

  /** intr_event_destroy: out of the list of events, with its ithread. */
  *#destroyEvent(cpu: KernelCpu, isrc: Addr): Kernel {
    const { core, pcpu } = cpu;
    const { image } = this.#table;
    const { eventListLock } = image.statics;
    const lumps = this.#lumps;
    core.at(At.listLock);
    core.call();
    const tEvent = core.load64(isrc + INTSRC.event, NOW);
    const event = core.lo;
    const lock = event + EVENT.lockObject;
    yield* mtxLock(core, eventListLock, pcpu, At.listLock);
    yield* mtxLock(core, lock, pcpu, At.listLock);
    core.at(At.unlink);
    core.branch(false, core.operand64(event + EVENT.handlers, tEvent));
    this.#table.unlinkEvent(core, event, tEvent);
    core.at(At.thread);
    const tThread = core.load64(event + EVENT.thread, tEvent);
    const ithread = core.lo;
    if (core.branch(ithread !== 0, tThread)) {
      core.load64(ithread + ITHREAD.thread, tThread);
      this.#deferred.giveUp(core, THREAD.bucket, core.lo);
      this.#deferred.giveUp(core, ITHREAD.bucket, ithread);
      // It is made runnable with IT_DEAD set, and ends.
      core.lump(lumps.ithreadScheduleCycles + lumps.ithreadSwitchCycles + 2 * lumps.freeCycles);
    }
    yield* mtxUnlock(core, lock, pcpu, At.listUnlock);
    yield* mtxUnlock(core, eventListLock, pcpu, At.listUnlock);
    core.lump(lumps.freeCycles);
    this.#deferred.giveUp(core, EVENT.bucket, event);
    core.ret();
  }
}
