/**
 * The end of a lateeoi event: xen_irq_lateeoi, called by the softirq or thread that the handler scheduled, or by the
 * write of a user of /dev/xen/evtchn (drivers/xen/events/events_base.c). The channel is unmasked locally.
 *
 * Left out: the delays for spurious events and after the time limit of the loop.
 */
import type { Addr, Port } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { LinuxCpu } from './image.ts';
import { ACTION, DRIVER, IRQ_DESC, IRQ_INFO, MASK_REASON } from './layout.ts';
import { evtchnToIrq, infoForIrq } from './lookup.ts';
import { doUnmask } from './mask.ts';
import type { Linux } from './os.ts';

const base = new SourceFile('drivers/xen/events/events_base.c', 'lateeoi');
const fn = base.fn('xen_irq_lateeoi');
const drivers = new SourceFile('drivers (Linux)', 'late');

const At = {
  enter: fn.site('irq_info of the number', 24),
  tests: fn.site('valid, not deferred, not spurious', 12),
  active: fn.site('is_active := 0', 4),
  leave: fn.site('return', 6),
  late: drivers.fn('(poll or thread)').site('switched to, work of the driver', 6),
  complete: drivers.fn('(poll or thread)').site('no longer scheduled', 6),
  write: new SourceFile('drivers/xen/evtchn.c', 'write').fn('evtchn_write').site('write(2) of a port', 12),
};

/** xen_irq_lateeoi(irq, 0). The call is charged here. */
function* xenIrqLateeoi(os: Linux, cpu: LinuxCpu, irq: number): Kernel {
  const { core } = cpu;
  core.call();
  core.at(At.enter);
  core.push(2);
  const tInfo = infoForIrq(core, os, irq, NOW, At.enter);
  const info: Addr = core.lo;
  core.branch(false, tInfo);
  core.at(At.tests);
  const tPort = core.load32(info + IRQ_INFO.evtchn, tInfo);
  const valid = !core.branch(core.lo === 0, tPort);
  if (valid) {
    core.branch(false, core.load64(info + IRQ_INFO.eoiList, tInfo));
    core.store8(info + IRQ_INFO.spuriousCnt, 0, NOW);
    core.branch(false, core.operand64(info + IRQ_INFO.eoiTime, tInfo));
    core.store64(info + IRQ_INFO.eoiTime, 0, 0, NOW);
    core.at(At.active);
    if (core.behind(NOW)) yield;
    core.store32(info + IRQ_INFO.isActive, 0, NOW);
    core.free(1);
    yield* doUnmask(os, cpu, info, MASK_REASON.eoiPending);
  }
  core.at(At.leave);
  core.pop(2);
  core.ret();
}

/** The softirq or thread that an event's handler scheduled: the driver's work, then the end of the event. */
export function* runLate(os: Linux, cpu: LinuxCpu, info: Addr): Kernel {
  const { core } = cpu;
  const { memory } = os.image;
  core.at(At.late);
  core.lump(os.lumps.linuxLateCycles);
  if (os.lumps.ithreadHandlerCycles > 0) core.lump(os.lumps.ithreadHandlerCycles);
  const irq = memory.peek32(info + IRQ_INFO.irq);
  const device = memory.peek32(memory.peek32(os.image.desc(irq) + IRQ_DESC.action) + ACTION.devId);
  core.load64(device + DRIVER.count, NOW);
  core.at(At.complete);
  core.free(1);
  if (core.behind(NOW)) yield;
  core.lockBitReset(device + DRIVER.scheduled, 0, NOW);
  yield* xenIrqLateeoi(os, cpu, irq);
  os.image.lateEnds(info);
}

/** What evtchn_write does to a port. */
export function* userEoi(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
  const { core } = cpu;
  core.at(At.write);
  const tIrq = evtchnToIrq(core, os, port, NOW);
  const irq = core.lo;
  if (core.branch(irq < 0, tIrq)) return;
  yield* xenIrqLateeoi(os, cpu, irq);
}

/** write(2) of a port to /dev/xen/evtchn. @param port 0: unbound meanwhile */
export function* evtchnWrite(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
  const { core } = cpu;
  core.at(At.write);
  core.lump(os.lumps.userUnmaskCycles);
  if (port !== 0) yield* userEoi(os, cpu, port);
}
