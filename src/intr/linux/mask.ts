/** do_mask and do_unmask of drivers/xen/events/events_base.c: why a channel is masked, under its own lock. */
import type { Addr } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { LinuxCpu } from './image.ts';
import { IRQ_INFO } from './layout.ts';
import { lockIrqSave, unlockIrqRestore } from './locks.ts';
import type { Linux } from './os.ts';

const file = new SourceFile('drivers/xen/events/events_base.c', 'mask');
const maskFn = file.fn('do_mask');
const unmaskFn = file.fn('do_unmask');

const At = {
  mask: maskFn.site('raw_spin_lock_irqsave', 12),
  maskReason: maskFn.site('first reason: mask the channel', 8),
  masked: maskFn.site('raw_spin_unlock_irqrestore', 8),
  unmask: unmaskFn.site('raw_spin_lock_irqsave', 12),
  unmaskReason: unmaskFn.site('last reason: unmask the channel', 10),
  unmasked: unmaskFn.site('raw_spin_unlock_irqrestore', 8),
};

/** do_mask(info, reason). The call is charged here. */
export function* doMask(os: Linux, cpu: LinuxCpu, info: Addr, reason: number): Kernel {
  const { core } = cpu;
  core.call();
  core.at(At.mask);
  core.push(2);
  yield* lockIrqSave(core, info + IRQ_INFO.lock, At.mask);
  core.at(At.maskReason);
  const tReason = core.load8(info + IRQ_INFO.maskReason, NOW);
  const old = core.lo;
  if (core.branch(old === 0, tReason)) {
    core.load32(info + IRQ_INFO.evtchn, NOW);
    yield* os.ops.mask(os, cpu, core.lo);
    core.at(At.maskReason);
  }
  core.store8(info + IRQ_INFO.maskReason, old | reason, core.alu(tReason));
  yield* unlockIrqRestore(core, info + IRQ_INFO.lock, At.masked);
  core.pop(2);
  core.ret();
}

/** do_unmask(info, reason). The call is charged here. */
export function* doUnmask(os: Linux, cpu: LinuxCpu, info: Addr, reason: number): Kernel {
  const { core } = cpu;
  core.call();
  core.at(At.unmask);
  core.push(2);
  yield* lockIrqSave(core, info + IRQ_INFO.lock, At.unmask);
  core.at(At.unmaskReason);
  const tReason = core.load8(info + IRQ_INFO.maskReason, NOW);
  const left = core.lo & ~reason;
  core.store8(info + IRQ_INFO.maskReason, left, core.alu(tReason));
  if (core.branch(left === 0, tReason)) {
    core.load32(info + IRQ_INFO.evtchn, NOW);
    yield* os.ops.unmask(os, cpu, core.lo);
  }
  yield* unlockIrqRestore(core, info + IRQ_INFO.lock, At.unmasked);
  core.pop(2);
  core.ret();
}
