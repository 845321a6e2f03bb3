/**
 * xen_intr_resume of generation C, which knows no vectors: the port table itself is the list of isrcs. The first pass
 * invalidates the port of each; the second empties every slot whose isrc has no port there and binds the isrc again.
 * A new port may be the slot of an isrc that is still to come: that one is displaced, and is next (fact sheet on
 * FreeBSD, 3.9, review D30599). Isrcs that are not bound again have an invalid port until their driver unbinds them.
 */
import type { Addr, Port } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { PORTS } from '../xen/abi.ts';
import type { KernelCpu } from './kernel-image.ts';
import { INVALID_EVTCHN } from './layout.ts';
import type { FreeBsd } from './os.ts';
import { isRebound, rebind, resetMasks } from './resume.ts';

const file = new SourceFile('sys/dev/xen/bus/xen_intr.c', 'resume loop');
const resume = file.fn('xen_intr_resume');
const rebindFn = file.fn('xen_intr_rebind_isrc');

const At = {
  enter: resume.site('entry', 6),
  clear: resume.site('port of a mapped isrc := invalid', 8),
  remap: resume.site('next slot: empty, or taken care of?', 10),
  empty: resume.site('slot := null', 4),
  leave: resume.site('return', 7),
  type: rebindFn.site('type?', 6),
  publish: rebindFn.site('port table, what stood there', 4),
  displaced: rebindFn.site('displaced one, return', 4),
};

/** Publishes an isrc under its port, and returns what stood there. */
function publish(os: FreeBsd, { core }: KernelCpu, isrc: Addr, port: Port): Addr {
  core.at(At.publish);
  const slot = os.image.portToIsrc + 8 * port;
  core.load64(slot, NOW);
  const displaced = core.lo;
  core.store64(slot, isrc, 0, NOW);
  return displaced;
}

/** The whole function. The caller has made the call. */
export function* resumeC(os: FreeBsd, cpu: KernelCpu): Kernel {
  const { core } = cpu;
  const { image } = os;
  const { isrc: layout } = os.generation;
  core.at(At.enter);
  core.push(5);
  yield* resetMasks(os, cpu);
  for (let i = 0; i < PORTS; i++) {
    core.at(At.clear);
    const tIsrc = core.load64(image.portToIsrc + 8 * i, NOW);
    if (!core.branch(core.lo === 0, tIsrc)) core.store32(core.lo + layout.port, INVALID_EVTCHN, NOW, tIsrc);
    core.branch(i + 1 < PORTS, core.alu(NOW));
  }
  for (let i = 0; i < PORTS; i++) {
    core.at(At.remap);
    const tIsrc = core.load64(image.portToIsrc + 8 * i, NOW);
    let isrc = core.lo;
    if (!core.branch(isrc === 0, tIsrc)) {
      const tPort = core.operand32(isrc + layout.port, tIsrc);
      if (!core.branch(core.lo === i, tPort)) {
        core.at(At.empty);
        core.store64(image.portToIsrc + 8 * i, 0, 0, NOW);
        while (core.branch(isrc !== 0, NOW)) isrc = yield* rebindIsrc(os, cpu, isrc);
      }
    }
    core.at(At.remap);
    core.branch(i + 1 < PORTS, core.alu(NOW));
  }
  core.at(At.leave);
  core.pop(5);
  core.ret();
}

/** xen_intr_rebind_isrc. Returns the isrc that it displaced; 0 for none, and for an isrc that waits for its driver. */
function* rebindIsrc(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel<Addr> {
  const { core } = cpu;
  core.call();
  core.at(At.type);
  const tType = core.load32(isrc + os.generation.isrc.type, NOW);
  const type = core.lo;
  const displaced = core.branch(isRebound(type), tType) ? yield* rebind(os, cpu, isrc, type, publish) : 0;
  core.at(At.displaced);
  core.free(1);
  core.ret();
  core.at(At.empty);
  return displaced;
}
