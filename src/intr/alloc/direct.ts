/**
 * `direct`: every port has its own isrc, in an array by port; nothing is searched and nothing is put back. An isrc is
 * created the first time its port is bound and stays the port's. Xen hands out the lowest free port, so which isrc
 * comes back follows Xen's search (fact sheet on FreeBSD, 3.8 and section 5).
 *
 * Not in FreeBSD. NetBSD keeps `evtsource[port]` with an object for each port, mini-os an array of 1,024 actions. Here
 * the array stands beside xen_intr_port_to_isrc, which an upcall reads and which must be null for a closed port; the
 * vector stays the next one, as FreeBSD numbers them.
 *
 * It needs no lock, for no two binds have the same port. But Xen may hand a port out again as soon as it is closed,
 * while the one who closed it still works on the isrc: so the type says "in use" until the release, and an allocation
 * waits for that. Generation A's release is over before another bind can begin, C's is not.
 */
import type { Addr, Port } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { LINE_BYTES } from '../../x86/memory.ts';
import { wordNamer } from '../../x86/names.ts';
import { SourceFile } from '../../x86/sites.ts';
import { PORTS } from '../../xen/abi.ts';
import type { IsrcTable } from '../isrc-table.ts';
import type { KernelCpu } from '../kernel-image.ts';
import { EVTCHN_TYPE } from '../layout.ts';
import type { IsrcAllocator } from './allocator.ts';

const file = new SourceFile('(proposed) xen_arch_intr.c, direct');
const allocFn = file.fn('xen_arch_intr_alloc');
const releaseFn = file.fn('xen_arch_intr_release');

const At = {
  take: allocFn.site('isrc of the port', 8),
  wait: allocFn.site('wait for its release', 6),
  mark: allocFn.site('mark as used, return', 3),
  release: releaseFn.site('type := unbound, return', 3),
};

/** An isrc for each port. */
export class DirectAllocator implements IsrcAllocator {
  readonly locksItself = true;
  readonly #table: IsrcTable;
  readonly #byPort: Addr;

  constructor(table: IsrcTable) {
    const { memory } = table.image;
    this.#table = table;
    const namer = wordNamer('isrc by port', 8, (first, last) => `ports ${first}-${last}`);
    this.#byPort = memory.place('isrc by port', PORTS * 8, LINE_BYTES, namer);
  }

  *alloc(cpu: KernelCpu, port: Port): Kernel<Addr> {
    const { core } = cpu;
    core.at(At.take);
    core.free(1);
    const tIsrc = core.load64(this.#byPort + 8 * port, NOW);
    const isrc = core.lo;
    if (!core.branch(isrc === 0, tIsrc)) {
      const type = isrc + this.#table.layout.type;
      for (;;) {
        if (core.behind(tIsrc)) yield;
        const tType = core.load32(type, tIsrc);
        if (core.branch(core.lo === EVTCHN_TYPE.unbound, tType)) break;
        core.at(At.wait);
        core.lfence();
      }
      core.at(At.mark);
      core.store32(type, EVTCHN_TYPE.port, NOW, tIsrc);
    }
    core.ret();
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    const { core } = cpu;
    core.at(At.release);
    if (core.behind(NOW)) yield;
    core.store32(isrc + this.#table.layout.type, EVTCHN_TYPE.unbound, NOW);
    core.ret();
  }

  adopt(isrc: Addr, _index: number, port: Port): void {
    this.#table.image.memory.poke64(this.#byPort + 8 * port, isrc);
  }
}
