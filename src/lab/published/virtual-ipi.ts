/**
 * The microbenchmarks of a virtual IPI between two vCPUs that both run guest code on pCPUs of their own: from the
 * sender's write of the ICR to the first instruction of the receiver's handler; and the EOI that ends the handler.
 */
import type { Kernel } from '../../x86/core.ts';
import type { Machine } from '../../x86/machine.ts';
import { icrWriteExit } from '../../xen/virtual-ipi.ts';
import { type Handler, PublishedHost } from './host.ts';
import type { Taken } from './path.ts';
import { medianOf } from './rounds.ts';

/** Virtual IPI. */
export function virtualIpi(machine: Machine): Taken {
  return ipis(machine, true, function* (host, _vcpu, core) {
    host.path.end(core);
    yield* host.vms[0]!.eoi(core);
  });
}

/** Virtual IRQ completion: the handler's EOI, from the write to the instruction behind it. */
export function irqCompletion(machine: Machine): Taken {
  return ipis(machine, false, function* (host, _vcpu, core) {
    host.path.begin(core);
    yield* host.vms[0]!.eoi(core);
    host.path.end(core);
  });
}

/** @param fromSender whether the path begins at the sender */
function ipis(machine: Machine, fromSender: boolean, handler: Handler): Taken {
  const host = new PublishedHost(machine, 'lapic', [[0, 1]], handler);
  const { xen, path } = host;
  const [sender, receiver] = host.vms[0]!.domain.virtualCpus;
  const pcpu = host.pcpuOf(sender!);
  function* sends(): Kernel {
    if (fromSender) path.begin(pcpu.core);
    yield* icrWriteExit(xen, pcpu, receiver!);
  }
  return medianOf(path, () => host.run(sender!, sends(), path.near));
}
