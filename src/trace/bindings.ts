/**
 * The channels of one domain as a snapshot has them, line by line: what `lsevtchn` in dom0 prints,
 *
 *   domain 0
 *      1: VCPU 0: Virtual IRQ 0
 *     15: VCPU 1: Interdomain (Connected) - Remote Domain 0, Port 29
 *
 * and what Xen prints to its console on debug key `e`:
 *
 *   (XEN) Event channel information for domain 1:
 *   (XEN)        5 [0/0/0]: s=3 n=1 x=0 d=0 p=42
 *
 * Sources: tools/xcutils/lsevtchn.c; domain_dump_evtchn_info of xen/common/event_channel.c, ECS_* of sched.h.
 */
import { Channel, MAX_PORTS, MAX_VCPUS } from './table.ts';
import { Fault, quoted } from './text/fault.ts';

/** One channel of the snapshot. */
export interface Binding {
  readonly port: number;
  readonly vcpu: number;
  readonly channel: number;
  /** VIRQ number, -1 for another kind. */
  readonly virq: number;
  /** Other end of an interdomain channel; domain -1 for another kind. */
  readonly remoteDomain: number;
  readonly remotePort: number;
}

const CHANNEL = /^\s*(\d{1,9}): VCPU (\d{1,9}): (.+)$/;
const CONNECTED = /^Interdomain \(Connected\) - Remote Domain (\d{1,5}), Port (\d{1,9})$/;
const WAITING = /^Interdomain \(Waiting connection\) - Remote Domain \d{1,5}$/;
const VIRQ = /^Virtual IRQ (\d{1,4})$/;
const PIRQ = /^Physical IRQ \d{1,9}$/;

const DOMAIN =
  /^domain (\d{1,5})$|^(?:\(XEN\) )?(?:\[[^\]]{0,40}\] )?Event channel information for domain (\d{1,5}):$/;
const DEBUG =
  /^(?:\(XEN\)\s*(?:\[[^\]]{0,40}\]\s*)?)?\s*(\d{1,9}) \[[01]\/[01]\/[^\]]{0,40}\]: s=(\d) n=(\d{1,9}) x=\d{1,4}(.*)$/;

/** ECS_* of xen/include/xen/sched.h, in their order; free and reserved ones are no channels. */
const STATES = [
  undefined,
  undefined,
  Channel.unbound,
  Channel.interdomain,
  Channel.pirq,
  Channel.virq,
  Channel.ipi,
];

/** The domain whose channels follow; undefined for another line. */
export function domainHeading(line: string): number | undefined {
  const m = DOMAIN.exec(line);
  return m === null ? undefined : Number(m[1] ?? m[2]);
}

/** The channel a line tells of; undefined for another line, a fault for a channel that cannot be. */
export function bindingOf(line: string): Binding | Fault | undefined {
  const listed = CHANNEL.exec(line);
  const binding = listed === null ? debugBinding(line) : lsevtchnBinding(listed);
  if (binding === undefined || binding instanceof Fault) return binding;
  if (binding.port < 1 || binding.port >= MAX_PORTS) {
    return new Fault(`port ${binding.port}`, `a port 1..${MAX_PORTS - 1}`);
  }
  if (binding.vcpu >= MAX_VCPUS) return new Fault(`vCPU ${binding.vcpu}`, `a vCPU below ${MAX_VCPUS}`);
  return binding;
}

function lsevtchnBinding(m: RegExpExecArray): Binding | Fault {
  const base = { port: Number(m[1]), vcpu: Number(m[2]), virq: -1, remoteDomain: -1, remotePort: 0 };
  const what = m[3]!;
  const virq = VIRQ.exec(what);
  if (virq !== null) return { ...base, channel: Channel.virq, virq: Number(virq[1]) };
  if (what === 'IPI') return { ...base, channel: Channel.ipi };
  if (PIRQ.test(what)) return { ...base, channel: Channel.pirq };
  if (WAITING.test(what)) return { ...base, channel: Channel.unbound };
  const c = CONNECTED.exec(what);
  if (c === null) return new Fault(quoted(what), 'a channel as lsevtchn prints it');
  return { ...base, channel: Channel.interdomain, remoteDomain: Number(c[1]), remotePort: Number(c[2]) };
}

function debugBinding(line: string): Binding | Fault | undefined {
  const m = DEBUG.exec(line);
  if (m === null) return undefined;
  const state = Number(m[2]);
  if (state >= STATES.length) return new Fault(`state s=${m[2]}`, `a state below ${STATES.length}`);
  const channel = STATES[state];
  if (channel === undefined) return undefined;
  const number = (key: string) => Number(new RegExp(` ${key}=(\\d{1,9})(?= |$)`).exec(m[4]!)?.[1] ?? -1);
  const remote = channel === Channel.interdomain;
  return {
    port: Number(m[1]),
    vcpu: Number(m[3]),
    channel,
    virq: channel === Channel.virq ? number('v') : -1,
    remoteDomain: remote ? number('d') : -1,
    remotePort: remote ? number('p') : 0,
  };
}
