/**
 * cpu_raise_softirq and the IPI behind it (fact sheet on Xen, 3.3; rungs 7 and 8 of 3.4). Every access to a line that
 * pCPUs share is a step of its own.
 */
import type { Ready } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { HostVector, type Pcpu } from './pcpu.ts';
import { Softirq, type SoftirqCode } from './softirq-bits.ts';
import type { Xen } from './xen.ts';

const softirq = new SourceFile('xen/common/softirq.c', 'raise');
const smp = new SourceFile('xen/arch/x86/smp.c');

const At = {
  raise: softirq.fn('cpu_raise_softirq').site('set the softirq bit', 16),
  maps: smp.fn('send_IPI_mask').site('read-lock of the CPU maps', 14),
  icr: smp.fn('send_IPI_mask_x2apic').site('write the ICR', 12),
};

/** Sends an IPI to a pCPU. From an interrupt handler the lock of the CPU maps is left alone. */
export function* sendIpi(xen: Xen, core: Core, target: Pcpu, vector: number): Kernel {
  if (!xen.pcpuOf(core).irqsOff) {
    core.at(At.maps);
    if (core.behind(NOW)) yield;
    core.lockAdd32(xen.cpuMapsLock, 1, NOW);
    core.free(4);
    if (core.behind(NOW)) yield;
    core.lockAdd32(xen.cpuMapsLock, -1, NOW);
  }
  core.at(At.icr);
  core.free(6);
  core.serialising(core.machine.n.ipiSendCycles);
  xen.stats.ipis++;
  xen.hardware.interrupt(target, vector, core.now + core.machine.ipiFlightCycles);
}

/** cpu_raise_softirq, in the form that knows of MWAIT (Xen 4.21). `code` is one of `Softirq`. */
export function* cpuRaiseSoftirq(xen: Xen, core: Core, target: Pcpu, code: SoftirqCode): Kernel {
  core.at(At.raise);
  core.free(4);
  let t: Ready;
  let inMwait: boolean;
  for (;;) {
    if (core.behind(NOW)) yield;
    t = core.load64(target.irqStat, NOW);
    const softirqs = core.lo;
    const { hi } = core;
    inMwait = hi !== 0;
    if (core.branch((softirqs & (1 << code)) !== 0, t)) {
      if (code === Softirq.vcpuKick) xen.stats.kick_pending++;
      return;
    }
    if (core.behind(t)) yield;
    t = core.cmpxchg64(target.irqStat, softirqs, hi, softirqs | (1 << code), hi, t);
    if (core.jcc(core.lo === 1, t)) break;
    core.at(At.raise);
  }
  if (core.branch(inMwait, t)) {
    xen.stats.mwait_wakes++;
    xen.hardware.wake(target, core.now);
    return;
  }
  if (core.branch(target === xen.pcpuOf(core), NOW)) return;
  yield* sendIpi(xen, core, target, HostVector.eventCheck);
}
