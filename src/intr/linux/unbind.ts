/**
 * unbind_from_irqhandler: free_irq (masked, no handler runs any more), then the port's place in the tables, the
 * close, and the interrupt number, which is freed behind all event loops (drivers/xen/events/events_base.c).
 */
import { ModelBug } from '../../model/errors.ts';
import type { Addr, Port } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { freeIrqStructures } from './build-irq.ts';
import type { LinuxCpu } from './image.ts';
import { IRQ_DESC, IRQ_INFO, IRQD, IRQT, MASK_REASON, PERCPU, VIRQS } from './layout.ts';
import { lockIrqSave, mutexLock, mutexUnlock, unlockIrqRestore } from './locks.ts';
import { doMask } from './mask.ts';
import type { Linux } from './os.ts';

const base = new SourceFile('drivers/xen/events/events_base.c', 'unbind');
const fn = base.fn('unbind_from_irqhandler');
const unbind = base.fn('__unbind_from_irq');
const manage = new SourceFile('kernel/irq/manage.c', 'free');

const At = {
  enter: fn.site('arguments', 10),
  leave: fn.site('return', 8),
  lock: manage.fn('__free_irq').site('raw_spin_lock_irqsave, shutdown', 16),
  unlock: manage.fn('__free_irq').site('raw_spin_unlock_irqrestore', 10),
  free: manage.fn('__free_irq').site('free the action', 10),
  synchronize: manage.fn('__synchronize_hardirq').site('wait for handlers', 12),
  late: new SourceFile('drivers (Linux)', 'unbind').fn('napi_disable').site('wait for the poll or thread', 8),
  mutex: unbind.site('mutex_lock(irq_mapping_update_lock)', 8),
  tables: unbind.site('port tables', 16),
  close: unbind.site('EVTCHNOP_close', 8),
  number: unbind.site('xen_free_irq', 6),
  mutexUnlock: unbind.site('mutex_unlock', 8),
};

/** Gives a port back. */
export function* unbindIrq(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
  const { core } = cpu;
  const { image, lumps } = os;
  const { memory } = image;
  const number = memory.peek32(image.irqSlot(port));
  if (number < 0) throw new ModelBug('unbind of a port that is not bound', { port });
  const desc = image.desc(number);
  const info = memory.peek32(desc + IRQ_DESC.chipData);
  const action = memory.peek32(desc + IRQ_DESC.action);
  core.at(At.enter);
  core.call();
  core.push(5);
  yield* shutDown(os, cpu, desc, info);
  core.at(At.free);
  core.store64(desc + IRQ_DESC.action, 0, 0, NOW);
  core.lump(lumps.linuxFreeIrqCycles);
  core.lump(lumps.freeCycles);
  yield* mutexLock(core, image.statics.mappingLock, cpu.pcpu, At.mutex);
  yield* forget(os, cpu, info, port, number);
  core.at(At.close);
  core.free(3);
  yield* os.hypercalls.close(core, port);
  core.at(At.number);
  core.lump(lumps.linuxIrqFreeCycles);
  image.freeLater(() => freeIrqStructures(image, { irq: number, desc, info, action }));
  yield* mutexUnlock(core, image.statics.mappingLock, cpu.pcpu, At.mutexUnlock);
  core.at(At.leave);
  core.pop(5);
  core.ret();
}

/** Disabled and masked; then nobody handles it any more. */
function* shutDown(os: Linux, cpu: LinuxCpu, desc: Addr, info: Addr): Kernel {
  const { core } = cpu;
  yield* lockIrqSave(core, desc + IRQ_DESC.lock, At.lock);
  core.or32(desc + IRQ_DESC.state, IRQD.disabled | IRQD.masked, NOW);
  core.free(4);
  yield* doMask(os, cpu, info, MASK_REASON.explicit);
  yield* unlockIrqRestore(core, desc + IRQ_DESC.lock, At.unlock);
  for (;;) {
    core.at(At.synchronize);
    const tState = core.load32(desc + IRQ_DESC.state, NOW);
    if (core.branch((core.lo & IRQD.inProgress) === 0, tState)) break;
    core.lfence();
    core.behind(NOW);
    yield;
  }
  for (;;) {
    core.at(At.late);
    core.free(2);
    if (!core.branch(os.image.isLate(info), NOW)) return;
    core.lfence();
    core.behind(NOW);
    // Always: what it waits for may have to run on this very CPU.
    yield;
  }
}

/** The tables know the port no longer. */
function* forget(os: Linux, cpu: LinuxCpu, info: Addr, port: Port, number: number): Kernel {
  const { core } = cpu;
  const { image } = os;
  core.at(At.tables);
  const tCpu = core.load32(info + IRQ_INFO.cpu, NOW);
  const owner = core.lo;
  const tType = core.load16(info + IRQ_INFO.type, NOW);
  if (core.branch(core.lo === IRQT.virq || core.lo === IRQT.evtchn, tType)) {
    const table = image.percpu(owner) + PERCPU.virqToIrq;
    for (let v = 0; v < VIRQS; v++) {
      if (image.memory.peek32(table + 4 * v) === number) core.store32(table + 4 * v, -1, NOW, tCpu);
    }
  }
  if (core.behind(NOW)) yield;
  core.store32(image.irqSlot(port), -1, NOW);
  yield* os.ops.remove(os, cpu, port, owner);
  core.at(At.tables);
  if (core.behind(NOW)) yield;
  core.store32(info + IRQ_INFO.evtchn, 0, NOW);
}
