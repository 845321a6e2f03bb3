/**
 * `next-fit`: a scan of the isrcs for the type "unbound" as `linear`, with the lookup inlined, that begins where the
 * last one ended and goes round. Returns the next free isrc behind the one found last (fact sheet on FreeBSD,
 * section 5): about the one unused for longest, so a cold one, and neighbours' counters get mixed. With the rotor
 * behind the last find, an isrc released early is reached only after the scan went round.
 *
 * Not in FreeBSD. FreeBSD's and Linux's process ids and most file systems' block allocators begin like this. It needs
 * no lock of its own: what protects `linear` protects the rotor.
 */
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { IsrcTable } from '../isrc-table.ts';
import type { KernelCpu } from '../kernel-image.ts';
import { EVTCHN_TYPE } from '../layout.ts';
import type { IsrcAllocator } from './allocator.ts';
import { type NextFitWords, nextFit } from './search/rotor.ts';

const file = new SourceFile('(proposed) xen_arch_intr.c, next-fit');
const find = file.fn('xen_intr_find_unused_isrc');
const releaseFn = file.fn('xen_arch_intr_release');

const At = {
  enter: find.site('count, rotor, table', 9),
  test: find.site('table slot, next index, null check, type', 10),
  step: find.site('left--', 2),
  none: find.site('return null', 2),
  take: find.site('keep the place, mark as used, return', 3),
  release: releaseFn.site('type := unbound', 2),
};

/** The scan with a rotor. */
export class NextFitAllocator implements IsrcAllocator {
  readonly locksItself = false;
  readonly #type: number;
  readonly #words: NextFitWords;

  constructor(table: IsrcTable) {
    const { statics } = table.image;
    this.#type = table.layout.type;
    this.#words = {
      count: statics.autoVectorCount,
      // A static of the same file, where C has its avail_list.
      rotor: statics.availList,
      table: statics.interruptSourcesPtr,
      first: statics.firstEvtchnIrq,
    };
  }

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const { core } = cpu;
    core.at(At.enter);
    const isrc = nextFit(core, At, this.#words, this.#type, EVTCHN_TYPE.port);
    core.ret();
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    cpu.core.at(At.release);
    cpu.core.store32(isrc + this.#type, EVTCHN_TYPE.unbound, NOW);
  }

  adopt(): void {}
}
