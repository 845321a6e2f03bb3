/** do_softirq: what was put off until interrupts are on (fact sheet on Xen, 4.5), the lowest bit first. */
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { vcpuUnblock } from './kick.ts';
import { spinLock, spinUnlock } from './locks.ts';
import { IRQ_STAT, type Pcpu } from './pcpu.ts';
import { cpuRaiseSoftirq } from './raise-softirq.ts';
import { lend } from './sched/lend.ts';
import { schedule } from './sched/schedule.ts';
import { Softirq } from './softirq-bits.ts';
import type { Xen } from './xen.ts';

const file = new SourceFile('xen/common/softirq.c', 'do');
const timer = new SourceFile('xen/common/timer.c');
const taskletFile = new SourceFile('xen/common/tasklet.c', 'run');

const At = {
  look: file.fn('__do_softirq').site('lowest pending bit', 14),
  timer: timer.fn('timer_softirq_action').site('expired timers', 60),
  tasklet: taskletFile.fn('tasklet_softirq_action').site('next tasklet', 20),
};

/** Runs the softirqs of this pCPU until none is pending. */
export function* doSoftirq(xen: Xen, pcpu: Pcpu): Kernel {
  const { core } = pcpu;
  for (;;) {
    core.at(At.look);
    core.free(6);
    if (core.behind(NOW)) yield;
    const t = core.load32(pcpu.irqStat + IRQ_STAT.softirqs, NOW);
    if (core.branch(core.lo === 0, t)) return;
    const bit = 31 - Math.clz32(core.lo & -core.lo);
    if (core.behind(t)) yield;
    core.lockBitReset(pcpu.irqStat + IRQ_STAT.softirqs, bit, t);
    if (bit === Softirq.timer) yield* timers(xen, pcpu);
    else if (bit === Softirq.schedule) yield* schedule(xen, pcpu);
    else if (bit === Softirq.tasklet) yield* tasklets(xen, pcpu);
  }
}

/** Expired timers: VIRQs they raise with interrupts off, vCPUs they wake, the pCPU lent, the end of a slice. */
function* timers(xen: Xen, pcpu: Pcpu): Kernel {
  const { core } = pcpu;
  core.at(At.timer);
  core.lump(core.machine.n.timerSoftirqCycles);
  for (let next = pcpu.virqs.shift(); next !== undefined; next = pcpu.virqs.shift()) {
    pcpu.irqsOff = true;
    yield* next.source.raise(core, next.port);
    pcpu.irqsOff = false;
  }
  for (let vcpu = pcpu.timers.shift(); vcpu !== undefined; vcpu = pcpu.timers.shift()) {
    yield* vcpuUnblock(xen, core, vcpu);
  }
  for (let next = pcpu.lends.shift(); next !== undefined; next = pcpu.lends.shift()) {
    yield* lend(xen, pcpu, next);
  }
  if (xen.scheduler.sliceEnded(pcpu)) yield* cpuRaiseSoftirq(xen, core, pcpu, Softirq.schedule);
}

function* tasklets(xen: Xen, pcpu: Pcpu): Kernel {
  const { core } = pcpu;
  for (let next = pcpu.tasklets.shift(); next !== undefined; next = pcpu.tasklets.shift()) {
    yield* spinLock(core, xen.taskletLock);
    core.at(At.tasklet);
    core.free(10);
    yield* spinUnlock(core, xen.taskletLock);
    yield* next.source.assertUpcall(core, next.vcpu);
  }
}
