/** The null scheduler (xen/common/sched/null.c): every vCPU has its pCPU to itself. */

import { type Core, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { VCPU } from '../layout.ts';
import type { Pcpu } from '../pcpu.ts';
import { Runstate, type VirtualCpu } from '../virtual-cpu.ts';
import type { Scheduler, SchedulerHost } from './scheduler.ts';

const file = new SourceFile('xen/common/sched/null.c');
const AT = {
  wake: file.fn('null_unit_wake').site('tickle its pCPU', 20),
  pick: file.fn('null_schedule').site('the unit of this pCPU', 24),
};

/** One vCPU for each pCPU; the others wait for ever. */
export class NullScheduler implements Scheduler {
  readonly name = 'null';

  wake(_host: SchedulerHost, core: Core): boolean {
    core.at(AT.wake);
    core.free(10);
    return true;
  }

  pick(host: SchedulerHost, pcpu: Pcpu, runnable: boolean): VirtualCpu | undefined {
    const { core } = pcpu;
    core.at(AT.pick);
    core.free(12);
    const unit = host.unitsOf(pcpu)[0];
    if (unit === undefined) return undefined;
    const t = core.load32(unit.base + VCPU.runstate, NOW);
    const state = core.lo;
    return core.branch(state === Runstate.runnable || (unit === pcpu.current && runnable), t)
      ? unit
      : undefined;
  }

  sliceEnded(): boolean {
    return false;
  }
}
