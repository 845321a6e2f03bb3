/**
 * Which event channels a FreeBSD dom0 has: its own, and those of its end of each guest (fact sheet on FreeBSD, 4.1 to
 * 4.3, read in the drivers, Xen's tools and QEMU). For V0 vCPUs with I IPIs each:
 *
 *   ports = V0 * (I + 2) + 4 + sum over guests of [2 + vifs + vbds + (HVM: vcpus + 1)]
 *
 * 2 are timer and debug, 4 xenstore, console, DOM_EXC and dom0's own end in xenstored.
 */
import { Channel, Handler } from '../../table.ts';

/** What a guest has that dom0 serves. */
export interface GuestShape {
  /** Whether QEMU emulates devices for it. */
  readonly hvm: boolean;
  readonly vcpus: number;
  readonly vifs: number;
  readonly vbds: number;
}

/** One channel of dom0: its kind, and who serves it. */
export interface ChannelOf {
  readonly channel: number;
  readonly handler: number;
  /** Serves one vCPU only: that of a timer, debug VIRQ or IPI; undefined for the others. */
  readonly vcpu?: number;
}

const TIMER: ChannelOf = { channel: Channel.virq, handler: Handler.filter };
const IPI: ChannelOf = { channel: Channel.ipi, handler: Handler.filter };
/** xenstored's, xenconsoled's or QEMU's end: ports of the evtchn device. */
const TOOL: ChannelOf = { channel: Channel.interdomain, handler: Handler.user };
/** netback: an ithread. */
export const VIF: ChannelOf = { channel: Channel.interdomain, handler: Handler.ithread };
/** blkback: a filter that enqueues a task. */
export const VBD: ChannelOf = { channel: Channel.interdomain, handler: Handler.filter };

/** dom0's own channels in the order in which they are bound: per vCPU timer, debug and IPIs, then the four. */
export function ownChannels(vcpus: number, ipis: number): ChannelOf[] {
  const own: ChannelOf[] = [];
  for (let vcpu = 0; vcpu < vcpus; vcpu++) {
    own.push({ ...TIMER, vcpu }, { ...TIMER, vcpu });
    for (let i = 0; i < ipis; i++) own.push({ ...IPI, vcpu });
  }
  const xenstore: ChannelOf = { channel: Channel.interdomain, handler: Handler.ithread };
  const console: ChannelOf = { channel: Channel.virq, handler: Handler.ithread, vcpu: 0 };
  const domExc: ChannelOf = { channel: Channel.virq, handler: Handler.user, vcpu: 0 };
  return [...own, xenstore, console, domExc, TOOL];
}

/**
 * dom0's ends of a guest's channels in the order in which they are bound: xenstored and xenconsoled when it is built,
 * QEMU's requests, then the backends when its frontends connect.
 */
export function guestChannels({ hvm, vcpus, vifs, vbds }: GuestShape): ChannelOf[] {
  const qemu = hvm ? Array.from({ length: vcpus + 1 }, () => TOOL) : [];
  const nets = Array.from({ length: vifs }, () => VIF);
  const disks = Array.from({ length: vbds }, () => VBD);
  return [TOOL, TOOL, ...qemu, ...nets, ...disks];
}

/** How many of a guest's channels stay open while it is suspended: those of tools, not of backends. */
export function toolChannels({ hvm, vcpus }: GuestShape): number {
  return hvm ? 2 + vcpus + 1 : 2;
}

/** Ports of a dom0 with so many guests of one shape: the formula. */
export function populationOf(vcpus: number, ipis: number, guests: number, shape: GuestShape): number {
  const { hvm, vifs, vbds } = shape;
  return vcpus * (ipis + 2) + 4 + guests * (2 + vifs + vbds + (hvm ? shape.vcpus + 1 : 0));
}
