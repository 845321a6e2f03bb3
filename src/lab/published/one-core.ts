/** The microbenchmarks of one exit that changes nothing: a hypercall, an emulated access to the local APIC. */
import type { Kernel } from '../../x86/core.ts';
import type { Machine } from '../../x86/machine.ts';
import { apicAccessExit } from '../../xen/hvm-exits.ts';
import { PublishedHost } from './host.ts';
import type { Taken } from './path.ts';
import { medianOf } from './rounds.ts';

/** Hypercall: from a guest to Xen and back, without work in Xen. */
export function nullHypercall(machine: Machine): Taken {
  return exitOf(machine, function* (host) {
    const [vm] = host.vms;
    const { core } = host.xen.pcpus[0]!;
    yield* vm!.enter(core);
    yield* vm!.leave(core);
  });
}

/** Interrupt controller trap: a read of a register of the local APIC that Xen emulates. */
export function apicAccess(machine: Machine): Taken {
  return exitOf(machine, (host) => apicAccessExit(host.xen, host.xen.pcpus[0]!));
}

function exitOf(machine: Machine, exit: (host: PublishedHost) => Kernel): Taken {
  const host = new PublishedHost(machine, 'lapic', [[0]], noHandler);
  const vcpu = host.vms[0]!.domain.virtualCpus[0]!;
  const { path } = host;
  const { core } = host.pcpuOf(vcpu);
  function* timed(): Kernel {
    path.begin(core);
    yield* exit(host);
    path.end(core);
  }
  return medianOf(path, () => host.run(vcpu, timed(), path.near));
}

function* noHandler(): Kernel {}
