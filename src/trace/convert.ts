/**
 * Turns a recording made inside a Linux domain into a trace table: what the hypervisor and the drivers did to its
 * event channels, without how Linux served them. How a recorded delivery becomes a send is told, rule by rule, in
 * docs/recorded-delivery-to-send.md; the rules have the same numbers here.
 */
import type { Binding } from './bindings.ts';
import { type ConvertCounts, type Converted, rebase } from './convert/converted.ts';
import { isIdle } from './convert/known.ts';
import { channelOf, handlerOf, IOCTL, learnNames, type Names } from './convert/port-names.ts';
import { field, type GuestEvent } from './guest-event.ts';
import { Channel, Handler, Kind, MAX_PORTS, rowAt, TargetState, type TraceRow } from './table.ts';

/** Names of Linux' IPI actions by the vector number of xen_send_IPI_one (arch/x86/include/asm/xen/events.h). */
const IPI_NAMES = ['resched', 'callfunc', 'callfuncsingle', 'spinlock', 'irqwork'];

/**
 * Converts a recording.
 *
 * @param events what known.ts knows of the whole recording, by time
 * @param bindings the domain's channels before it; none if not known
 * @param domain the recorded domain's number, which tells loop-back channels from others
 */
export function convert(
  events: readonly GuestEvent[],
  bindings: readonly Binding[],
  domain: number,
): Converted {
  const converted = convertAbsolute(events, bindings, domain);
  rebase(converted.rows);
  return converted;
}

/** The same with the recording's own times; rows of channels that were bound before have -1. */
export function convertAbsolute(
  events: readonly GuestEvent[],
  bindings: readonly Binding[],
  domain: number,
): Converted {
  return new Converter(learnNames(events), bindings, domain).run(events);
}

/** An upcall in progress on a vCPU. */
interface OpenUpcall {
  readonly time: number;
  readonly idle: boolean;
  readonly served: Set<number>;
}

class Converter {
  readonly #names: Names;
  readonly #domain: number;
  readonly #rows: TraceRow[] = [];
  readonly #counts: ConvertCounts = {
    deliveries: 0,
    sends_seen: 0,
    sends_inferred: 0,
    sends_without_peer: 0,
    ipis_without_port: 0,
    deliveries_unbound: 0,
  };
  readonly #bound = new Uint8Array(MAX_PORTS);
  readonly #boundAt = new Map<number, number>();
  readonly #user = new Uint8Array(MAX_PORTS);
  readonly #peer = new Int32Array(MAX_PORTS);
  readonly #portOfIrq: Map<number, number>;
  readonly #upcall = new Map<number, OpenUpcall>();
  /** Sends seen and not yet delivered, by port. */
  readonly #outstanding = new Map<number, TraceRow[]>();
  /** The bind row of a port that nothing has happened to yet: its vCPU may still move. */
  readonly #fresh = new Map<number, TraceRow>();
  /** By process: what its evtchn device call is about to bind, and its unbound port without a peer. */
  readonly #binding = new Map<number, number>();
  readonly #waiting = new Map<number, number>();
  #vcpus = 1;

  constructor(names: Names, bindings: readonly Binding[], domain: number) {
    this.#names = names;
    this.#portOfIrq = new Map(names.portOfIrq);
    this.#domain = domain;
    for (const b of bindings) this.#boundBefore(b);
  }

  run(events: readonly GuestEvent[]): Converted {
    for (const e of events) this.#vcpus = Math.max(this.#vcpus, e.cpu + 1);
    for (const e of events) this.#event(e);
    const order = this.#rows.map((row, i) => ({ row, i }));
    order.sort((a, b) => a.row.time - b.row.time || a.i - b.i);
    const rows = order.map(({ row }) => row);
    return { rows, vcpus: this.#vcpus, counts: this.#counts };
  }

  /** Rule 1: the channels of the snapshot exist before time starts. */
  #boundBefore(b: Binding): void {
    const row = rowAt(-1, Kind.bound);
    row.port = b.port;
    row.to = b.vcpu;
    row.channel = b.channel;
    row.handler = handlerOf(this.#names, b.port, b.channel);
    if (b.remoteDomain === this.#domain) this.#peer[b.port] = b.remotePort;
    this.#bound[b.port] = 1;
    if (row.handler === Handler.user) this.#user[b.port] = 1;
    this.#rows.push(row);
    this.#vcpus = Math.max(this.#vcpus, b.vcpu + 1);
  }

  #event(e: GuestEvent): void {
    if (this.#names.deliveries.has(e.name)) {
      this.#delivered(e, field(e.text, 'port')!);
      return;
    }
    switch (e.name) {
      case 'upcall':
        this.#upcall.set(e.cpu, { time: e.time, idle: isIdle(e), served: new Set() });
        break;
      case 'upcall_ret':
        this.#upcall.delete(e.cpu);
        break;
      case 'map':
        this.#mapped(e, field(e.text, 'port')!, field(e.text, 'irq')!);
        break;
      case 'bind_cpu':
        this.#boundToCpu(e);
        break;
      case 'dev_ioctl':
        this.#deviceCall(e);
        break;
      case 'ipi':
        this.#ipi(e);
        break;
      case 'notify_irq':
        this.#sent(e, this.#portOfIrq.get(field(e.text, 'irq')!));
        break;
      case 'lateeoi':
        this.#userUnmasks(e);
        break;
    }
  }

  /** Rules 2 to 4: a delivery was sent by somebody: seen, or inferred. */
  #delivered(e: GuestEvent, port: number): void {
    const upcall = this.#upcall.get(e.cpu);
    if (upcall === undefined) return;
    this.#counts.deliveries++;
    const again = upcall.served.has(port);
    upcall.served.add(port);
    if (this.#bound[port] === 0) {
      this.#counts.deliveries_unbound++;
      return;
    }
    this.#fresh.delete(port);
    const target = upcall.idle && !again ? TargetState.blocked : TargetState.running;
    const sends = this.#outstanding.get(port);
    if (sends !== undefined) {
      for (const send of sends) send.target = target;
      this.#outstanding.delete(port);
      return;
    }
    this.#counts.sends_inferred++;
    const row = rowAt(again ? e.time : Math.max(upcall.time, this.#boundAt.get(port) ?? 0), Kind.send);
    row.port = port;
    row.target = target;
    this.#rows.push(row);
  }

  /** Rules 5 and 6: a port is bound or unbound by the vCPU that ran the call. */
  #mapped(e: GuestEvent, port: number, irq: number): void {
    if (irq < 0) {
      if (this.#bound[port] === 0) return;
      const row = rowAt(e.time, Kind.unbind);
      row.by = e.cpu;
      row.port = port;
      this.#rows.push(row);
      this.#forget(port);
      return;
    }
    if (this.#bound[port] === 1) return;
    this.#portOfIrq.set(irq, port);
    const command = this.#binding.get(e.pid);
    this.#binding.delete(e.pid);
    const row = rowAt(e.time, Kind.bind);
    row.by = e.cpu;
    row.port = port;
    row.channel = channelOf(this.#names, port, command);
    row.handler = command === undefined ? handlerOf(this.#names, port, row.channel) : Handler.user;
    this.#rows.push(row);
    this.#bound[port] = 1;
    this.#boundAt.set(port, e.time);
    this.#fresh.set(port, row);
    if (row.handler === Handler.user) this.#user[port] = 1;
    if (command === IOCTL.bindUnbound) this.#waiting.set(e.pid, port);
    if (row.channel === Channel.interdomain) {
      this.#pair(e.pid, port);
      // Xen itself sets a fresh interdomain channel pending: that send is the bind's.
      this.#outstanding.set(port, []);
    }
  }

  /** Rule 7: the vCPU a port is served on. */
  #boundToCpu(e: GuestEvent): void {
    const port = field(e.text, 'port')!;
    const irq = field(e.text, 'irq')!;
    const to = field(e.text, 'cpu')!;
    this.#portOfIrq.set(irq, port);
    if (this.#bound[port] === 0) return;
    const fresh = this.#fresh.get(port);
    if (fresh !== undefined) {
      fresh.to = to;
      return;
    }
    if (field(e.text, 'oldcpu') === to) return;
    const row = rowAt(e.time, Kind.move);
    row.by = e.cpu;
    row.port = port;
    row.to = to;
    this.#rows.push(row);
  }

  #deviceCall(e: GuestEvent): void {
    const command = field(e.text, 'cmd')!;
    if (command === IOCTL.notify) this.#sent(e, field(e.text, 'arg0')!);
    else if (command !== 0x44503) this.#binding.set(e.pid, command);
  }

  /** Rule 8: a send seen at its sender, to the other end inside the domain or to another domain. */
  #sent(e: GuestEvent, local: number | undefined): void {
    if (local === undefined || this.#bound[local] === 0) {
      this.#counts.sends_without_peer++;
      return;
    }
    const peer = this.#peer[local]!;
    if (peer === 0) {
      const row = rowAt(e.time, Kind.notify);
      row.by = e.cpu;
      row.port = local;
      this.#rows.push(row);
      return;
    }
    if (this.#bound[peer] === 0) this.#counts.sends_without_peer++;
    else this.#seen(e, peer);
  }

  #ipi(e: GuestEvent): void {
    const name = IPI_NAMES[field(e.text, 'vector')!];
    const port = this.#names.ipiPort.get(`${name}${field(e.text, 'cpu')}`);
    if (port === undefined || this.#bound[port] === 0) this.#counts.ipis_without_port++;
    else this.#seen(e, port);
  }

  #seen(e: GuestEvent, port: number): void {
    this.#counts.sends_seen++;
    const row = rowAt(e.time, Kind.send);
    row.by = e.cpu;
    row.port = port;
    row.target = TargetState.running;
    this.#rows.push(row);
    this.#fresh.delete(port);
    const sends = this.#outstanding.get(port);
    if (sends === undefined) this.#outstanding.set(port, [row]);
    else sends.push(row);
  }

  /** Rule 9: a process read the event of an evtchn device port and lets the next one in. */
  #userUnmasks(e: GuestEvent): void {
    const port = this.#portOfIrq.get(field(e.text, 'irq')!);
    if (port === undefined || this.#bound[port] === 0 || this.#user[port] === 0) return;
    const row = rowAt(e.time, Kind.unmask);
    row.by = e.cpu;
    row.port = port;
    this.#rows.push(row);
  }

  #pair(pid: number, port: number): void {
    const other = this.#waiting.get(pid);
    this.#waiting.delete(pid);
    if (other === undefined) return;
    this.#peer[port] = other;
    this.#peer[other] = port;
  }

  #forget(port: number): void {
    this.#bound[port] = 0;
    this.#user[port] = 0;
    this.#peer[port] = 0;
    this.#outstanding.delete(port);
    this.#fresh.delete(port);
  }
}
