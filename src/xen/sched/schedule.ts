/**
 * schedule() and context_switch(): who runs on a pCPU next, and what the switch costs (fact sheet on Xen, 5.3).
 * Going idle is lazy: the state of the last vCPU stays loaded, and coming back to it is cheap.
 */

import { type Kernel, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { VCPU } from '../layout.ts';
import { spinLock, spinUnlock } from '../locks.ts';
import type { Pcpu } from '../pcpu.ts';
import { PauseFlag, Runstate, type VirtualCpu } from '../virtual-cpu.ts';
import type { Xen } from '../xen.ts';

const sched = new SourceFile('xen/common/sched/core.c', 'schedule');
const domain = new SourceFile('xen/arch/x86/domain.c', 'switch');

const At = {
  schedule: sched.fn('schedule').site('pick, runstates, timers', 120),
  lazy: domain.fn('context_switch').site('lazy switch', 24),
  full: domain.fn('__context_switch').site('save and load the whole state', 80),
  ibpb: domain.fn('context_switch').site('IBPB', 6),
};

/** The SCHEDULE softirq of a pCPU. It returns when the vCPU that called it runs again. */
export function* schedule(xen: Xen, pcpu: Pcpu): Kernel {
  const { core } = pcpu;
  const lock = xen.runQueueLock(pcpu);
  const previous = pcpu.current;
  yield* spinLock(core, lock);
  core.at(At.schedule);
  core.lump(core.machine.n.scheduleCycles);
  let runnable = false;
  if (previous !== undefined) {
    if (core.behind(NOW)) yield;
    const t = core.load32(previous.base + VCPU.pauseFlags, NOW);
    const flags = core.lo;
    runnable = core.branch(flags === 0, t);
    const taken = (flags & (1 << PauseFlag.taken)) !== 0;
    const state = runnable ? Runstate.runnable : taken ? Runstate.taken : Runstate.blocked;
    core.store32(previous.base + VCPU.runstate, state, NOW);
    // Whoever has the pCPU next loads a state of his own.
    if (taken) pcpu.loaded = undefined;
  }
  const next = xen.scheduler.pick(xen, pcpu, runnable);
  core.at(At.schedule);
  if (next !== undefined) core.store32(next.base + VCPU.runstate, Runstate.running, NOW);
  yield* spinUnlock(core, lock);
  if (next !== previous) yield* contextSwitch(xen, pcpu, previous, next);
}

function* contextSwitch(
  xen: Xen,
  pcpu: Pcpu,
  previous: VirtualCpu | undefined,
  next: VirtualCpu | undefined,
): Kernel {
  const { core } = pcpu;
  const { n } = core.machine;
  core.at(At.lazy);
  core.free(10);
  if (core.behind(NOW)) yield;
  if (previous !== undefined) core.store32(previous.base + VCPU.isRunning, 0, NOW);
  if (next !== undefined) core.store32(next.base + VCPU.isRunning, 1, NOW);
  pcpu.current = next;
  xen.stats.switches++;
  if (next !== undefined && next !== pcpu.loaded) {
    core.at(At.full);
    core.lump(n.contextSwitchCycles);
    pcpu.loaded = next;
    if (n.ibpbCycles > 0) {
      core.at(At.ibpb);
      core.transition(n.ibpbCycles);
      core.predictor.forget();
    }
  }
  xen.hardware.switchTo(pcpu, next);
  yield;
}
