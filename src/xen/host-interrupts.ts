/**
 * Physical interrupts that a pCPU takes while it is in Xen, or that took it out of a guest: acknowledged and
 * dispatched with interrupts off. What a VIRQ's or PIRQ's interrupt raises goes by way of a tasklet.
 */
import type { Kernel } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { HostVector, type Pcpu } from './pcpu.ts';
import { cpuRaiseSoftirq } from './raise-softirq.ts';
import { Softirq } from './softirq-bits.ts';
import type { Xen } from './xen.ts';

const file = new SourceFile('xen/arch/x86/irq.c');

const At = {
  ack: file.fn('do_IRQ').site('acknowledge and dispatch', 40),
  guest: file.fn('__do_IRQ_guest').site('PIRQ of a guest', 20),
};

/** Takes every interrupt that has arrived. */
export function* takeInterrupts(xen: Xen, pcpu: Pcpu): Kernel {
  const { core } = pcpu;
  while (pcpu.interrupts !== 0) {
    const vector = 31 - Math.clz32(pcpu.interrupts & -pcpu.interrupts);
    pcpu.interrupts &= pcpu.interrupts - 1;
    core.at(At.ack);
    core.serialising(core.machine.n.hostInterruptCycles);
    pcpu.irqsOff = true;
    if (vector === HostVector.timer) yield* cpuRaiseSoftirq(xen, core, pcpu, Softirq.timer);
    else if (vector === HostVector.postedInterrupt) {
      yield* cpuRaiseSoftirq(xen, core, pcpu, Softirq.vcpuKick);
    } else if (vector === HostVector.device) {
      for (let next = pcpu.pirqs.shift(); next !== undefined; next = pcpu.pirqs.shift()) {
        core.at(At.guest);
        core.free(12);
        yield* next.source.raise(core, next.port);
      }
    }
    pcpu.irqsOff = false;
  }
}
