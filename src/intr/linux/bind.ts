/**
 * bind_evtchn_to_irqhandler and its kin: hypercall, interrupt number, irq_info, port tables, request_irq with the
 * first affinity (drivers/xen/events/events_base.c). Allocating the number and most of request_irq are lumps;
 * hypercalls, locks and the tables are done.
 *
 * Which VIRQ a port is, traces do not say: the first one with a plain handler on a vCPU is VIRQ_TIMER.
 */
import type { Addr, Port, Vcpu } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { ChannelKind, type ChannelKindCode } from '../../xen/abi.ts';
import { HandlerKind, type HandlerKindCode } from '../os.ts';
import { buildIrq, type Irq } from './build-irq.ts';
import { unmaskIrq } from './chip.ts';
import type { LinuxCpu } from './image.ts';
import { ACTION, IRQ_DESC, IRQ_INFO, IRQD, IRQT, MASK_REASON, PERCPU, VIRQS } from './layout.ts';
import { lockIrqSave, mutexLock, mutexUnlock, unlockIrqRestore } from './locks.ts';
import { doMask, doUnmask } from './mask.ts';
import type { Linux } from './os.ts';

const base = new SourceFile('drivers/xen/events/events_base.c', 'bind');
const caller = base.fn('bind_*_to_irqhandler');
const bindFn = base.fn('bind_evtchn_to_irq_chip');
const manage = new SourceFile('kernel/irq/manage.c', 'request');

const At = {
  enter: caller.site('arguments', 14),
  leave: caller.site('return', 8),
  lock: bindFn.site('mutex_lock(irq_mapping_update_lock)', 8),
  alloc: bindFn.site('xen_allocate_irq_dynamic', 12),
  info: bindFn.site('xen_irq_info_*_setup', 18),
  row: bindFn.site('set_evtchn_to_irq', 12),
  virq: bindFn.site('virq_to_irq', 6),
  cpu: base.fn('bind_evtchn_to_cpu').site('account the channel to the CPU', 12),
  unlock: bindFn.site('mutex_unlock', 8),
  request: manage.fn('request_threaded_irq').site('allocate the action', 14),
  setup: manage.fn('__setup_irq').site('raw_spin_lock_irqsave, action, enabled', 18),
  started: manage.fn('__setup_irq').site('raw_spin_unlock_irqrestore', 10),
  affinity: base.fn('xen_rebind_evtchn_to_cpu').site('EVTCHNOP_bind_vcpu', 12),
};

/** Binds a port with a handler. @param to vCPU that is to serve it @returns the port */
export function* bindIrq(
  os: Linux,
  cpu: LinuxCpu,
  kind: ChannelKindCode,
  handler: HandlerKindCode,
  to: Vcpu,
): Kernel<Port> {
  const { core } = cpu;
  const { mappingLock } = os.image.statics;
  const fixed = kind === ChannelKind.virq || kind === ChannelKind.ipi;
  core.at(At.enter);
  core.call();
  core.push(6);
  core.free(6);
  // Other events begin on vCPU 0 and move when they are requested.
  let port: Port = fixed ? 0 : yield* os.hypercalls.bind(core, kind, 0);
  yield* mutexLock(core, mappingLock, cpu.pcpu, At.lock);
  const irq = allocate(os, cpu, kind, handler, fixed);
  if (fixed) {
    port = yield* os.hypercalls.bind(core, kind, to);
    if (kind === ChannelKind.virq) yield* registerVirq(os, cpu, irq, handler, to);
  }
  yield* setUp(os, cpu, irq, port);
  yield* bindToCpu(os, cpu, irq.info, port, 0, fixed ? to : 0);
  yield* mutexUnlock(core, mappingLock, cpu.pcpu, At.unlock);
  yield* request(os, cpu, irq, port, fixed ? -1 : to);
  core.at(At.leave);
  core.pop(6);
  core.ret();
  return port;
}

/** A number, its descriptor and irq_info. */
function allocate(
  os: Linux,
  { core }: LinuxCpu,
  kind: ChannelKindCode,
  handler: HandlerKindCode,
  fixed: boolean,
): Irq {
  const { lumps } = os;
  const { memory } = os.image;
  core.at(At.alloc);
  core.lump(lumps.linuxIrqAllocCycles);
  core.lump(lumps.mallocCycles);
  const plain = handler === HandlerKind.filter;
  const chip = plain ? (fixed ? 'percpu' : 'dynamic') : 'lateeoi';
  const type = !plain || !fixed ? IRQT.evtchn : kind === ChannelKind.virq ? IRQT.virq : IRQT.ipi;
  const irq = buildIrq(os.image, { type, chip, handler, device: kind === ChannelKind.interdomain });
  for (let i = 0; i < IRQ_INFO.bytes; i += 64)
    core.store64(irq.info + i, memory.peek32(irq.info + i), 0, NOW);
  return irq;
}

/** virq_to_irq of the vCPU: VIRQ_TIMER for its first plain one. */
function* registerVirq(os: Linux, { core }: LinuxCpu, irq: Irq, handler: HandlerKindCode, to: Vcpu): Kernel {
  const table = os.image.percpu(to) + PERCPU.virqToIrq;
  let virq = handler === HandlerKind.filter ? 0 : 1;
  while (virq < VIRQS - 1 && os.image.memory.peek32(table + 4 * virq) !== -1) virq++;
  core.at(At.virq);
  core.free(3);
  if (core.behind(NOW)) yield;
  core.store32(table + 4 * virq, irq.irq, NOW);
}

/** xen_irq_info_common_setup: the port's place in the tables, and what the ABI needs for it. */
function* setUp(os: Linux, cpu: LinuxCpu, irq: Irq, port: Port): Kernel {
  const { core } = cpu;
  const { image } = os;
  core.at(At.info);
  core.store32(irq.info + IRQ_INFO.evtchn, port, NOW);
  core.store32(irq.info + IRQ_INFO.cpu, 0, NOW);
  core.free(6);
  core.at(At.row);
  const tRow = core.load64(image.rowSlot(port), NOW);
  if (core.branch(core.lo === 0, tRow)) {
    core.lump(os.lumps.mallocCycles);
    image.makeRow(port);
  }
  if (core.behind(NOW)) yield;
  core.store32(image.irqSlot(port), irq.irq, NOW);
  yield* os.ops.setUp(os, cpu, port);
}

/** bind_evtchn_to_cpu. */
function* bindToCpu(os: Linux, cpu: LinuxCpu, info: Addr, port: Port, from: Vcpu, to: Vcpu): Kernel {
  const { core } = cpu;
  core.at(At.cpu);
  yield* os.ops.bindToCpu(os, cpu, port, from, to);
  core.at(At.cpu);
  core.store32(info + IRQ_INFO.cpu, to, NOW);
  core.free(4);
}

/** request_irq: the action, the start of the channel, and the first affinity. @param to vCPU, -1 for a fixed one */
function* request(os: Linux, cpu: LinuxCpu, irq: Irq, port: Port, to: Vcpu): Kernel {
  const { core } = cpu;
  const { desc, action, info } = irq;
  core.at(At.request);
  core.lump(os.lumps.linuxRequestIrqCycles);
  core.lump(os.lumps.mallocCycles);
  core.store64(action + ACTION.next, 0, 0, NOW);
  yield* lockIrqSave(core, desc + IRQ_DESC.lock, At.setup);
  core.store64(desc + IRQ_DESC.action, action, 0, NOW);
  core.and32(desc + IRQ_DESC.state, ~IRQD.disabled, NOW);
  core.free(4);
  yield* unmaskIrq(os, cpu, desc);
  if (to >= 0) yield* rebind(os, cpu, info, port, to);
  yield* unlockIrqRestore(core, desc + IRQ_DESC.lock, At.started);
}

/** xen_rebind_evtchn_to_cpu: the channel stays masked while it moves. */
export function* rebind(os: Linux, cpu: LinuxCpu, info: Addr, port: Port, to: Vcpu): Kernel {
  const { core } = cpu;
  core.at(At.affinity);
  yield* doMask(os, cpu, info, MASK_REASON.temporary);
  core.at(At.affinity);
  core.free(4);
  yield* os.hypercalls.bindVcpu(core, port, to);
  core.at(At.affinity);
  core.load32(info + IRQ_INFO.cpu, NOW);
  yield* bindToCpu(os, cpu, info, port, core.lo, to);
  core.at(At.affinity);
  yield* doUnmask(os, cpu, info, MASK_REASON.temporary);
}
