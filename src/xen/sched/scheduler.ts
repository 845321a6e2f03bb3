/**
 * What a scheduler of Xen decides. Its lock, the switch and the wake-up around it are in schedule.ts and wake.ts;
 * vCPUs are pinned here, so which pCPU takes a vCPU is not a question (docs/hypervisor.md).
 */
import type { Cycle } from '../../model/units.ts';
import type { Core } from '../../x86/core.ts';
import type { Machine } from '../../x86/machine.ts';
import type { Pcpu } from '../pcpu.ts';
import type { VirtualCpu } from '../virtual-cpu.ts';

/** The host as a scheduler sees it. */
export interface SchedulerHost {
  readonly machine: Machine;
  /** The vCPUs pinned to a pCPU. */
  unitsOf(pcpu: Pcpu): readonly VirtualCpu[];
  /** Sets the timer of a pCPU, which has one; Infinity stops it. */
  setTimer(pcpu: Pcpu, cycle: Cycle): void;
}

/** A scheduler with its queues. Its methods are called under the run queue's lock. */
export interface Scheduler {
  readonly name: string;
  /** A vCPU was unblocked; whether its pCPU is to be told by a SCHEDULE softirq. */
  wake(host: SchedulerHost, core: Core, pcpu: Pcpu, vcpu: VirtualCpu): boolean;
  /** Who runs on this pCPU from now on; undefined for the idle vCPU. `runnable`: the current one could go on. */
  pick(host: SchedulerHost, pcpu: Pcpu, runnable: boolean): VirtualCpu | undefined;
  /** The timer softirq of a pCPU: whether a slice has ended, so that schedule() is called for. */
  sliceEnded(pcpu: Pcpu): boolean;
}
