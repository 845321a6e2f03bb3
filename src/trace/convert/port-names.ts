/** Which port is which: learned from a recording of Linux in a first pass. */
import { field, type GuestEvent } from '../guest-event.ts';
import { Channel, Handler } from '../table.ts';

/** /dev/xen/evtchn commands (Linux include/uapi/xen/evtchn.h). */
export const IOCTL = { bindVirq: 0x44500, bindInterdomain: 0x84501, bindUnbound: 0x44502, notify: 0x44504 };
/** Actions served wholly in the interrupt. */
const FILTER_NAMES = /^(timer|debug|resched|callfunc|callfuncsingle|irqwork|spinlock)\d+$/;
const EVTCHN_DEVICE = /^evtchn:/;

/** What a first pass over the recording learns about ports. */
export interface Names {
  readonly ofPort: Map<number, string>;
  readonly ipiPort: Map<string, number>;
  /** Ports of the interrupt numbers that were in use before the recording. */
  readonly portOfIrq: Map<number, number>;
  /** Events that are deliveries. */
  readonly deliveries: ReadonlySet<string>;
}

/** The name of a port is that of the interrupt action that runs right after the port was taken out. */
export function learnNames(events: readonly GuestEvent[]): Names {
  const ofPort = new Map<number, string>();
  const ipiPort = new Map<string, number>();
  const portOfIrq = new Map<number, number>();
  const rebound = new Set<number>();
  const lastPort = new Map<number, number>();
  const deliveries = deliveriesOf(events);
  for (const e of events) {
    if (deliveries.has(e.name)) lastPort.set(e.cpu, field(e.text, 'port')!);
    else if (e.name === 'irq_handler_entry') {
      const port = lastPort.get(e.cpu);
      const name = /name=(.*)$/.exec(e.text)?.[1];
      if (port === undefined || name === undefined) continue;
      if (!ofPort.has(port)) ofPort.set(port, name);
      const irq = field(e.text, 'irq')!;
      if (!portOfIrq.has(irq) && !rebound.has(irq)) portOfIrq.set(irq, port);
      if (FILTER_NAMES.test(name)) ipiPort.set(name, port);
      lastPort.delete(e.cpu);
    } else if (e.name === 'map') rebound.add(field(e.text, 'irq')!);
  }
  return { ofPort, ipiPort, portOfIrq, deliveries };
}

/** Where a port is taken out: its pending bit cleared, or, without a probe there, the call that handles it. */
function deliveriesOf(events: readonly GuestEvent[]): ReadonlySet<string> {
  const cleared = events.some((e) => e.name === 'clear_2l' || e.name === 'clear_fifo');
  return new Set(cleared ? ['clear_2l', 'clear_fifo'] : ['port']);
}

/** Kind of a port's channel. @param command of the evtchn device that bound it, if one did */
export function channelOf(names: Names, port: number, command: number | undefined): number {
  if (command === IOCTL.bindVirq) return Channel.virq;
  if (command === IOCTL.bindUnbound) return Channel.unbound;
  if (command === IOCTL.bindInterdomain) return Channel.interdomain;
  const name = names.ofPort.get(port) ?? '';
  if (/^(timer|debug)\d+$/.test(name)) return Channel.virq;
  return FILTER_NAMES.test(name) ? Channel.ipi : Channel.interdomain;
}

/** How a port is served, by its name or the kind of its channel. */
export function handlerOf(names: Names, port: number, channel: number): number {
  const name = names.ofPort.get(port);
  if (name !== undefined && EVTCHN_DEVICE.test(name)) return Handler.user;
  if (name !== undefined) return FILTER_NAMES.test(name) ? Handler.filter : Handler.ithread;
  return channel === Channel.virq || channel === Channel.ipi ? Handler.filter : Handler.ithread;
}
