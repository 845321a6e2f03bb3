/**
 * Xen's event channels: sending, and the hypercalls of a bind and an unbind. What differs between the ABIs is
 * behind PortOps.
 *
 * Charged step by step: the accesses to shared state that decide what happens (and that bounce between cores),
 * and the linear search for a free port. The rest of each hypercall is a lump of the machine.
 * Follows xen/common/event_channel.c as the fact sheet on Xen describes it (sections 3 and 6).
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { ChannelKind, type ChannelKindCode, type Hypercalls, VCPU_INFO } from './abi.ts';
import { DOMAIN, type Domain, ECS_FREE, EVTCHN, VCPU } from './domain.ts';
import type { OpWrapper } from './fifo-ops.ts';
import type { Delivery, Marker, PortOps } from './port-ops.ts';
import { newEvtchnStats } from './stats.ts';

const entry = new SourceFile('xen/arch/x86/hvm/hypercall.c').fn('hvm_hypercall');
const common = new SourceFile('xen/common/event_channel.c');
const getFreePort = common.fn('get_free_port');
const markPending = common.fn('vcpu_mark_events_pending');
const op = common.fn('do_event_channel_op');
const sendFn = common.fn('evtchn_send');

const At = {
  exit: entry.site('VM exit and entry of a hypercall', 4),
  sendWork: op.site('EVTCHNOP_send, not modelled step by step', 40),
  opWork: op.site('other EVTCHNOP, not modelled step by step', 60),
  eventLock: op.site('domain event_lock', 4),
  channel: op.site('fields of the channel', 12),
  searchPort: getFreePort.site('linear search for a free port', 16),
  newBucket: getFreePort.site('a bucket of 64 channels allocated', 20),
  state: sendFn.site('is the other end open?', 4),
  mark: markPending.site('set evtchn_upcall_pending', 6),
};

/** Makes the ABI of a domain, given whom it marks events for. */
export type MakePortOps = (marker: Marker, stats: ReturnType<typeof newEvtchnStats>) => PortOps;

/** The event channels of one domain. */
export class EventChannels implements Hypercalls, Marker, OpWrapper {
  readonly stats = newEvtchnStats();
  readonly ops: PortOps;
  readonly #domain: Domain;
  readonly #delivery: Delivery;

  constructor(domain: Domain, delivery: Delivery, makeOps: MakePortOps) {
    this.#domain = domain;
    this.#delivery = delivery;
    this.ops = makeOps(this, this.stats);
  }

  /**
   * An event is sent to `port` by code running on `core`, if its channel is open. The caller charges the
   * sender's hypercall, if it is one.
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
    yield* this.ops.setPending(core, port, channel);
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
    this.ops.opened(core, channel);
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
    yield* this.ops.unmask(core, port, this.#domain.channel(port));
  }

  *close(core: Core, port: Port): Kernel {
    this.#hypercall(core, At.opWork, core.machine.n.evtchnOpCycles);
    this.#eventLock(core);
    const channel = this.#domain.channel(port);
    yield* this.ops.clearPending(core, port, channel);
    core.at(At.channel);
    core.store32(channel + EVTCHN.state, ECS_FREE, NOW);
    core.store32(channel + EVTCHN.notifyVcpu, 0, NOW);
    core.free(6);
    this.#delivery.closed(port);
    this.#eventUnlock(core);
  }

  *op(core: Core, body: Kernel): Kernel {
    this.#hypercall(core, At.opWork, core.machine.n.evtchnOpCycles);
    yield* body;
  }

  *lockedOp(core: Core, body: Kernel): Kernel {
    this.#hypercall(core, At.opWork, core.machine.n.evtchnOpCycles);
    this.#eventLock(core);
    yield* body;
    this.#eventUnlock(core);
  }

  *mark(core: Core, vcpu: Vcpu): Kernel {
    core.at(At.mark);
    const tInfo = core.load64(this.#domain.vcpu(vcpu) + VCPU.vcpuInfo, NOW);
    const info: Addr = core.lo;
    if (core.behind(tInfo)) yield;
    const tUp = core.lockBitSet(info + VCPU_INFO.upcallPending, 0, tInfo);
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
    for (let port = 0; port < domain.ports; port++) {
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
      if (core.branch(core.lo === ECS_FREE, tState) && !this.ops.isBusy(core, port)) return port;
      core.alu(NOW);
      core.at(At.searchPort);
    }
    throw new ModelBug('no free event channel', { ports: domain.ports });
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
