/**
 * The microbenchmark of a switch between two guests on one pCPU: the vCPU that runs blocks, the other one is
 * runnable and is switched to. From the first one's HLT to the second one's next instruction.
 */
import type { Kernel } from '../../x86/core.ts';
import type { Machine } from '../../x86/machine.ts';
import { haltExit } from '../../xen/hvm-exits.ts';
import { VCPU } from '../../xen/layout.ts';
import { Runstate, type VirtualCpu } from '../../xen/virtual-cpu.ts';
import { PublishedHost } from './host.ts';
import type { Taken } from './path.ts';
import { medianOf } from './rounds.ts';

/** VM switch. */
export function vmSwitch(machine: Machine): Taken {
  const host = new PublishedHost(machine, 'lapic', [[0], [0]], function* () {});
  const { path, xen, memory } = host;
  const pcpu = xen.pcpus[0]!;
  const vcpus = host.vms.map((vm) => vm.domain.virtualCpus[0]!);
  function* blocks(): Kernel {
    path.begin(pcpu.core);
    yield* haltExit(xen, pcpu);
    path.end(pcpu.core);
  }
  /** Something outside the figure has made the other vCPU runnable before this one blocks. */
  const makeRunnable = (vcpu: VirtualCpu) => {
    memory.poke32(vcpu.base + VCPU.pauseFlags, 0);
    memory.poke32(vcpu.base + VCPU.runstate, Runstate.runnable);
  };
  const switchTo = (next: VirtualCpu) => {
    makeRunnable(next);
    host.run(pcpu.current!, blocks(), path.near);
  };
  // The second vCPU has not run before: it enters its guest, and nothing there is timed.
  switchTo(vcpus[1]!);
  return medianOf(path, () => switchTo(vcpus.find((v) => v !== pcpu.current)!));
}
