/**
 * `magazine`: each CPU keeps unused isrcs in two buckets of its own, which it takes from and gives to inside a
 * critical section, without a lock. A CPU whose buckets are both full hands one to a common list, one whose buckets
 * are empty takes one from there, under a mutex. What is in another CPU's buckets cannot be reached, so isrcs are
 * created although some are unused (fact sheet on FreeBSD, section 5). Returns the isrc that this CPU released last.
 *
 * Not used for isrcs in FreeBSD. It is the fast path of FreeBSD's own zone allocator (uma_zalloc, uma_zfree) after
 * Bonwick's magazines: struct uma_cache is one line a CPU; here the zone never frees, and importing is creating an
 * isrc. UMA would size buckets by the item; a bucket of 128 bytes is this project's choice, small because isrcs
 * are scarce.
 */
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { LINE_BYTES } from '../../x86/memory.ts';
import { SourceFile } from '../../x86/sites.ts';
import { criticalExit } from '../entry.ts';
import type { IsrcTable } from '../isrc-table.ts';
import type { KernelCpu } from '../kernel-image.ts';
import { PCPU, THREAD } from '../layout.ts';
import type { Lumps } from '../lumps.ts';
import { mtxLock, mtxUnlock } from '../mutex.ts';
import type { IsrcAllocator } from './allocator.ts';

const file = new SourceFile('(proposed) xen_arch_intr.c, magazine');
const allocFn = file.fn('xen_arch_intr_alloc');
const fetchFn = file.fn('zone_fetch_bucket');
const releaseFn = file.fn('xen_arch_intr_release');
const putFn = file.fn('zone_put_bucket');

const At = {
  enter: allocFn.site('critical_enter, the cache of this CPU', 10),
  look: allocFn.site('bucket to take from', 4),
  swap: allocFn.site('empty: exchange the buckets', 12),
  leave: allocFn.site('both empty: critical_exit', 8),
  pop: allocFn.site('last item of the bucket', 8),
  exit: allocFn.site('critical_exit, return', 12),
  install: allocFn.site('put the full bucket in', 16),
  fetch: fetchFn.site('mtx_lock', 10),
  first: fetchFn.site('first full bucket', 8),
  fetched: fetchFn.site('mtx_unlock, return', 8),
  releaseEnter: releaseFn.site('critical_enter, the cache of this CPU', 10),
  room: releaseFn.site('room in a bucket?', 10),
  push: releaseFn.site('item to the bucket', 8),
  releaseExit: releaseFn.site('critical_exit, return', 12),
  full: releaseFn.site('both full: critical_exit, malloc of a bucket', 12),
  exchange: releaseFn.site('the new bucket for a full one', 16),
  put: putFn.site('mtx_lock', 10),
  insert: putFn.site('insert at the head', 6),
  wasPut: putFn.site('mtx_unlock, return', 8),
};

/** struct uma_bucket in 128 bytes: link, then the items. */
const BUCKET = { link: 0, items: 24, bytes: 128, entries: 13 } as const;
/** struct uma_cache: two of struct uma_cache_bucket, and the counts of operations. */
const CACHE = { free: 0, alloc: 16, allocs: 48, frees: 56, bytes: LINE_BYTES } as const;
/** struct uma_cache_bucket. */
const CB = { bucket: 0, count: 8, entries: 10 } as const;

/** Per-CPU caches before a common list of full buckets. */
export class MagazineAllocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #table: IsrcTable;
  readonly #lumps: Lumps;
  readonly #caches: Addr;
  /** Head of the common list, a static where C has its avail_list. */
  readonly #full: Addr;
  /** Empty buckets that were freed. */
  readonly #empty: Addr[] = [];

  constructor(table: IsrcTable, lumps: Lumps) {
    const { memory, vcpuInfo, statics } = table.image;
    this.#table = table;
    this.#lumps = lumps;
    this.#caches = memory.place('struct uma_cache of the isrcs', vcpuInfo.length * CACHE.bytes, LINE_BYTES);
    this.#full = statics.availList;
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core } = cpu;
    const cache = this.#caches + cpu.id * CACHE.bytes;
    const taking = cache + CACHE.alloc;
    core.at(At.enter);
    core.push(3);
    for (;;) {
      criticalEnter(cpu, At.enter);
      core.at(At.look);
      let tCount = core.load16(taking + CB.count, NOW);
      let count = core.lo;
      if (core.branch(count === 0, tCount)) {
        core.at(At.swap);
        tCount = core.load16(cache + CACHE.free + CB.count, NOW);
        count = core.lo;
        if (core.branch(count === 0, tCount)) {
          core.at(At.leave);
          criticalExit(core, cpu, At.leave);
          core.call();
          const bucket = yield* this.#fetch(cpu);
          if (core.branch(bucket === 0, NOW)) break;
          yield* this.#install(cpu, taking, bucket);
          continue;
        }
        exchangeBuckets(cpu, cache);
      }
      core.at(At.pop);
      core.store16(taking + CB.count, count - 1, core.alu(tCount));
      const tBucket = core.load64(taking + CB.bucket, NOW);
      core.load64(core.lo + BUCKET.items + 8 * (count - 1), core.join(tBucket, tCount));
      const isrc = core.lo;
      core.add64(cache + CACHE.allocs, 1, NOW);
      core.at(At.exit);
      criticalExit(core, cpu, At.exit);
      core.pop(3);
      core.ret();
      return isrc;
    }
    core.at(At.exit);
    core.pop(3);
    core.ret();
    return 0;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    const { core } = cpu;
    const cache = this.#caches + cpu.id * CACHE.bytes;
    core.at(At.releaseEnter);
    core.push(3);
    for (;;) {
      criticalEnter(cpu, At.releaseEnter);
      core.at(At.room);
      // First to the bucket that is taken from, so that what is warm comes back first.
      let to = cache + CACHE.alloc;
      let has = hasRoom(cpu, to);
      if (!has) {
        to = cache + CACHE.free;
        has = hasRoom(cpu, to);
      }
      if (has) {
        core.at(At.push);
        const tCount = core.load16(to + CB.count, NOW);
        const count = core.lo;
        const tBucket = core.load64(to + CB.bucket, NOW);
        core.store64(core.lo + BUCKET.items + 8 * count, isrc, 0, NOW, core.join(tBucket, tCount));
        core.store16(to + CB.count, count + 1, core.alu(tCount));
        core.add64(cache + CACHE.frees, 1, NOW);
        core.at(At.releaseExit);
        criticalExit(core, cpu, At.releaseExit);
        core.pop(3);
        core.ret();
        return;
      }
      core.at(At.full);
      criticalExit(core, cpu, At.full);
      core.lump(this.#lumps.mallocCycles);
      yield* this.#exchange(cpu, cache + CACHE.free);
    }
  }

  adopt(): void {}

  /** A full bucket off the common list, 0 for none. The caller has made the call. */
  *#fetch(cpu: KernelCpu): Kernel<Addr> {
    const { core, pcpu } = cpu;
    const { x86Lock } = this.#table.image.statics;
    core.at(At.fetch);
    core.push(1);
    yield* mtxLock(core, x86Lock, pcpu, At.fetch);
    core.at(At.first);
    const tFirst = core.load64(this.#full, NOW);
    const bucket = core.lo;
    if (!core.branch(bucket === 0, tFirst)) {
      const tNext = core.load64(bucket + BUCKET.link, tFirst);
      core.store64(this.#full, core.lo, 0, tNext);
    }
    yield* mtxUnlock(core, x86Lock, pcpu, At.fetched);
    core.pop(1);
    core.ret();
    return bucket;
  }

  /** A full bucket onto the common list. The caller has made the call. */
  *#put(cpu: KernelCpu, bucket: Addr): Kernel {
    const { core, pcpu } = cpu;
    const { x86Lock } = this.#table.image.statics;
    core.at(At.put);
    core.push(1);
    yield* mtxLock(core, x86Lock, pcpu, At.put);
    core.at(At.insert);
    const tFirst = core.load64(this.#full, NOW);
    core.store64(bucket + BUCKET.link, core.lo, 0, tFirst);
    core.store64(this.#full, bucket, 0, NOW);
    yield* mtxUnlock(core, x86Lock, pcpu, At.wasPut);
    core.pop(1);
    core.ret();
  }

  /** A full bucket becomes the one to take from; if that got items while the mutex was waited for, it goes back. */
  *#install(cpu: KernelCpu, taking: Addr, bucket: Addr): Kernel {
    const { core } = cpu;
    criticalEnter(cpu, At.install);
    core.at(At.install);
    const tCount = core.load16(taking + CB.count, NOW);
    if (core.branch(core.lo !== 0, tCount)) {
      criticalExit(core, cpu, At.install);
      core.call();
      yield* this.#put(cpu, bucket);
      return;
    }
    const tOld = core.load64(taking + CB.bucket, NOW);
    const old = core.lo;
    core.store64(taking + CB.bucket, bucket, 0, NOW);
    core.store16(taking + CB.count, BUCKET.entries, NOW);
    core.store16(taking + CB.entries, BUCKET.entries, NOW);
    criticalExit(core, cpu, At.install);
    if (core.branch(old !== 0, tOld)) {
      core.lump(this.#lumps.freeCycles);
      this.#empty.push(old);
    }
  }

  /** A new bucket in the place of one that is full, if it still is; the full one goes to the common list. */
  *#exchange(cpu: KernelCpu, to: Addr): Kernel {
    const { core } = cpu;
    const bucket = this.#newBucket();
    criticalEnter(cpu, At.exchange);
    core.at(At.exchange);
    if (hasRoom(cpu, to)) {
      criticalExit(core, cpu, At.exchange);
      core.lump(this.#lumps.freeCycles);
      this.#empty.push(bucket);
      return;
    }
    const tOld = core.load64(to + CB.bucket, NOW);
    const old = core.lo;
    core.store64(to + CB.bucket, bucket, 0, NOW);
    core.store16(to + CB.count, 0, NOW);
    core.store16(to + CB.entries, BUCKET.entries, NOW);
    criticalExit(core, cpu, At.exchange);
    if (!core.branch(old === 0, tOld)) {
      core.call();
      yield* this.#put(cpu, old);
    }
  }

  /** An empty bucket; the cycles are the caller's lump. */
  #newBucket(): Addr {
    return this.#empty.pop() ?? this.#table.image.memory.place('struct uma_bucket', BUCKET.bytes, LINE_BYTES);
  }
}

/** critical_enter. */
function criticalEnter(cpu: KernelCpu, site: number): void {
  const { core } = cpu;
  core.at(site);
  const tThread = core.load64(cpu.pcpu + PCPU.curthread, NOW);
  core.add32(cpu.thread + THREAD.critnest, 1, tThread);
  // curcpu, and the address of its cache.
  core.shift(core.load32(cpu.pcpu + PCPU.cpuid, NOW));
}

/** Whether a bucket of a cache has room; none is there at first, which has none. */
function hasRoom({ core }: KernelCpu, to: Addr): boolean {
  const tCount = core.load16(to + CB.count, NOW);
  const count = core.lo;
  const tEntries = core.load16(to + CB.entries, NOW);
  return core.branch(count < core.lo, core.join(tCount, tEntries));
}

/** The two buckets of a cache change places. */
function exchangeBuckets({ core }: KernelCpu, cache: Addr): void {
  const a = cache + CACHE.alloc;
  const b = cache + CACHE.free;
  const tA = core.load64(a, NOW);
  const bucketA = core.lo;
  const tB = core.load64(b, NOW);
  const bucketB = core.lo;
  core.store64(a, bucketB, 0, tB);
  core.store64(b, bucketA, 0, tA);
  const tCountA = core.load64(a + CB.count, NOW);
  const countA = core.lo;
  const tCountB = core.load64(b + CB.count, NOW);
  const countB = core.lo;
  core.store64(a + CB.count, countB, 0, tCountB);
  core.store64(b + CB.count, countA, 0, tCountA);
}
