/**
 * Xen's event channels: sending, and the hypercalls of a bind and an unbind. What differs between the ABIs is
 * behind PortOps.
 *
 * Charged step by step: locks with their barriers, the accesses to shared state that decide what happens (and that
 * bounce between cores), and the linear search for a free port. The rest of each hypercall is a lump of the machine.
 * Follows xen/common/event_channel.c as the fact sheet on Xen describes it (sections 3 and 6; locks of Xen 4.17).
 */
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';

import { ChannelKind, type ChannelKindCode, type Hypercalls } from './abi.ts';
import type { Domain } from './domain.ts';
import type { OpWrapper } from './fifo-ops.ts';
import { getFreePort } from './free-port.ts';
import { DOMAIN, ECS_FREE, EVTCHN, VCPU } from './layout.ts';
import { readLock, readUnlock, writeLock, writeUnlock } from './locks.ts';
import type { Delivery, PortOps } from './port-ops.ts';
import type { EvtchnStats } from './stats.ts';

const file = new SourceFile('xen/common/event_channel.c');
const op = file.fn('do_event_channel_op');
const sendFn = file.fn('evtchn_send');
// A part of its own, so that what stands behind it in the text does not move.
const virqs = new SourceFile('xen/common/event_channel.c', 'virq bindings');
const closeFn = virqs.fn('evtchn_close');

const At = {
  copy: op.site('copy the argument from the guest', 30),
  opWork: op.site('other EVTCHNOP, not modelled step by step', 60),
  channel: op.site('fields of the channel', 12),
  bounds: sendFn.site('port to channel', 14),
  state: sendFn.site('state, remote end', 16),
  remote: sendFn.site('is the other end open?', 8),
  virq: closeFn.site('virq_to_evtchn := 0 under the virq_lock', 12),
  virqDone: closeFn.site('interrupts as they were', 2),
  virqBound: virqs.fn('evtchn_bind_virq').site('virq_to_evtchn := port', 4),
};

/** The VIRQ of a vCPU has a port: stored under the event_lock alone, as the last thing that is done. */
function noteVirq(core: Core, vcpu: Addr, port: Port): void {
  core.at(At.virqBound);
  core.free(1);
  core.store32(vcpu + VCPU.virqToEvtchn, port, NOW);
}

/** The way in and out of Xen for the vCPU that runs on a core. */
export interface HypercallGate {
  /** The exit of a hypercall. */
  enter(core: Core): Kernel;
  /** Back to the guest. */
  leave(core: Core): Kernel;
}

/** The event channels of one domain. */
export class EventChannels implements Hypercalls, OpWrapper {
  readonly stats: EvtchnStats;
  readonly ops: PortOps;
  readonly #domain: Domain;
  readonly #delivery: Delivery;
  readonly #gate: HypercallGate;

  constructor(domain: Domain, delivery: Delivery, gate: HypercallGate, ops: PortOps, stats: EvtchnStats) {
    this.#domain = domain;
    this.#delivery = delivery;
    this.#gate = gate;
    this.ops = ops;
    this.stats = stats;
  }

  /** An event is sent to `port` by Xen's code running on `core`, if its channel is open. */
  *setPending(core: Core, port: Port): Kernel {
    const { stats } = this;
    const channel = this.#domain.channel(port);
    core.at(At.remote);
    if (core.behind(NOW)) yield;
    core.branch(false, core.load32(channel + EVTCHN.consumer, NOW));
    const tState = core.load32(channel + EVTCHN.state, NOW);
    if (core.branch(core.lo === ECS_FREE, tState)) {
      stats.dropped++;
      return;
    }
    stats.sends++;
    yield* this.ops.setPending(core, port, channel);
  }

  *send(core: Core, port: Port): Kernel {
    yield* this.#begin(core);
    if (port !== 0) {
      // An IPI port is its own other end.
      const ipi = this.#isIpi(port);
      const local = ipi ? this.#domain.channel(port) : this.#domain.peer(port);
      yield* this.#locate(core, local);
      yield* this.setPending(core, port);
      yield* readUnlock(core, local + EVTCHN.lock);
    }
    yield* this.#gate.leave(core);
  }

  *notify(core: Core, port: Port): Kernel {
    yield* this.#begin(core);
    const local = this.#domain.channel(port);
    yield* this.#locate(core, local);
    core.at(At.remote);
    if (core.behind(NOW)) yield;
    core.load32(this.#domain.peer(port) + EVTCHN.state, NOW);
    // What it does to the other domain's pages is not modelled.
    core.lump(core.machine.n.remoteSendCycles);
    yield* readUnlock(core, local + EVTCHN.lock);
    yield* this.#gate.leave(core);
  }

  *bind(core: Core, kind: ChannelKindCode, vcpu: Vcpu): Kernel<Port> {
    yield* this.#begin(core);
    const eventLock = this.#domain.base + DOMAIN.eventLock;
    const otherLock = this.#domain.other + DOMAIN.eventLock;
    const both = kind === ChannelKind.interdomain;
    yield* writeLock(core, eventLock);
    if (both) yield* writeLock(core, otherLock);
    const port = getFreePort(core, this.#domain, this.ops);
    const channel = this.#domain.channel(port);
    const peer = this.#domain.peer(port);
    core.at(At.opWork);
    core.lump(core.machine.n.evtchnOpCycles);
    yield* writeLock(core, channel + EVTCHN.lock);
    if (both) yield* writeLock(core, peer + EVTCHN.lock);
    core.at(At.channel);
    if (core.behind(NOW)) yield;
    core.store32(channel + EVTCHN.state, kind, NOW);
    core.store32(channel + EVTCHN.notifyVcpu, vcpu, NOW);
    if (both) core.store32(peer + EVTCHN.state, kind, NOW);
    core.free(6);
    this.ops.opened(core, channel);
    // A freshly bound interdomain channel always starts pending: the other end may have sent already.
    if (both) {
      yield* this.setPending(core, port);
      yield* writeUnlock(core, peer + EVTCHN.lock);
    }
    yield* writeUnlock(core, channel + EVTCHN.lock);
    if (kind === ChannelKind.virq) noteVirq(core, this.#domain.vcpu(vcpu), port);
    if (both) yield* writeUnlock(core, otherLock);
    yield* writeUnlock(core, eventLock);
    yield* this.#gate.leave(core);
    return port;
  }

  *bindVcpu(core: Core, port: Port, vcpu: Vcpu): Kernel {
    yield* this.#begin(core);
    const eventLock = this.#domain.base + DOMAIN.eventLock;
    yield* writeLock(core, eventLock);
    core.at(At.opWork);
    core.lump(core.machine.n.evtchnOpCycles);
    core.at(At.channel);
    if (core.behind(NOW)) yield;
    core.store32(this.#domain.channel(port) + EVTCHN.notifyVcpu, vcpu, NOW);
    core.free(6);
    yield* writeUnlock(core, eventLock);
    yield* this.#gate.leave(core);
  }

  *unmask(core: Core, port: Port): Kernel {
    this.stats.unmasks++;
    yield* this.#begin(core);
    // The handle of a port that was lost in a resume: EINVAL.
    if (port < 0) return yield* this.#gate.leave(core);
    const channel = this.#domain.channel(port);
    yield* this.#locate(core, channel);
    yield* this.ops.unmask(core, port, channel);
    yield* readUnlock(core, channel + EVTCHN.lock);
    yield* this.#gate.leave(core);
  }

  *close(core: Core, port: Port): Kernel {
    yield* this.#begin(core);
    const eventLock = this.#domain.base + DOMAIN.eventLock;
    yield* writeLock(core, eventLock);
    const channel = this.#domain.channel(port);
    core.at(At.opWork);
    core.lump(core.machine.n.evtchnOpCycles);
    // A channel with another end is locked with it, so that no sender is half way. One that is still `unbound` here
    // has one all the same: whoever sends to it has bound to it meanwhile, which is not modelled.
    const peer = this.#domain.peer(port);
    const tState = core.load32(channel + EVTCHN.state, NOW);
    const kind = core.lo;
    const both = core.branch(kind === ChannelKind.interdomain || kind === ChannelKind.unbound, tState);
    const otherLock = this.#domain.other + DOMAIN.eventLock;
    if (both) yield* writeLock(core, otherLock);
    if (kind === ChannelKind.virq) yield* this.#forgetVirq(core, channel);
    yield* writeLock(core, channel + EVTCHN.lock);
    if (both) yield* writeLock(core, peer + EVTCHN.lock);
    yield* this.ops.clearPending(core, port, channel);
    core.at(At.channel);
    if (core.behind(NOW)) yield;
    core.store32(channel + EVTCHN.state, ECS_FREE, NOW);
    core.store32(channel + EVTCHN.notifyVcpu, 0, NOW);
    core.free(6);
    this.#delivery.closed(port);
    if (both) {
      core.store32(peer + EVTCHN.state, ChannelKind.unbound, NOW);
      yield* writeUnlock(core, peer + EVTCHN.lock);
    }
    yield* writeUnlock(core, channel + EVTCHN.lock);
    if (both) yield* writeUnlock(core, otherLock);
    yield* writeUnlock(core, eventLock);
    yield* this.#gate.leave(core);
  }

  /**
   * The domain was restored on a new host and has no channels any more. Nothing of it is charged: the toolstack and the
   * new host's Xen do it before the guest runs.
   */
  restored(): void {
    this.stats.cancelled += this.ops.stillPending();
    for (let port = 1; port < this.#domain.validEvtchns; port++) {
      if (this.#domain.kindOf(port) !== ECS_FREE) this.#delivery.closed(port);
    }
    this.#domain.restored();
  }

  *op(core: Core, body: Kernel): Kernel {
    yield* this.#begin(core);
    core.at(At.opWork);
    core.lump(core.machine.n.evtchnOpCycles);
    yield* body;
    yield* this.#gate.leave(core);
  }

  /** An EVTCHNOP that Xen refuses: the ABI has it not (ENOSYS), or the port is free (EINVAL). */
  *refused(core: Core): Kernel {
    yield* this.#begin(core);
    yield* this.#gate.leave(core);
  }

  *lockedOp(core: Core, body: Kernel): Kernel {
    yield* this.#begin(core);
    const eventLock = this.#domain.base + DOMAIN.eventLock;
    yield* writeLock(core, eventLock);
    core.at(At.opWork);
    core.lump(core.machine.n.evtchnOpCycles);
    yield* body;
    yield* writeUnlock(core, eventLock);
    yield* this.#gate.leave(core);
  }

  /** The VIRQ of a channel that is being closed is nobody's any more. */
  *#forgetVirq(core: Core, channel: number): Kernel {
    core.at(At.virq);
    core.load32(channel + EVTCHN.notifyVcpu, NOW);
    const vcpu = this.#domain.vcpu(core.lo);
    core.microcoded(core.machine.n.cliCycles);
    yield* writeLock(core, vcpu + VCPU.virqLock);
    core.at(At.virq);
    core.store32(vcpu + VCPU.virqToEvtchn, 0, NOW);
    yield* writeUnlock(core, vcpu + VCPU.virqLock);
    core.at(At.virqDone);
    core.microcoded(core.machine.n.popfCycles);
  }

  /** The exit, and the argument in the guest's memory. */
  *#begin(core: Core): Kernel {
    this.stats.hypercalls++;
    yield* this.#gate.enter(core);
    core.at(At.copy);
    core.lump(core.machine.n.guestCopyCycles);
  }

  /** The channel of a port, with its lock taken for reading. */
  *#locate(core: Core, channel: number): Kernel {
    const { base } = this.#domain;
    core.at(At.bounds);
    core.free(4);
    core.load32(base + DOMAIN.validEvtchns, NOW);
    core.alu(core.load64(base + DOMAIN.buckets, NOW));
    yield* readLock(core, channel + EVTCHN.lock);
    core.at(At.state);
    const t = core.load32(channel + EVTCHN.state, NOW);
    core.branch(false, core.load32(channel + EVTCHN.consumer, NOW));
    core.alu(t);
  }

  /** Whether who sends to the port holds it itself: which of the two channels is its own is no access. */
  #isIpi(port: Port): boolean {
    return this.#domain.kindOf(port) === ChannelKind.ipi;
  }
}
