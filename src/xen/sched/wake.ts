/** vcpu_wake: a blocked vCPU becomes runnable and its pCPU is told if the scheduler says so (5.3, 5.5). */

import { type Core, type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { VCPU } from '../layout.ts';
import { spinLock, spinUnlock } from '../locks.ts';
import { cpuRaiseSoftirq } from '../raise-softirq.ts';
import { Softirq } from '../softirq-bits.ts';
import { Runstate, type VirtualCpu } from '../virtual-cpu.ts';
import type { Xen } from '../xen.ts';

const AT_WAKE = new SourceFile('xen/common/sched/core.c', 'wake')
  .fn('vcpu_wake')
  .site('runstate, run queue', 40);

/** Wakes a vCPU whose blocked bit was cleared by the caller. */
export function* wake(xen: Xen, core: Core, vcpu: VirtualCpu): Kernel {
  const pcpu = xen.pcpus[vcpu.pcpu]!;
  const lock = xen.runQueueLock(pcpu);
  yield* spinLock(core, lock);
  core.at(AT_WAKE);
  core.free(14);
  const t = core.load32(vcpu.base + VCPU.runstate, NOW);
  let tickle = false;
  if (core.branch(core.lo === Runstate.blocked, t)) {
    core.store32(vcpu.base + VCPU.runstate, Runstate.runnable, NOW);
    tickle = xen.scheduler.wake(xen, core, pcpu, vcpu);
  }
  yield* spinUnlock(core, lock);
  if (tickle) yield* cpuRaiseSoftirq(xen, core, pcpu, Softirq.schedule);
}
