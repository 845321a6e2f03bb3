/**
 * End of interrupt after an upcall: row X2 and X3 of the fact sheet on FreeBSD (2.9). Needed when the event came
 * through the vCPU's local APIC, that is when HVMOP_set_evtchn_upcall_vector worked: the model's only mode.
 * The cost, with its VM exit where the machine has one, is a lump.
 */
import { type Core, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import type { KernelCpu } from './kernel-image.ts';
import type { FreeBsd } from './os.ts';
import { GENERATION_A, perGeneration } from './source-files.ts';

const lapic = new SourceFile('sys/x86/x86/local_apic.c').fn('native_lapic_eoi');

const AT_EOI = lapic.site('X3 EOI of the upcall vector', 8);
const AT_TEST = perGeneration('eoi', ({ id, arch }) =>
  arch
    .fn(id === GENERATION_A ? 'xen_intr_handle_upcall' : 'xen_arch_intr_handle_upcall')
    .site('X2 needs an EOI?', 4),
);

/** The access to the local APIC that ends the interrupt, whatever the operating system. */
export function writeEoi(core: Core): void {
  core.transition(core.machine.n.eoiCycles);
}

/** Does the EOI if the guest needs one. */
export function endOfInterrupt(os: FreeBsd, cpu: KernelCpu): void {
  const { core } = cpu;
  const { statics } = os.image;
  core.at(AT_TEST[os.generation.id]);
  const tNeeds = core.operand32(statics.needsAck, NOW);
  if (!core.branch(core.lo !== 0, tNeeds)) return;
  const tEoi = core.operand64(statics.apicEoi, NOW);
  core.indirectCall(AT_EOI, tEoi);
  core.at(AT_EOI);
  core.branch(true, core.operand32(statics.x2apicMode, NOW));
  core.free(3);
  writeEoi(core);
  core.ret();
}
