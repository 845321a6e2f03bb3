/**
 * End of interrupt after an upcall: row X2 and X3 of the fact sheet on FreeBSD (2.9). Needed when the event came
 * through the vCPU's local APIC, as a vector or as a line. What the access costs is Xen's (src/xen/hvm-exits.ts).
 */
import { type Kernel, NOW } from '../x86/core.ts';
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

/** Does the EOI if the guest needs one. */
export function* endOfInterrupt(os: FreeBsd, cpu: KernelCpu): Kernel {
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
  yield* os.hardware.eoi(core);
  core.at(AT_EOI);
  core.ret();
}
