/**
 * The microbenchmarks of a notification between a guest and Dom0 on pCPUs of their own, where the target's pCPU
 * idles: from the sender's EVTCHNOP_send to the first instruction of the target's handler. Dom0 is as any other
 * guest here, so both directions take the same path.
 */
import { type Core, type Kernel, NOW } from '../../x86/core.ts';
import type { Machine } from '../../x86/machine.ts';
import { SourceFile } from '../../x86/sites.ts';
import { ChannelKind, SHARED_INFO, VCPU_INFO } from '../../xen/abi.ts';
import type { HvmDomain } from '../../xen/hvm-domain.ts';
import { haltExit } from '../../xen/hvm-exits.ts';
import { EVTCHN } from '../../xen/layout.ts';
import type { VirtualCpu } from '../../xen/virtual-cpu.ts';
import { PublishedHost } from './host.ts';
import type { Taken } from './path.ts';
import { medianOf } from './rounds.ts';

const AT_HANDLER = new SourceFile('drivers/xen/events/events_2l.c')
  .fn('evtchn_2l_handle_events')
  .site('take the only event', 40);

/** The port at the target. */
const PORT = 1;

/** I/O latency, out or in. */
export function ioLatency(machine: Machine): Taken {
  const host = new PublishedHost(machine, 'vector', [[0], [1]], handler);
  const { path, xen } = host;
  const [sender, target] = host.vms;
  const from = sender!.domain.virtualCpus[0]!;
  const to = target!.domain.virtualCpus[0]!;
  openChannel(host, target!);
  const { core } = host.pcpuOf(from);
  function* sends(): Kernel {
    path.begin(core);
    yield* target!.channels.send(core, PORT);
  }
  return medianOf(path, () => {
    host.run(to, haltExit(xen, host.pcpuOf(to)), path.far);
    host.run(from, sends(), path.near);
  });
}

/** The channel is open and not masked. */
function openChannel({ memory }: PublishedHost, { domain }: HvmDomain): void {
  memory.poke32(domain.channel(PORT) + EVTCHN.state, ChannelKind.interdomain);
  memory.poke64(domain.sharedInfo + SHARED_INFO.mask, ~(1 << PORT), -1);
}

/** Takes the event as Linux does: the flag, the selector, the pending bit. */
function* handler(host: PublishedHost, { info }: VirtualCpu, core: Core): Kernel {
  host.path.end(core);
  core.at(AT_HANDLER);
  if (core.behind(NOW)) yield;
  core.store32(info + VCPU_INFO.upcallPending, 0, NOW);
  const t = core.xchg64(info + VCPU_INFO.pendingSel, 0, 0, NOW);
  core.lockBitReset(host.vms[1]!.domain.sharedInfo + SHARED_INFO.pending, PORT, t);
}
