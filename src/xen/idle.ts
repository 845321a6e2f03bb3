/** The idle vCPU: softirqs, then the C-state until an interrupt or, with MWAIT, a store to irq_stat ends it. */
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { takeInterrupts } from './host-interrupts.ts';
import { IRQ_STAT, Mode, type Pcpu } from './pcpu.ts';
import { doSoftirq } from './softirq.ts';
import type { Xen } from './xen.ts';

const fn = new SourceFile('xen/arch/x86/domain.c', 'idle').fn('idle_loop');
const At = {
  look: fn.site('softirqs pending?', 20),
  monitor: fn.site('monitor irq_stat', 12),
  leave: fn.site('leave the C-state', 10),
};

/**
 * The idle loop of a pCPU; never ends. Where it stands in its C-state it yields with the pCPU in `Mode.idle`, and
 * goes on when the hardware resumes it.
 */
export function* idleLoop(xen: Xen, pcpu: Pcpu): Kernel {
  const { core } = pcpu;
  for (;;) {
    pcpu.mode = Mode.root;
    yield* takeInterrupts(xen, pcpu);
    core.at(At.look);
    core.free(6);
    if (core.behind(NOW)) yield;
    const t = core.load32(pcpu.irqStat + IRQ_STAT.softirqs, NOW);
    if (core.branch(core.lo !== 0, t)) {
      yield* doSoftirq(xen, pcpu);
      continue;
    }
    if (pcpu.interrupts !== 0) continue;
    // Somebody outside does not wait in MWAIT.
    const mwait = core.machine.n.idleMwait === 1 && pcpu.lent === 0;
    if (mwait) {
      core.at(At.monitor);
      if (core.behind(NOW)) yield;
      core.store32(pcpu.irqStat + IRQ_STAT.inMwait, 1, NOW);
      // A softirq that was raised before the flag stood there came without a wake-up.
      if (core.behind(NOW)) yield;
      const tAgain = core.load32(pcpu.irqStat + IRQ_STAT.softirqs, NOW);
      if (core.branch(core.lo !== 0, tAgain) || pcpu.interrupts !== 0) {
        core.store32(pcpu.irqStat + IRQ_STAT.inMwait, 0, NOW);
        continue;
      }
    }
    pcpu.mode = Mode.idle;
    yield;
    pcpu.mode = Mode.root;
    core.at(At.leave);
    if (mwait) {
      if (core.behind(NOW)) yield;
      core.store32(pcpu.irqStat + IRQ_STAT.inMwait, 0, NOW);
    }
    core.free(4);
  }
}
