/** Switches of the vCPU of a pCPU, for laws: who is blocked is set by hand, the rest is Xen's. */
import type { BenchGuest } from '../../src/lab/bench-guest.ts';
import type { Kernel } from '../../src/x86/core.ts';
import { VCPU } from '../../src/xen/layout.ts';
import { schedule } from '../../src/xen/sched/schedule.ts';
import { PauseFlag, Runstate, type VirtualCpu } from '../../src/xen/virtual-cpu.ts';
import { pcpuOf } from './host.ts';

function set({ guest: { memory } }: BenchGuest, { base }: VirtualCpu, runs: boolean): void {
  memory.poke32(base + VCPU.pauseFlags, runs ? 0 : 1 << PauseFlag.blocked);
  memory.poke32(base + VCPU.runstate, runs ? Runstate.runnable : Runstate.blocked);
}

/** The SCHEDULE softirq when nothing has changed: the vCPU goes on. */
export function scheduleOnly(bench: BenchGuest): Kernel {
  return schedule(bench.guest.xen, pcpuOf(bench));
}

/** The guest's vCPU blocks and that of another domain runs. */
export function switchToHog(bench: BenchGuest): Kernel {
  set(bench, bench.guest.domain.virtualCpus[0]!, false);
  set(bench, bench.guest.hogs[0]!.vcpu, true);
  return scheduleOnly(bench);
}

/** The guest's vCPU blocks, the idle one runs; then the guest's again. */
export function* idleAndBack(bench: BenchGuest): Kernel {
  const vcpu = bench.guest.domain.virtualCpus[0]!;
  set(bench, vcpu, false);
  yield* scheduleOnly(bench);
  set(bench, vcpu, true);
  yield* scheduleOnly(bench);
}
