/** Waking and kicking a vCPU: vcpu_kick and vcpu_unblock (fact sheet on Xen, 3.3; rung 6 of 3.4). */

import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { VCPU } from './layout.ts';
import { cpuRaiseSoftirq } from './raise-softirq.ts';
import { wake } from './sched/wake.ts';
import { Softirq } from './softirq-bits.ts';
import { PauseFlag, type VirtualCpu } from './virtual-cpu.ts';
import type { Xen } from './xen.ts';

const domain = new SourceFile('xen/arch/x86/domain.c', 'kick');
const sched = new SourceFile('xen/common/sched/core.c', 'unblock');

const At = {
  running: domain.fn('vcpu_kick').site('is it running?', 8),
  kick: domain.fn('vcpu_kick').site('its pCPU', 6),
  unblock: sched.fn('vcpu_unblock').site('clear the blocked bit', 12),
};

/** vcpu_unblock: wakes the vCPU if it was blocked. Returns whether it was. */
export function* vcpuUnblock(xen: Xen, core: Core, vcpu: VirtualCpu): Kernel<boolean> {
  core.at(At.unblock);
  if (core.behind(NOW)) yield;
  const t = core.lockBitReset(vcpu.base + VCPU.pauseFlags, PauseFlag.blocked, NOW);
  if (!core.branch(core.lo !== 0, t)) return false;
  xen.stats.wakes++;
  yield* wake(xen, core, vcpu);
  return true;
}

/** vcpu_kick: the vCPU is to look at its events soon, wherever it is. */
export function* vcpuKick(xen: Xen, core: Core, vcpu: VirtualCpu): Kernel {
  core.at(At.running);
  if (core.behind(NOW)) yield;
  const tRunning = core.load32(vcpu.base + VCPU.isRunning, NOW);
  const wasRunning = core.lo !== 0;
  const woken = yield* vcpuUnblock(xen, core, vcpu);
  if (!core.branch(wasRunning, tRunning)) {
    if (!woken) xen.stats.not_running++;
    return;
  }
  core.at(At.kick);
  const here = xen.pcpuOf(core);
  if (core.branch(here.current === vcpu && !here.irqsOff, NOW)) {
    xen.stats.self_kicks++;
    return;
  }
  core.load32(vcpu.base + VCPU.processor, NOW);
  yield* cpuRaiseSoftirq(xen, core, xen.pcpus[core.lo]!, Softirq.vcpuKick);
}
