/**
 * The functions behind xen_intr_pic: vector, disable, enable, end of interrupt of one source. The same in
 * generations A and C up to the offsets (fact sheet on FreeBSD, sections 1.7, 2.7 and 2.8).
 */
import type { Addr } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { SHARED_INFO } from '../xen/abi.ts';
import type { KernelCpu } from './kernel-image.ts';
import { FLAG_MASKED } from './layout.ts';
import type { FreeBsd } from './os.ts';

const file = new SourceFile('sys/x86/xen/xen_intr.c', 'pic');
const enable = file.fn('xen_intr_pic_enable_source');

/** Sites at which the callees start: targets of the indirect calls. */
export const PIC_ENTRY = {
  vector: file.fn('xen_intr_pic_vector').site('vector of the source', 2),
  eoi: file.fn('xen_intr_pic_eoi_source').site('empty', 1),
  disable: file.fn('xen_intr_pic_disable_source').site('mask the port, note whether it was', 16),
  disableIntr: file.fn('xen_intr_pic_disable_intr').site('mask the port', 8),
  enable: enable.site('masked by its user? else unmask', 10),
};

const AT_UNMASK = enable.site('EVTCHNOP_unmask', 4);

/**
 * xen_intr_pic_disable_source: masks the port and notes in `xi_masked` whether it was masked before.
 * The caller has made the call.
 */
export function* disableSource(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { core } = cpu;
  const { isrc: layout } = os.generation;
  core.at(PIC_ENTRY.disable);
  core.push(1);
  core.free(2);
  const tPort = core.load32(isrc + layout.port, NOW);
  const port = core.lo;
  const tPage = core.load64(os.image.statics.sharedInfoPtr, NOW);
  const tAddr = core.alu(tPage);
  const tBit = core.join(tPort, tAddr);
  if (core.behind(tBit)) yield;
  const tOld = core.lockBitSet(os.pages.sharedInfo + SHARED_INFO.mask, port, tBit);
  const was = core.lo !== 0 ? FLAG_MASKED : 0;
  const tFlag = core.chain(tOld, 2);
  const tByte = core.load8(isrc + layout.flags, NOW);
  const next = (core.lo & ~FLAG_MASKED) | was;
  core.store8(isrc + layout.flags, next, core.alu(core.join(tFlag, tByte)));
  core.pop(1);
  core.ret();
}

/** xen_intr_pic_disable_intr: masks the port and notes nothing. The caller has made the call. */
export function* disableIntr(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { core } = cpu;
  core.at(PIC_ENTRY.disableIntr);
  const tPort = core.load32(isrc + os.generation.isrc.port, NOW);
  const port = core.lo;
  const tPage = core.load64(os.image.statics.sharedInfoPtr, NOW);
  const tBit = core.join(tPort, core.alu(tPage));
  if (core.behind(tBit)) yield;
  core.lockBitSet(os.pages.sharedInfo + SHARED_INFO.mask, port, tBit);
  core.ret();
}

/**
 * xen_intr_pic_enable_source: unmasks the port by hypercall unless its user had masked it.
 * The caller has made the call.
 */
export function* enableSource(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { core } = cpu;
  const { isrc: layout } = os.generation;
  core.at(PIC_ENTRY.enable);
  core.push(1);
  core.free(2);
  const tFlag = core.operand8(isrc + layout.flags, NOW);
  if (core.branch((core.lo & FLAG_MASKED) === 0, tFlag)) yield* unmaskPort(os, cpu, isrc);
  core.pop(1);
  core.ret();
}

/** EVTCHNOP_unmask of a source's port: what evtchn_unmask_port does in every generation. */
export function* unmaskPort(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel {
  const { core } = cpu;
  core.at(AT_UNMASK);
  core.load32(isrc + os.generation.isrc.port, NOW);
  const port = core.lo;
  core.free(2);
  yield* os.hypercalls.unmask(core, port);
}
