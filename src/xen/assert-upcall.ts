/**
 * hvm_assert_evtchn_irq: from a vCPU whose upcall was newly marked to the interrupt that tells it (fact sheet on
 * Xen, 3.3). With interrupts off the work is put off to a tasklet of this pCPU (3.6).
 */

import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import type { CallbackLine } from './callback-line.ts';
import type { EventSource } from './event-source.ts';
import { vcpuKick } from './kick.ts';
import { VCPU } from './layout.ts';
import { spinLock, spinUnlock } from './locks.ts';
import { cpuRaiseSoftirq } from './raise-softirq.ts';
import { Softirq } from './softirq-bits.ts';
import type { VirtualCpu } from './virtual-cpu.ts';
import { vlapicSetIrq } from './vlapic.ts';
import type { Xen } from './xen.ts';

const irq = new SourceFile('xen/arch/x86/hvm/irq.c', 'assert');
const tasklet = new SourceFile('xen/common/tasklet.c', 'schedule');

const At = {
  how: irq.fn('hvm_assert_evtchn_irq').site('vector, callback type', 14),
  tasklet: tasklet.fn('tasklet_schedule').site('list of this pCPU', 14),
};

/**
 * Raises the interrupt of a marked vCPU.
 *
 * @param source the domain, for the tasklet that asks again
 * @param line its callback line, where the mode has one
 */
export function* assertUpcall(
  xen: Xen,
  core: Core,
  source: EventSource,
  line: CallbackLine | undefined,
  vcpu: VirtualCpu,
): Kernel {
  const here = xen.pcpuOf(core);
  core.at(At.how);
  core.free(3);
  if (core.branch(here.irqsOff, NOW)) {
    xen.stats.tasklets++;
    yield* spinLock(core, xen.taskletLock);
    core.at(At.tasklet);
    core.free(8);
    here.tasklets.push({ source, vcpu });
    yield* cpuRaiseSoftirq(xen, core, here, Softirq.tasklet);
    yield* spinUnlock(core, xen.taskletLock);
    return;
  }
  const tVector = core.load32(vcpu.base + VCPU.upcallVector, NOW);
  if (core.branch(xen.mode.lapic, tVector)) {
    core.branch(true, core.load32(vcpu.base + VCPU.lapicEnabled, NOW));
    yield* vlapicSetIrq(xen, core, vcpu, false);
  } else if (line === undefined) yield* vcpuKick(xen, core, vcpu);
  else if (core.branch(vcpu.id === 0, NOW)) yield* line.update(core);
}
