/**
 * The functions behind xen_intr_pic: vector, disable, enable, end of interrupt of one source. The same in
 * generations A and C up to the offsets (fact sheet on FreeBSD, sections 1.7, 2.7 and 2.8).
 */
import type { Addr, Ready } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import type { KernelCpu } from './kernel-image.ts';
import { FLAG_MASKED, INVALID_EVTCHN } from './layout.ts';
import { unmaskPort } from './local-unmask.ts';
import type { FreeBsd } from './os.ts';
import { GENERATION_A, GENERATION_C_FIFO, perGeneration } from './source-files.ts';

/** Sites at which the callees start: targets of the indirect calls. */
export const PIC_ENTRY = perGeneration('pic', ({ arch }) => ({
  vector: arch.fn('xen_intr_pic_vector').site('vector of the source', 2),
  eoi: arch.fn('xen_intr_pic_eoi_source').site('empty', 1),
  disable: arch.fn('xen_intr_pic_disable_source').site('entry', 1),
  disableIntr: arch.fn('xen_intr_pic_disable_intr').site('entry', 1),
  enable: arch.fn('xen_intr_pic_enable_source').site('entry', 1),
  enableIntr: arch.fn('xen_intr_pic_enable_intr').site('entry', 1),
}));

/** In A2 the callbacks do the work; in C they jump to functions of the machine-independent file. */
const AT = perGeneration('pic work', ({ id, common }) => {
  const name = (what: string) => `xen_intr_${id === GENERATION_A ? 'pic_' : ''}${what}`;
  const enable = common.fn(name('enable_source'));
  // The FIFO ABI finds the event word first.
  const find = id === GENERATION_C_FIFO ? 4 : 0;
  return {
    disable: common.fn(name('disable_source')).site('mask the port, note whether it was', 16 + find),
    disableIntr: common.fn(name('disable_intr')).site('mask the port', 8 + find),
    enable: enable.site('masked by its user? else unmask', 4),
    unmask: enable.site('EVTCHNOP_unmask', 4),
    enabled: enable.site('return', 2),
    enableIntr: common.fn(name('enable_intr')).site('EVTCHNOP_unmask', 6),
  };
});

/** Where a callback starts: in C with a jump to the function that does the work. */
function enter(os: FreeBsd, core: Core, entry: number, work: number): void {
  if (os.generation.id !== GENERATION_A) {
    core.at(entry);
    core.jump();
  }
  core.at(work);
}

/**
 * The isrc lost its port in a resume of generation C. The test came some time after the 2023 series; it is charged only
 * where it is needed, so that what the upcall of that series does stays as it was.
 */
function noPort(core: Core, tPort: Ready): void {
  core.branch(true, tPort);
}

/**
 * xen_intr_pic_disable_source: masks the port and notes in `xi_masked` whether it was masked before.
 * The caller has made the call.
 *
 * @param tIsrc when the isrc pointer is known
 */
export function* disableSource(os: FreeBsd, cpu: KernelCpu, isrc: Addr, tIsrc: Ready): Kernel {
  const { core } = cpu;
  const { id, isrc: layout } = os.generation;
  enter(os, core, PIC_ENTRY[id].disable, AT[id].disable);
  core.push(1);
  core.free(2);
  const tPort = core.load32(isrc + layout.port, tIsrc);
  const port = core.lo;
  if (port === INVALID_EVTCHN) {
    noPort(core, tPort);
    core.pop(1);
    core.ret();
    return;
  }
  const tPage = core.load64(os.image.statics.sharedInfoPtr, NOW);
  const tBit = os.ports.locate(core, port, core.join(tPort, core.alu(tPage)));
  if (core.behind(tBit)) yield;
  const tOld = os.ports.mask(core, port, tBit);
  const was = core.lo !== 0 ? FLAG_MASKED : 0;
  const tFlag = core.chain(tOld, 2);
  const tByte = core.load8(isrc + layout.flags, tIsrc);
  const next = (core.lo & ~FLAG_MASKED) | was;
  core.store8(isrc + layout.flags, next, core.alu(core.join(tFlag, tByte)), tIsrc);
  core.pop(1);
  core.ret();
}

/** xen_intr_pic_disable_intr: masks the port and notes nothing. The caller has made the call. */
export function* disableIntr(os: FreeBsd, cpu: KernelCpu, isrc: Addr, tIsrc: Ready): Kernel {
  const { core } = cpu;
  const { id } = os.generation;
  enter(os, core, PIC_ENTRY[id].disableIntr, AT[id].disableIntr);
  const tPort = core.load32(isrc + os.generation.isrc.port, tIsrc);
  const port = core.lo;
  if (port === INVALID_EVTCHN) {
    noPort(core, tPort);
    core.ret();
    return;
  }
  const tPage = core.load64(os.image.statics.sharedInfoPtr, NOW);
  const tBit = os.ports.locate(core, port, core.join(tPort, core.alu(tPage)));
  if (core.behind(tBit)) yield;
  os.ports.mask(core, port, tBit);
  core.ret();
}

/**
 * xen_intr_pic_enable_source: unmasks the port unless its user had masked it.
 * The caller has made the call.
 */
export function* enableSource(os: FreeBsd, cpu: KernelCpu, isrc: Addr, tIsrc: Ready): Kernel {
  const { core } = cpu;
  const { id, isrc: layout } = os.generation;
  enter(os, core, PIC_ENTRY[id].enable, AT[id].enable);
  core.push(1);
  const tFlag = core.operand8(isrc + layout.flags, tIsrc);
  if (core.branch((core.lo & FLAG_MASKED) === 0, tFlag)) {
    core.at(AT[id].unmask);
    core.load32(isrc + layout.port, tIsrc);
    const port = core.lo;
    core.free(2);
    yield* unmaskPort(os, cpu, port, isrc, tIsrc);
  }
  core.at(AT[id].enabled);
  core.pop(1);
  core.ret();
}

/** xen_intr_pic_enable_intr: unmasks the port, whoever masked it. The caller has made the call. */
export function* enableIntr(os: FreeBsd, cpu: KernelCpu, isrc: Addr, tIsrc: Ready): Kernel {
  const { core } = cpu;
  const { id } = os.generation;
  enter(os, core, PIC_ENTRY[id].enableIntr, AT[id].enableIntr);
  core.load32(isrc + os.generation.isrc.port, tIsrc);
  const port = core.lo;
  core.free(2);
  yield* unmaskPort(os, cpu, port, isrc, tIsrc);
  core.at(AT[id].enableIntr);
  core.ret();
}
