/**
 * From an event to its handlers: handle_irq_for_port (drivers/xen/events/events_base.c, with is_active, as since
 * 5.12), generic_handle_irq, the two flows that Xen's interrupts have, and the call of the handlers (kernel/irq).
 *
 * Left out: the time limit of the loop after 256 events (its test is charged), IRQ threads, spurious-interrupt
 * polling, CONFIG_IRQ_TIME_ACCOUNTING.
 */
import type { Addr, Port, Ready } from '../../model/units.ts';
import { type Core, type Kernel, NOW } from '../../x86/core.ts';
import { SITE_ADDRESS, SourceFile } from '../../x86/sites.ts';
import { ack, CHIP_ENTRY, maskAck, unmaskIrq } from './chip.ts';
import { HANDLER_SITES, runHandler } from './drivers.ts';
import type { LinuxCpu } from './image.ts';
import {
  ACTION,
  CHIP,
  type ChipName,
  IRQ_DESC,
  IRQ_INFO,
  IRQD,
  IRQS_PENDING,
  IRQT,
  PERCPU,
} from './layout.ts';
import { rawSpinLock, rawSpinUnlock } from './locks.ts';
import { evtchnToIrq, infoForIrq, irqToDesc } from './lookup.ts';
import type { Linux } from './os.ts';

const base = new SourceFile('drivers/xen/events/events_base.c', 'irq');
const forPort = base.fn('handle_irq_for_port');
const generic = new SourceFile('kernel/irq/irqdesc.c', 'generic').fn('generic_handle_irq');
const chip = new SourceFile('kernel/irq/chip.c');
const edge = chip.fn('handle_edge_irq');
const percpu = chip.fn('handle_percpu_irq');
const handle = new SourceFile('kernel/irq/handle.c');
const event = handle.fn('handle_irq_event');
const actions = handle.fn('__handle_irq_event_percpu');

const At = {
  info: forPort.site('irq_info of the port', 24),
  loop: forPort.site('events of this upcall, every 256th looks at the time', 6),
  active: forPort.site('exchange of is_active', 4),
  device: forPort.site('count the event of the device', 6),
  call: forPort.site('generic_handle_irq', 4),
  nobody: forPort.site('no interrupt, or active already', 5),
  generic: generic.site('descriptor, its flow', 12),
  lock: edge.site('raw_spin_lock, istate', 12),
  mayRun: edge.site('in progress, disabled, no action?', 12),
  later: edge.site('leave it to who handles it, mask_ack_irq', 6),
  count: edge.site('kstat_incr_irqs_this_cpu', 8),
  ack: edge.site('irq_ack', 4),
  again: edge.site('came again meanwhile?', 10),
  again2: edge.site('unmask_irq', 4),
  unlock: edge.site('raw_spin_unlock, return', 8),
  percpuCount: percpu.site('kstat_incr_irqs_this_cpu', 8),
  percpuAck: percpu.site('irq_ack', 4),
  percpuEoi: percpu.site('irq_eoi: none', 6),
  progress: event.site('in progress, raw_spin_unlock', 10),
  done: event.site('raw_spin_lock, no longer in progress', 12),
  action: actions.site('handler of the action', 12),
  result: actions.site('result, next action', 10),
  after: actions.site('add_interrupt_randomness, note_interrupt', 10),
};

/** Sites at which the flows start, for the pointers in the descriptors. */
export const FLOW = { edge: At.lock, percpu: At.percpuCount } as const;

/** handle_irq_for_port(port). The caller has made the call. */
export function* handleIrqForPort(os: Linux, cpu: LinuxCpu, port: Port, tPort: Ready): Kernel {
  const { core } = cpu;
  core.at(At.info);
  core.push(3);
  const tIrq = evtchnToIrq(core, os, port, tPort);
  const irq = core.lo;
  let tInfo = tIrq;
  let info: Addr = 0;
  if (!core.branch(irq < 0, tIrq)) {
    tInfo = infoForIrq(core, os, irq, tIrq, At.info);
    info = core.lo;
  }
  if (core.branch(info === 0, tInfo)) {
    leaveForPort(core);
    return;
  }
  core.at(At.loop);
  core.branch(false, core.operand8(core.sp, NOW));
  core.add32(core.sp, 0, NOW);
  core.jcc(false, NOW);
  core.at(At.active);
  core.free(1);
  if (core.behind(tInfo)) yield;
  const tActive = core.xchg32(info + IRQ_INFO.isActive, 1, tInfo);
  if (core.branch(core.lo !== 0, tActive)) {
    leaveForPort(core);
    return;
  }
  core.at(At.device);
  const tType = core.load16(info + IRQ_INFO.type, tInfo);
  if (core.branch(core.lo === IRQT.evtchn, tType)) {
    const tDevice = core.load64(info + IRQ_INFO.dev, tInfo);
    const device = core.lo;
    if (core.branch(device !== 0, tDevice)) core.lockAdd32(device, 1, tDevice);
  }
  core.at(At.call);
  core.call();
  yield* genericHandleIrq(os, cpu, irq, tIrq);
  core.at(At.nobody);
  core.pop(3);
  core.ret();
}

function leaveForPort(core: Core): void {
  core.at(At.nobody);
  core.pop(3);
  core.ret();
}

/** generic_handle_irq(irq). The caller has made the call. */
export function* genericHandleIrq(os: Linux, cpu: LinuxCpu, irq: number, dep: Ready): Kernel {
  const { core } = cpu;
  core.at(At.generic);
  core.push(1);
  const tDesc = irqToDesc(core, os, irq, dep);
  const desc: Addr = core.lo;
  core.at(At.generic);
  core.branch(desc === 0, tDesc);
  core.branch(false, core.load32(desc + IRQ_DESC.settings, tDesc));
  const tFlow = core.operand64(desc + IRQ_DESC.handleIrq, tDesc);
  const isEdge = core.lo === SITE_ADDRESS[FLOW.edge];
  core.indirectCall(isEdge ? FLOW.edge : FLOW.percpu, tFlow);
  if (isEdge) yield* handleEdgeIrq(os, cpu, desc, tDesc);
  else yield* handlePercpuIrq(os, cpu, desc, tDesc);
  core.at(At.generic);
  core.pop(1);
  core.ret();
}

function* handleEdgeIrq(os: Linux, cpu: LinuxCpu, desc: Addr, tDesc: Ready): Kernel {
  const { core } = cpu;
  core.at(At.lock);
  core.push(2);
  yield* rawSpinLock(core, desc + IRQ_DESC.lock, At.lock);
  core.and32(desc + IRQ_DESC.istate, ~0, tDesc);
  core.at(At.mayRun);
  const tCommon = core.load64(desc + IRQ_DESC.common, tDesc);
  const tState = core.load32(desc + IRQ_DESC.state, tCommon);
  const state = core.lo;
  const busy = core.branch((state & IRQD.inProgress) !== 0, tState);
  if (busy || core.branch((state & IRQD.disabled) !== 0, tState)) {
    core.at(At.later);
    core.or32(desc + IRQ_DESC.istate, IRQS_PENDING, tDesc);
    yield* maskAck(os, cpu, desc);
    if (!busy) os.observer.stray(cpu.fresh);
    else if (cpu.fresh) os.image.cameAgain.add(desc);
  } else {
    core.branch(false, core.operand64(desc + IRQ_DESC.action, tDesc));
    core.at(At.count);
    countIrq(core, cpu, desc, tDesc);
    core.add32(desc + IRQ_DESC.kstat + 40, 1, tDesc);
    core.at(At.ack);
    yield* callAck(os, cpu, desc, tDesc);
    let again = true;
    let fresh = cpu.fresh;
    while (again) {
      yield* handleIrqEvent(os, cpu, desc, fresh);
      core.at(At.again);
      const tAgain = core.load32(desc + IRQ_DESC.istate, tDesc);
      again = core.branch((core.lo & IRQS_PENDING) !== 0, tAgain);
      if (!again) break;
      fresh = os.image.cameAgain.delete(desc);
      const tNow = core.load32(desc + IRQ_DESC.state, tDesc);
      again = core.branch((core.lo & IRQD.disabled) === 0, tNow);
      if (!again && fresh) os.observer.stray(true);
      if (again && core.branch((core.lo & IRQD.masked) !== 0, tNow)) {
        core.at(At.again2);
        yield* unmaskIrq(os, cpu, desc);
      }
    }
  }
  core.at(At.unlock);
  yield* rawSpinUnlock(core, desc + IRQ_DESC.lock);
  core.pop(2);
  core.ret();
}

function* handlePercpuIrq(os: Linux, cpu: LinuxCpu, desc: Addr, tDesc: Ready): Kernel {
  const { core } = cpu;
  core.at(At.percpuCount);
  core.push(2);
  countIrq(core, cpu, desc, tDesc);
  core.at(At.percpuAck);
  yield* callAck(os, cpu, desc, tDesc);
  yield* runActions(os, cpu, desc, cpu.fresh);
  core.at(At.percpuEoi);
  core.branch(true, core.operand64(desc + IRQ_DESC.chip, tDesc));
  core.pop(2);
  core.ret();
}

/** kstat_incr_irqs_this_cpu: a counter of the interrupt and one of the CPU. */
function countIrq(core: Core, cpu: LinuxCpu, desc: Addr, tDesc: Ready): void {
  const tKstat = core.load64(desc + IRQ_DESC.kstat, tDesc);
  const counts = core.lo;
  core.add32(cpu.pcpu + counts, 1, tKstat);
  core.add64(cpu.pcpu + PERCPU.irqsSum, 1, NOW);
}

/** desc->irq_data.chip->irq_ack. */
function* callAck(os: Linux, cpu: LinuxCpu, desc: Addr, tDesc: Ready): Kernel {
  const { core } = cpu;
  const tChip = core.load64(desc + IRQ_DESC.chip, tDesc);
  const name: ChipName = os.image.chipAt(core.lo);
  core.indirectCall(CHIP_ENTRY[name], core.operand64(core.lo + CHIP.ack, tChip));
  yield* ack(os, cpu, desc, name);
}

/** handle_irq_event: desc->lock is dropped while the handlers run. */
function* handleIrqEvent(os: Linux, cpu: LinuxCpu, desc: Addr, fresh: boolean): Kernel {
  const { core } = cpu;
  core.call();
  core.at(At.progress);
  core.push(2);
  core.and32(desc + IRQ_DESC.istate, ~IRQS_PENDING, NOW);
  core.or32(desc + IRQ_DESC.state, IRQD.inProgress, NOW);
  yield* rawSpinUnlock(core, desc + IRQ_DESC.lock);
  yield* runActions(os, cpu, desc, fresh);
  yield* rawSpinLock(core, desc + IRQ_DESC.lock, At.done);
  core.and32(desc + IRQ_DESC.state, ~IRQD.inProgress, NOW);
  core.pop(2);
  core.ret();
}

/** handle_irq_event_percpu. */
function* runActions(os: Linux, cpu: LinuxCpu, desc: Addr, fresh: boolean): Kernel {
  const { core } = cpu;
  core.call();
  core.at(At.action);
  core.push(3);
  let tAction = core.load64(desc + IRQ_DESC.action, NOW);
  let action: Addr = core.lo;
  let ran = 0;
  for (; action !== 0; ran++) {
    core.at(At.action);
    core.load64(action + ACTION.devId, tAction);
    const device = core.lo;
    const tHandler = core.load64(action + ACTION.handler, tAction);
    const site = HANDLER_SITES.find((s) => SITE_ADDRESS[s] === core.lo)!;
    os.observer.handled(cpu.port, fresh, core);
    core.indirectCall(site, tHandler);
    yield* runHandler(os, cpu, site, device, desc);
    core.at(At.result);
    core.branch(false, NOW);
    tAction = core.load64(action + ACTION.next, tAction);
    action = core.lo;
    core.branch(action !== 0, tAction);
  }
  if (ran === 0) os.observer.stray(fresh);
  core.at(At.after);
  core.lump(os.lumps.linuxRandomnessCycles);
  core.branch(false, core.operand32(desc + IRQ_DESC.settings, NOW));
  core.pop(3);
  core.ret();
}
