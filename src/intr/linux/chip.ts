/**
 * The interrupt chips of Xen's event channels (drivers/xen/events/events_base.c): xen_dynamic_chip and
 * xen_percpu_chip acknowledge by clearing PENDING, xen_lateeoi_chip masks the channel first and leaves the unmasking
 * to xen_irq_lateeoi.
 */
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { LinuxCpu } from './image.ts';
import { type ChipName, IRQ_DESC, IRQ_INFO, IRQD, MASK_REASON } from './layout.ts';
import { infoForIrq } from './lookup.ts';
import { doMask, doUnmask } from './mask.ts';
import type { Linux } from './os.ts';

const file = new SourceFile('drivers/xen/events/events_base.c', 'chip');

/** Where irq_ack of each chip starts; the per-CPU chip has the dynamic one's. */
const DYNAMIC_ACK = file.fn('ack_dynirq').site('irq_info, is_active := 0, clear PENDING', 22);
export const CHIP_ENTRY: Readonly<Record<ChipName, number>> = {
  dynamic: DYNAMIC_ACK,
  percpu: DYNAMIC_ACK,
  lateeoi: file.fn('lateeoi_ack_dynirq').site('irq_info, mask, clear PENDING', 22),
};

const At = {
  maskAck: file.fn('mask_ack_dynirq').site('mask, is_active := 0, clear PENDING', 26),
  enable: file.fn('enable_dynirq').site('unmask', 20),
};

/** chip->irq_ack. The caller has made the call. Leaves the port in `cpu.port`. */
export function* ack(os: Linux, cpu: LinuxCpu, desc: Addr, name: ChipName): Kernel {
  const { core } = cpu;
  const site = CHIP_ENTRY[name];
  core.at(site);
  core.push(1);
  const info = yield* portOf(os, cpu, desc, site);
  if (name === 'lateeoi') {
    core.free(2);
    if (cpu.port !== 0) yield* doMask(os, cpu, info, MASK_REASON.eoiPending);
  } else {
    if (core.behind(NOW)) yield;
    core.store32(info + IRQ_INFO.isActive, 0, NOW);
  }
  core.at(site);
  if (cpu.port !== 0) yield* os.ops.clearPending(os, cpu, cpu.port);
  core.at(site);
  core.pop(1);
  core.ret();
}

/** mask_ack_irq: the channel stays masked until its handlers are done, or for good. */
export function* maskAck(os: Linux, cpu: LinuxCpu, desc: Addr): Kernel {
  const { core } = cpu;
  core.indirectCall(At.maskAck, core.operand64(desc + IRQ_DESC.chip, NOW));
  core.at(At.maskAck);
  core.push(1);
  const info = yield* portOf(os, cpu, desc, At.maskAck);
  if (cpu.port !== 0) {
    yield* doMask(os, cpu, info, MASK_REASON.explicit);
    core.at(At.maskAck);
    core.store32(info + IRQ_INFO.isActive, 0, NOW);
    yield* os.ops.clearPending(os, cpu, cpu.port);
  }
  core.at(At.maskAck);
  core.or32(desc + IRQ_DESC.state, IRQD.masked, NOW);
  core.pop(1);
  core.ret();
}

/** unmask_irq, and irq_enable of a driver: chip->irq_unmask. */
export function* unmaskIrq(os: Linux, cpu: LinuxCpu, desc: Addr): Kernel {
  const { core } = cpu;
  core.indirectCall(At.enable, core.operand64(desc + IRQ_DESC.chip, NOW));
  core.at(At.enable);
  core.push(1);
  const tIrq = core.load32(desc + IRQ_DESC.irq, NOW);
  infoForIrq(core, os, core.lo, tIrq, At.enable);
  const info = core.lo;
  yield* doUnmask(os, cpu, info, MASK_REASON.explicit);
  core.at(At.enable);
  core.and32(desc + IRQ_DESC.state, ~IRQD.masked, NOW);
  core.pop(1);
  core.ret();
}

/** info_for_irq(data->irq) and the port, left in `cpu.port`: 0 if it is not valid. Returns the irq_info. */
function* portOf(os: Linux, cpu: LinuxCpu, desc: Addr, site: number): Kernel<Addr> {
  const { core } = cpu;
  const tIrq = core.load32(desc + IRQ_DESC.irq, NOW);
  const tInfo = infoForIrq(core, os, core.lo, tIrq, site);
  const info = core.lo;
  core.branch(false, tInfo);
  if (core.behind(tInfo)) yield;
  const tPort = core.load32(info + IRQ_INFO.evtchn, tInfo);
  cpu.port = core.lo;
  // A port that was closed meanwhile.
  if (core.branch(cpu.port === 0, tPort)) cpu.fresh = false;
  return info;
}
