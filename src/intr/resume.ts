/**
 * What generations A and C share of xen_intr_resume: the per-CPU masks and the mask words as at boot, and a VIRQ or
 * IPI that is bound again (fact sheet on FreeBSD, 3.9). It runs on one CPU while the others are stopped.
 */
import type { Addr, Port } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { ChannelKind, SHARED_INFO } from '../xen/abi.ts';
import { assignCpu } from './assign-cpu.ts';
import type { KernelCpu } from './kernel-image.ts';
import { EVTCHN_TYPE } from './layout.ts';
import { unmaskPort } from './local-unmask.ts';
import type { FreeBsd } from './os.ts';
import { perGeneration } from './source-files.ts';

const AT = perGeneration('resume', ({ common }) => {
  const resume = common.fn('xen_intr_resume');
  const rebind = common.fn('xen_rebind_ipi, xen_rebind_virq');
  return {
    enabled: resume.site('memset of evtchn_enabled of each CPU', 8),
    mask: resume.site('mask all ports', 6),
    rebind: rebind.site('EVTCHNOP_bind_ipi or EVTCHNOP_bind_virq', 16),
    fill: rebind.site('port, cpu := 0', 4),
    assign: rebind.site('assign_cpu', 6),
    unmask: rebind.site('EVTCHNOP_unmask', 4),
  };
});

/** Words of the enabled bitmap of a CPU, and of the mask. */
const WORDS = 64;

/** Nothing is enabled but on CPU 0, where everything is; every port is masked. */
export function* resetMasks(os: FreeBsd, cpu: KernelCpu): Kernel {
  const { core } = cpu;
  const { image } = os;
  const at = AT[os.generation.id];
  for (let id = 0; id < image.cpus; id++) {
    core.at(at.enabled);
    const words = image.enabledWords(id);
    core.repStos(words, WORDS * 8, NOW);
    // Ones or zeroes are the same to the microcode.
    if (core.branch(id === 0, NOW)) {
      for (let w = 0; w < WORDS; w++) image.memory.poke64(words + 8 * w, -1, -1);
    }
  }
  const tPage = core.load64(image.statics.sharedInfoPtr, NOW);
  for (let w = 0; w < WORDS; w++) {
    core.at(at.mask);
    if (core.behind(tPage)) yield;
    core.store64(os.pages.sharedInfo + SHARED_INFO.mask + 8 * w, -1, -1, NOW, tPage);
    core.branch(w + 1 < WORDS, core.alu(NOW));
  }
}

/** Whether an isrc of this type is bound again by the kernel, not by its driver. */
export function isRebound(type: number): boolean {
  return type === EVTCHN_TYPE.ipi || type === EVTCHN_TYPE.virq;
}

/**
 * A VIRQ or IPI gets a new port on the vCPU it had. The caller has charged the test of its type.
 *
 * @param publish stores the isrc under its new port, as the generation does it; returns what stood there, 0 for nothing
 * @returns what `publish` returned
 */
export function* rebind(
  os: FreeBsd,
  cpu: KernelCpu,
  isrc: Addr,
  type: number,
  publish: (os: FreeBsd, cpu: KernelCpu, isrc: Addr, port: Port) => Addr,
): Kernel<Addr> {
  const { core } = cpu;
  const { isrc: layout } = os.generation;
  const at = AT[os.generation.id];
  const kind = type === EVTCHN_TYPE.ipi ? ChannelKind.ipi : ChannelKind.virq;
  core.at(at.rebind);
  core.call();
  const tCpu = core.load32(isrc + layout.cpu, NOW);
  const to = core.lo;
  if (kind === ChannelKind.virq) core.load32(isrc + layout.virq, NOW);
  core.alu(tCpu);
  core.free(4);
  const port = yield* os.hypercalls.bind(core, kind, to);
  core.at(at.fill);
  core.store32(isrc + layout.port, port, NOW);
  core.store32(isrc + layout.cpu, 0, NOW);
  const displaced = publish(os, cpu, isrc, port);
  core.at(at.assign);
  core.call();
  yield* assignCpu(os, cpu, isrc, kind, to);
  core.at(at.unmask);
  core.free(2);
  yield* unmaskPort(os, cpu, port, isrc, NOW);
  core.at(at.unmask);
  core.ret();
  return displaced;
}
