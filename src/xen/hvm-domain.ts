/**
 * An HVM or PVH domain on its host: marks its vCPUs, raises events for it from interrupts, and is its way into Xen
 * and out.
 */

import type { Port, Vcpu } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import type { Memory } from '../x86/memory.ts';
import { SourceFile } from '../x86/sites.ts';
import type { VirtualHardware } from './abi.ts';
import { assertUpcall } from './assert-upcall.ts';
import { CallbackLine } from './callback-line.ts';
import type { Domain } from './domain.ts';
import { EventChannels, type HypercallGate } from './event-channels.ts';
import type { EventSource } from './event-source.ts';
import { eoiExit, exited } from './hvm-exits.ts';
import { EVTCHN, VCPU } from './layout.ts';
import { readLock, readUnlock } from './locks.ts';
import { markUpcall } from './mark.ts';
import type { Delivery, Marker, PortOps } from './port-ops.ts';
import { type EvtchnStats, newEvtchnStats } from './stats.ts';
import type { Owner, VirtualCpu } from './virtual-cpu.ts';
import { vmEntry } from './vmexit.ts';
import type { Xen } from './xen.ts';

const file = new SourceFile('xen/common/event_channel.c', 'virq');
const lapic = new SourceFile('(hardware)', 'apicv');

const At = {
  virq: file.fn('send_guest_vcpu_virq').site('virq_to_evtchn', 16),
  virtualEoi: lapic.fn('virtual EOI').site('EOI without an exit', 2),
};

/** Makes the ABI of a domain, given whom it marks events for. */
export type MakePortOps = (marker: Marker, stats: EvtchnStats) => PortOps;

/** One domain. */
export class HvmDomain implements Marker, EventSource, HypercallGate, VirtualHardware, Owner {
  readonly domain: Domain;
  readonly channels: EventChannels;
  readonly line: CallbackLine | undefined;
  readonly #xen: Xen;

  /** @param delivery told of events that become pending, deliverable, closed */
  constructor(memory: Memory, xen: Xen, domain: Domain, delivery: Delivery, makeOps: MakePortOps) {
    this.#xen = xen;
    this.domain = domain;
    this.line = xen.mode.line ? new CallbackLine(memory, xen, 'domain', domain.virtualCpus[0]!) : undefined;
    for (const vcpu of domain.virtualCpus) vcpu.owner = this;
    const stats = newEvtchnStats();
    this.channels = new EventChannels(domain, delivery, this, makeOps(this, stats), stats);
  }

  *mark(core: Core, id: Vcpu): Kernel {
    const vcpu = this.domain.virtualCpus[id]!;
    if (yield* markUpcall(core, vcpu, this.channels.stats)) yield* this.assertUpcall(core, vcpu);
  }

  assertUpcall(core: Core, vcpu: VirtualCpu): Kernel {
    return assertUpcall(this.#xen, core, this, this.line, vcpu);
  }

  *raise(core: Core, port: Port): Kernel {
    const channel = this.domain.channel(port);
    core.at(At.virq);
    core.free(6);
    core.load32(channel + EVTCHN.notifyVcpu, NOW);
    const vcpu = this.domain.virtualCpus[core.lo]!;
    yield* readLock(core, vcpu.base + VCPU.virqLock);
    yield* readLock(core, channel + EVTCHN.lock);
    yield* this.channels.setPending(core, port);
    yield* readUnlock(core, channel + EVTCHN.lock);
    yield* readUnlock(core, vcpu.base + VCPU.virqLock);
  }

  *enter(core: Core): Kernel {
    yield* exited(this.#xen, this.#xen.pcpuOf(core), 'exits_hypercall');
  }

  *leave(core: Core): Kernel {
    yield* vmEntry(this.#xen, this.#xen.pcpuOf(core));
    yield;
  }

  *eoi(core: Core): Kernel {
    const xen = this.#xen;
    const pcpu = xen.pcpuOf(core);
    // A level-triggered vector is in the EOI-exit bitmap.
    if (!xen.posted || this.line !== undefined) return yield* eoiExit(xen, pcpu);
    core.at(At.virtualEoi);
    core.transition(core.machine.n.virtualEoiCycles);
    pcpu.current!.hardwareEndsInterrupt();
  }
}
