/**
 * A toolstack in a dom0 that starts and stops guests on several vCPUs at once. What dom0 binds for one guest: its
 * xenstored and xenconsoled through the evtchn device, netback with a thread, blkback with a filter (fact sheet on
 * FreeBSD, 4.1 to 4.3: two, one vif, one vbd). All four channels are interdomain.
 *
 * As in FreeBSD, a new port goes to the next CPU in turn. A process of the evtchn device has read, and unmasks, as
 * soon as its bind is done.
 */
import { HandlerKind, type HandlerKindCode } from '../../intr/os.ts';
import { usageError } from '../../model/errors.ts';
import type { Vcpu } from '../../model/units.ts';
import { ChannelKind } from '../../xen/abi.ts';
import type { Vcpus } from '../vcpus.ts';
import { Work } from '../work-queue.ts';

/** What each vCPU does. */
export interface ToolstackLoad {
  /** Guests that it starts, one after the other, before it stops them in the same order. */
  readonly guests: number;
  /** How often it does both. */
  readonly rounds: number;
}

/** The ports of a guest, as its dom0 serves them. */
const PORTS_OF_GUEST: readonly HandlerKindCode[] = [
  HandlerKind.user,
  HandlerKind.user,
  HandlerKind.ithread,
  HandlerKind.filter,
];

/** Ports that dom0 binds for one guest. */
export const GUEST_PORTS = PORTS_OF_GUEST.length;

/** Most ports that a domain has. */
const MOST_PORTS = 4095;
/** Most pieces of work that a vCPU is given at once. */
const MOST_WORK = 4000;

/** A UserError (exit 2) for a load that is too small or too great. */
export function checkLoad({ guests, rounds }: ToolstackLoad, vcpus: number, population: number): void {
  const ports = population + vcpus * guests * GUEST_PORTS;
  if (!Number.isInteger(guests) || guests < 1) throw usageError(`--guests ${guests}: expected 1 or more`);
  if (!Number.isInteger(rounds) || rounds < 1) throw usageError(`--rounds ${rounds}: expected 1 or more`);
  if (ports > MOST_PORTS) {
    const parts = `${vcpus} vCPUs with ${guests} guests of ${GUEST_PORTS} ports, ${population} idle ports`;
    throw usageError(`${parts}: ${ports} ports at once, expected at most ${MOST_PORTS}`);
  }
  if (guests * rounds * 10 > MOST_WORK)
    throw usageError(
      `--guests ${guests} and --rounds ${rounds}: expected a product of at most ${MOST_WORK / 10}`,
    );
}

/** Gives every vCPU its part of the load, to begin now. */
export function giveLoad(vcpus: Vcpus, { guests, rounds }: ToolstackLoad): void {
  const count = vcpus.guest.cpus.length;
  for (let v = 0; v < count; v++) {
    for (let round = 0; round < rounds; round++) {
      for (let g = 0; g < guests; g++) start(vcpus, v, v * guests + g, count);
      for (let g = 0; g < guests; g++) stop(vcpus, v, v * guests + g);
    }
  }
}

/**
 * Gives every vCPU its guests' ports to bind all at once, each with a thread, and to unbind: behind it every isrc that the
 * load will use exists and has its thread, whichever of them a strategy hands out.
 */
export function giveThreads(vcpus: Vcpus, { guests }: ToolstackLoad): void {
  const count = vcpus.guest.cpus.length;
  for (let v = 0; v < count; v++) {
    for (let g = 0; g < guests; g++) {
      for (let i = 0; i < GUEST_PORTS; i++) {
        const to = (v + i) % count;
        const handler = (HandlerKind.ithread << 8) | to;
        vcpus.give(v, Work.bind, label(v * guests + g, i), ChannelKind.interdomain, handler);
      }
    }
    for (let g = 0; g < guests; g++) stop(vcpus, v, v * guests + g);
  }
}

/** Labels of a guest's ports: what a trace would call them. */
function label(guest: number, i: number): number {
  return 1 + guest * GUEST_PORTS + i;
}

function start(vcpus: Vcpus, v: Vcpu, guest: number, count: number): void {
  PORTS_OF_GUEST.forEach((handler, i) => {
    const to = (v + guest * GUEST_PORTS + i) % count;
    vcpus.give(v, Work.bind, label(guest, i), ChannelKind.interdomain, (handler << 8) | to);
    if (handler === HandlerKind.user) vcpus.give(v, Work.unmask, label(guest, i));
  });
}

function stop(vcpus: Vcpus, v: Vcpu, guest: number): void {
  for (let i = 0; i < GUEST_PORTS; i++) vcpus.give(v, Work.unbind, label(guest, i));
}
