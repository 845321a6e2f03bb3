/**
 * Xen's 2-level event channels: sending, marking, unmasking, and the hypercalls of a bind and an unbind.
 *
 * Charged step by step: the accesses to shared pages that decide what happens (and that bounce between cores),
 * and the linear search for a free port. The rest of each hypercall is a lump of the machine.
 * Follows xen/common/event_channel.c and event_2l.c as the fact sheet on Xen describes them (sections 3 and 6).
 */
import { ModelBug } from '../model/errors.ts';
import { counters } from '../model/stats.ts';
import type { Port, Vcpu } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { ChannelKind, type ChannelKindCode, type Hypercalls, PORTS, SHARED_INFO, VCPU_INFO } from './abi.ts';
import type { Domain } from './domain.ts';
import { DOMAIN, ECS_FREE, EVTCHN, VCPU } from './layout.ts';

const entry = new SourceFile('xen/arch/x86/hvm/hypercall.c').fn('hvm_hypercall');
const common = new SourceFile('xen/common/event_channel.c');
const twoLevel = new SourceFile('xen/common/event_2l.c');
const getFreePort = common.fn('get_free_port');
const markPending = common.fn('vcpu_mark_events_pending');
const op = common.fn('do_event_channel_op');
const sendFn = common.fn('evtchn_send');
const setPendingFn = twoLevel.fn('evtchn_2l_set_pending');
const unmaskFn = twoLevel.fn('evtchn_2l_unmask');
const clearFn = twoLevel.fn('evtchn_2l_clear_pending');

const At = {
  exit: entry.site('VM exit and entry of a hypercall', 4),
  sendWork: op.site('EVTCHNOP_send, not modelled step by step', 40),
  opWork: op.site('other EVTCHNOP, not modelled step by step', 60),
  eventLock: op.site('domain event_lock', 4),
  channel: op.site('fields of the channel', 12),
  searchPort: getFreePort.site('linear search for a free port', 16),
  newBucket: getFreePort.site('a bucket of 64 channels allocated', 20),
  state: sendFn.site('is the other end open?', 4),
  pending: setPendingFn.site('set the pending bit', 8),
  mask: setPendingFn.site('test the mask bit', 6),
  selector: setPendingFn.site('set the selector bit of the vCPU', 8),
  mark: markPending.site('set evtchn_upcall_pending', 6),
  unmask: unmaskFn.site('clear the mask bit', 8),
  unmaskPending: unmaskFn.site('test the pending bit', 6),
  unmaskSelector: unmaskFn.site('set the selector bit of the vCPU', 8),
  clear: clearFn.site('clear the pending bit of a closed port', 8),
};

/** Rungs of the suppression ladder at which a send ended, and hypercalls by kind. */
export const EVTCHN_STATS = {
  sends: { unit: 'events', direction: 'neutral', what: 'events sent to open ports of the domain' },
  dropped: { unit: 'events', direction: 'neutral', what: 'sends to a channel closed meanwhile: no effect' },
  coalesced: { unit: 'events', direction: 'neutral', what: 'sends that found the pending bit already set' },
  masked: { unit: 'events', direction: 'neutral', what: 'sends stored behind a mask bit' },
  selector_set: {
    unit: 'events',
    direction: 'neutral',
    what: 'sends that found the selector bit already set',
  },
  upcall_set: { unit: 'events', direction: 'neutral', what: 'sends that found the upcall already marked' },
  marked: { unit: 'events', direction: 'neutral', what: 'sends and unmasks that marked a new upcall' },
  cancelled: { unit: 'events', direction: 'lower', what: 'events pending when their channel was closed' },
  hypercalls: {
    unit: 'calls',
    direction: 'lower',
    what: 'event-channel hypercalls, those of the senders included',
  },
  unmasks: { unit: 'calls', direction: 'lower', what: 'EVTCHNOP_unmask hypercalls of the guest' },
} as const;

/** Whoever delivers interrupts and watches events; called on the core, and at the cycle, of the change. */
export interface Delivery {
  /** The pending bit of a port was newly set. */
  pending(port: Port, from: Core): void;
  /** The mask bit of a port was cleared: from here on it can be served if it is pending. */
  unmasked(port: Port, from: Core): void;
  /** A port was closed: from here on its number may be handed out again. */
  closed(port: Port): void;
  /** A vCPU's upcall was newly marked: it needs an interrupt. */
  marked(vcpu: Vcpu, from: Core): void;
}

/** The event channels of one domain. */
export class EventChannels implements Hypercalls {
  readonly stats = counters(EVTCHN_STATS);
  readonly #domain: Domain;
  readonly #delivery: Delivery;
  readonly #pendingBits: number;
  readonly #maskBits: number;

  constructor(domain: Domain, delivery: Delivery) {
    this.#domain = domain;
    this.#delivery = delivery;
    this.#pendingBits = domain.sharedInfo + SHARED_INFO.pending;
    this.#maskBits = domain.sharedInfo + SHARED_INFO.mask;
  }

  /**
   * An event is sent to `port` by code running on `core`: pending bit, mask, selector bit, upcall bit, each
   * only if the one before was newly set. The caller charges the sender's hypercall, if it is one.
   */
  *setPending(core: Core, port: Port): Kernel {
    const { stats } = this;
    const channel = this.#domain.channel(port);
    core.at(At.state);
    if (core.behind(NOW)) yield;
    const tState = core.load32(channel + EVTCHN.state, NOW);
    if (core.branch(core.lo === ECS_FREE, tState)) {
      stats.dropped++;
      return;
    }
    stats.sends++;
    core.at(At.pending);
    core.free(4);
    if (core.behind(NOW)) yield;
    const tOld = core.lockBitSet(this.#pendingBits, port, NOW);
    if (core.branch(core.lo !== 0, tOld)) {
      stats.coalesced++;
      return;
    }
    this.#delivery.pending(port, core);
    core.at(At.mask);
    if (core.behind(tOld)) yield;
    const tMask = core.bitTest(this.#maskBits, port, NOW);
    if (core.jcc(core.lo !== 0, tMask)) {
      stats.masked++;
      return;
    }
    core.at(At.selector);
    core.load32(channel + EVTCHN.notifyVcpu, NOW);
    const vcpu = core.lo;
    const tInfo = core.load64(this.#domain.vcpu(vcpu) + VCPU.vcpuInfo, NOW);
    const info = core.lo;
    core.free(2);
    if (core.behind(tInfo)) yield;
    const tSel = core.lockBitSet(info + VCPU_INFO.pendingSel, port >>> 6, tInfo);
    if (core.branch(core.lo !== 0, tSel)) {
      stats.selector_set++;
      return;
    }
    yield* this.#mark(core, vcpu, info);
  }

  *send(core: Core, remote: Port): Kernel {
    this.#hypercall(core, At.sendWork, core.machine.n.evtchnSendCycles);
    if (remote !== 0) yield* this.setPending(core, remote);
  }

  *bind(core: Core, kind: ChannelKindCode, vcpu: Vcpu): Kernel<Port> {
    this.#hypercall(core, At.opWork, core.machine.n.evtchnOpCycles);
    this.#eventLock(core);
    const port = this.#freePort(core);
    core.at(At.channel);
    const channel = this.#domain.channel(port);
    core.store32(channel + EVTCHN.state, kind, NOW);
    core.store32(channel + EVTCHN.notifyVcpu, vcpu, NOW);
    core.free(6);
    // A freshly bound interdomain channel always starts pending: the other end may have sent already.
    if (kind === ChannelKind.interdomain) yield* this.setPending(core, port);
    this.#eventUnlock(core);
    return port;
  }

  *bindVcpu(core: Core, port: Port, vcpu: Vcpu): Kernel {
    this.#hypercall(core, At.opWork, core.machine.n.evtchnOpCycles);
    this.#eventLock(core);
    core.at(At.channel);
    core.store32(this.#domain.channel(port) + EVTCHN.notifyVcpu, vcpu, NOW);
    core.free(6);
    this.#eventUnlock(core);
  }

  *unmask(core: Core, port: Port): Kernel {
    this.stats.unmasks++;
    this.#hypercall(core, At.opWork, core.machine.n.evtchnOpCycles);
    core.at(At.unmask);
    if (core.behind(NOW)) yield;
    const tMask = core.lockBitReset(this.#maskBits, port, NOW);
    if (!core.jcc(core.lo !== 0, tMask)) return;
    this.#delivery.unmasked(port, core);
    core.at(At.unmaskPending);
    if (core.behind(tMask)) yield;
    const tPending = core.bitTest(this.#pendingBits, port, NOW);
    if (!core.jcc(core.lo !== 0, tPending)) return;
    core.at(At.unmaskSelector);
    core.load32(this.#domain.channel(port) + EVTCHN.notifyVcpu, NOW);
    const vcpu = core.lo;
    const tInfo = core.load64(this.#domain.vcpu(vcpu) + VCPU.vcpuInfo, NOW);
    const info = core.lo;
    if (core.behind(tInfo)) yield;
    const tSel = core.lockBitSet(info + VCPU_INFO.pendingSel, port >>> 6, tInfo);
    if (core.branch(core.lo !== 0, tSel)) return;
    yield* this.#mark(core, vcpu, info);
  }

  *close(core: Core, port: Port): Kernel {
    this.#hypercall(core, At.opWork, core.machine.n.evtchnOpCycles);
    this.#eventLock(core);
    core.at(At.clear);
    if (core.behind(NOW)) yield;
    core.lockBitReset(this.#pendingBits, port, NOW);
    if (core.lo !== 0) this.stats.cancelled++;
    core.at(At.channel);
    const channel = this.#domain.channel(port);
    core.store32(channel + EVTCHN.state, ECS_FREE, NOW);
    core.store32(channel + EVTCHN.notifyVcpu, 0, NOW);
    core.free(6);
    this.#delivery.closed(port);
    this.#eventUnlock(core);
  }

  *#mark(core: Core, vcpu: Vcpu, info: number): Kernel {
    core.at(At.mark);
    if (core.behind(NOW)) yield;
    const tUp = core.lockBitSet(info + VCPU_INFO.upcallPending, 0, NOW);
    if (core.branch(core.lo !== 0, tUp)) {
      this.stats.upcall_set++;
      return;
    }
    this.stats.marked++;
    this.#delivery.marked(vcpu, core);
  }

  /** Lowest port that is free, by looking at every channel from port 0 up. */
  #freePort(core: Core): Port {
    const domain = this.#domain;
    core.at(At.searchPort);
    for (let port = 0; port < PORTS; port++) {
      const tValid = core.load32(domain.base + DOMAIN.validEvtchns, NOW);
      if (!core.branch(port < core.lo, tValid)) {
        core.at(At.newBucket);
        if (!domain.addBucket()) break;
        core.lump(core.machine.n.evtchnBucketCycles);
        core.at(At.searchPort);
      }
      const tBuckets = core.load64(domain.base + DOMAIN.buckets, NOW);
      const tBucket = core.load64(core.lo + (port >>> 6) * 8, tBuckets);
      // Index masking against speculation, shift, add: four more instructions before the state.
      core.free(3);
      const tChannel = core.alu(tBucket);
      const tState = core.load32(core.lo + (port & 63) * EVTCHN.bytes + EVTCHN.state, tChannel);
      if (core.branch(core.lo === ECS_FREE, tState)) return port;
      core.alu(NOW);
      core.at(At.searchPort);
    }
    throw new ModelBug('no free event channel', { ports: PORTS });
  }

  /** Exit and entry, and the part of the operation that is one number. */
  #hypercall(core: Core, work: number, workCycles: number): void {
    this.stats.hypercalls++;
    core.at(At.exit);
    core.transition(core.machine.n.hypercallCycles);
    core.at(work);
    core.lump(workCycles);
  }

  #eventLock(core: Core): void {
    core.at(At.eventLock);
    core.cmpxchg32(this.#domain.base + DOMAIN.eventLock, 0, 1, NOW);
    core.lfence();
  }

  #eventUnlock(core: Core): void {
    core.at(At.eventLock);
    core.store32(this.#domain.base + DOMAIN.eventLock, 0, NOW);
  }
}
