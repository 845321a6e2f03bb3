/** A virtual IPI: the guest writes the ICR of its local APIC and Xen sends for it (vlapic_ipi of vlapic.c). */
import type { Kernel } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { exited } from './hvm-exits.ts';
import type { Pcpu } from './pcpu.ts';
import type { VirtualCpu } from './virtual-cpu.ts';
import { vlapicSetIrq } from './vlapic.ts';
import { vmEntry } from './vmexit.ts';
import type { Xen } from './xen.ts';

const AT_IPI = new SourceFile('xen/arch/x86/hvm/vlapic.c', 'ipi')
  .fn('vlapic_ipi')
  .site('emulation of the write, destination', 60);

/**
 * The exit for a write of the ICR that names one vCPU. The model keeps one vector for each vCPU, so the IPI has the
 * vector of the target's upcalls.
 */
export function* icrWriteExit(xen: Xen, pcpu: Pcpu, target: VirtualCpu): Kernel {
  const { core } = pcpu;
  yield* exited(xen, pcpu, 'exits_apic');
  core.at(AT_IPI);
  core.lump(core.machine.n.apicEmulationCycles);
  yield* vlapicSetIrq(xen, core, target, false);
  yield* vmEntry(xen, pcpu);
  yield;
}
