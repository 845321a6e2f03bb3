/**
 * A pCPU that a trace says was given to somebody outside, and given back: the vCPU it is taken from is runnable but
 * does not run (fact sheet on Xen, 5.4). Who has it meanwhile, and why the scheduler chose so, is not modelled: the
 * timer of the pCPU decides, and a pause flag of ours keeps the vCPU from being picked.
 */

import { type Core, type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { VCPU } from '../layout.ts';
import { spinLock, spinUnlock } from '../locks.ts';
import type { Lend, Pcpu } from '../pcpu.ts';
import { cpuRaiseSoftirq } from '../raise-softirq.ts';
import { Softirq } from '../softirq-bits.ts';
import { PauseFlag, Runstate, type VirtualCpu } from '../virtual-cpu.ts';
import type { Xen } from '../xen.ts';

const file = new SourceFile('(host)', 'lend');
const At = {
  take: file.fn('somebody outside').site('takes the pCPU', 20),
  giveBack: file.fn('somebody outside').site('gives the pCPU back', 20),
};

/** Takes the pCPU from a vCPU that is pinned to it, or gives it back; runs on that pCPU. */
export function* lend(xen: Xen, pcpu: Pcpu, { vcpu, back }: Lend): Kernel {
  const lock = xen.runQueueLock(pcpu);
  const { core } = pcpu;
  yield* spinLock(core, lock);
  const asks = back ? yield* giveBack(xen, core, pcpu, vcpu) : yield* take(core, pcpu, vcpu);
  yield* spinUnlock(core, lock);
  if (asks) yield* cpuRaiseSoftirq(xen, core, pcpu, Softirq.schedule);
}

/** Returns whether schedule() is called for. */
function* take(core: Core, pcpu: Pcpu, vcpu: VirtualCpu): Kernel<boolean> {
  core.at(At.take);
  core.free(6);
  if (core.behind(NOW)) yield;
  core.lockBitSet(vcpu.base + VCPU.pauseFlags, PauseFlag.taken, NOW);
  pcpu.lent++;
  if (core.branch(pcpu.current === vcpu, NOW)) return true;
  core.store32(vcpu.base + VCPU.runstate, Runstate.taken, NOW);
  if (pcpu.loaded === vcpu) pcpu.loaded = undefined;
  return false;
}

/** Returns whether schedule() is called for. */
function* giveBack(xen: Xen, core: Core, pcpu: Pcpu, vcpu: VirtualCpu): Kernel<boolean> {
  core.at(At.giveBack);
  core.free(6);
  if (core.behind(NOW)) yield;
  const tTaken = core.lockBitReset(vcpu.base + VCPU.pauseFlags, PauseFlag.taken, NOW);
  pcpu.lent--;
  // Where schedule() has not taken it off yet, it never left.
  if (core.branch(pcpu.current === vcpu, tTaken)) return false;
  const tFlags = core.load32(vcpu.base + VCPU.pauseFlags, tTaken);
  const blocked = core.branch((core.lo & (1 << PauseFlag.blocked)) !== 0, tFlags);
  core.store32(vcpu.base + VCPU.runstate, blocked ? Runstate.blocked : Runstate.runnable, NOW);
  return !blocked && xen.scheduler.wake(xen, core, pcpu, vcpu);
}
