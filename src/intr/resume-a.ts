/**
 * xen_intr_resume of generation A: the port table is cleared as a whole, then every vector is looked up and its isrc
 * loses its port; VIRQs and IPIs get a new one (fact sheet on FreeBSD, 3.9). The others keep port 0 until their driver
 * unbinds them.
 */
import type { Addr, Port } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { PORTS } from '../xen/abi.ts';
import type { KernelCpu } from './kernel-image.ts';
import type { FreeBsd } from './os.ts';
import { isRebound, rebind, resetMasks } from './resume.ts';

const resume = new SourceFile('sys/x86/xen/xen_intr.c', 'resume loop').fn('xen_intr_resume');
const lookup = new SourceFile('sys/x86/x86/intr_machdep.c', 'lookup at resume').fn('intr_lookup_source');

const At = {
  enter: resume.site('entry', 8),
  table: resume.site('memset of xen_intr_port_to_isrc', 4),
  vector: resume.site('look the next vector up', 6),
  isrc: resume.site('port := 0, type?', 7),
  next: resume.site('next vector', 4),
  leave: resume.site('return', 7),
};
const AT_LOOKUP = lookup.site('bounds-checked table lookup', 12);

/** Publishes an isrc under its port; the table is empty there. */
function publish(os: FreeBsd, { core }: KernelCpu, isrc: Addr, port: Port): Addr {
  core.store64(os.image.portToIsrc + 8 * port, isrc, 0, NOW);
  return 0;
}

/** The whole function. The caller has made the call. */
export function* resumeA(os: FreeBsd, cpu: KernelCpu): Kernel {
  const { core } = cpu;
  const { image } = os;
  const { statics } = image;
  const { isrc: layout } = os.generation;
  core.at(At.enter);
  core.push(5);
  core.branch(false, NOW);
  yield* resetMasks(os, cpu);
  core.at(At.table);
  core.repStos(image.portToIsrc, PORTS * 8, NOW);
  core.at(At.vector);
  let i = 0;
  const tSome = core.operand32(statics.autoVectorCount, NOW);
  let more = core.branch(core.lo > 0, tSome);
  while (more) {
    core.at(At.vector);
    const tFirst = core.load32(statics.firstEvtchnIrq, NOW);
    const vector = core.lo + i;
    const tVector = core.alu(tFirst);
    core.call();
    core.at(AT_LOOKUP);
    core.branch(vector < 0, tVector);
    const tLimit = core.operand32(statics.numIoIrqs, NOW);
    core.branch(vector >= core.lo, core.join(tLimit, tVector));
    const tTable = core.load64(statics.interruptSourcesPtr, NOW);
    const tIsrc = core.load64(core.lo + vector * 8, core.join(tTable, tVector));
    const isrc = core.lo;
    core.ret();
    core.at(At.isrc);
    if (!core.branch(isrc === 0, tIsrc)) {
      core.store32(isrc + layout.port, 0, NOW, tIsrc);
      const tType = core.load32(isrc + layout.type, tIsrc);
      const type = core.lo;
      if (core.branch(isRebound(type), tType)) yield* rebind(os, cpu, isrc, type, publish);
    }
    core.at(At.next);
    i++;
    const tCount = core.operand32(statics.autoVectorCount, NOW);
    more = core.branch(i < core.lo, core.join(core.alu(NOW), tCount));
  }
  core.at(At.leave);
  core.pop(5);
  core.ret();
}
