/**
 * `slist-bare`: C's list through the free isrcs, without C's lock: whoever calls holds one. Returns the isrc released
 * last. Not in FreeBSD; in generation A, which holds xen_intr_isrc_lock anyway, it is what the list alone would cost.
 */

import type { IsrcAllocator } from '../../src/intr/alloc/allocator.ts';
import { unlink } from '../../src/intr/alloc/search/list.ts';
import type { IsrcTable } from '../../src/intr/isrc-table.ts';
import type { KernelCpu } from '../../src/intr/kernel-image.ts';
import type { Addr } from '../../src/model/units.ts';
import { type Kernel, NOW } from '../../src/x86/core.ts';
import { SourceFile } from '../../src/x86/sites.ts';

const file = new SourceFile('(proposed) xen_intr.c, slist-bare');
const At = {
  take: file.fn('xen_intr_find_unused_isrc').site('take the head of avail_list, return', 6),
  put: file.fn('xen_intr_release_isrc').site('insert at the head of avail_list', 3),
};

/** A list under the caller's lock. */
export class SlistBareAllocator implements IsrcAllocator {
  readonly locksItself = false;
  readonly #table: IsrcTable;

  constructor(table: IsrcTable) {
    this.#table = table;
  }

  *alloc({ core }: KernelCpu): Kernel<Addr> {
    const { image, layout } = this.#table;
    core.at(At.take);
    const isrc = unlink(core, image.statics.availList, layout.link);
    core.ret();
    return isrc;
  }

  *release({ core }: KernelCpu, isrc: Addr): Kernel {
    const { image, layout } = this.#table;
    core.at(At.put);
    const tHead = core.load64(image.statics.availList, NOW);
    core.store64(isrc + layout.link, core.lo, 0, tHead);
    core.store64(image.statics.availList, isrc, 0, NOW);
  }

  adopt(): void {}
}
