/**
 * A dom0 at work: its guests' events, and guests that are started, stopped, migrated, suspended and changed. What is
 * done to a guest takes several binds or unbinds, one after the other, so guests that start together bind by turns.
 *
 * A suspended guest keeps its domain: xenstored, xenconsoled and QEMU stay connected, backends close and open again.
 * A migrated one is another domain when it comes back: all its channels are new.
 */
import { EventQueue } from '../../../model/event-queue.ts';
import { RandomStream } from '../../../model/random.ts';
import { Handler, Kind, MAX_PORTS, type TraceRow } from '../../table.ts';
import type { Load } from '../load.ts';
import { Rows } from '../rows.ts';
import { Guest, GuestState } from './guest.ts';
import type { HostNumbers, LifeNumbers } from './numbers.ts';
import {
  type ChannelOf,
  type GuestShape,
  guestChannels,
  ownChannels,
  toolChannels,
  VBD,
  VIF,
} from './population.ts';
import { Ports } from './ports.ts';

/** What the host waits for; the operand is a guest, or a port and its life. */
const Event = { send: 0, life: 1, operation: 2, settled: 3, back: 4, unmask: 5 } as const;

/** The shape of every guest of a load. */
export function shapeOf(n: HostNumbers): GuestShape {
  return { hvm: n.hvm === 1, vcpus: n.guestVcpus, vifs: n.vifs, vbds: n.vbds };
}

/** One run of the generator. */
export class Host {
  readonly #n: HostNumbers & LifeNumbers;
  readonly #vcpus: number;
  readonly #gap: number;
  readonly #rows = new Rows();
  readonly #ports: Ports;
  readonly #queue = new EventQueue();
  readonly #guests: Guest[] = [];
  readonly #shape: GuestShape;
  readonly #channels: readonly ChannelOf[];
  /** Ports kept free for what was begun: channels that will be opened. */
  #promised = 0;
  readonly #gaps: RandomStream;
  readonly #sources: RandomStream;
  readonly #lives: RandomStream;
  readonly #operations: RandomStream;
  readonly #users: RandomStream;

  constructor(load: Load, n: HostNumbers & LifeNumbers) {
    this.#n = n;
    this.#vcpus = load.vcpus;
    this.#gap = load.gapNanos / load.vcpus;
    this.#ports = new Ports(load.vcpus);
    this.#shape = shapeOf(n);
    this.#channels = guestChannels(this.#shape);
    const stream = (name: string) => new RandomStream(load.seed, name);
    this.#gaps = stream('gaps');
    this.#sources = stream('sources');
    this.#lives = stream('lives');
    this.#operations = stream('operations');
    this.#users = stream('users');
  }

  /**
   * Rows without end.
   *
   * @param running guests that run when time starts @param starting guests that are started in a storm at once
   */
  *rows(running: number, starting: number): Generator<TraceRow> {
    for (const c of ownChannels(this.#vcpus, this.#n.ipis)) yield this.#boundBefore(c);
    for (let i = 0; i < running; i++) {
      const guest = this.#newGuest();
      guest.state = GuestState.running;
      for (const c of this.#channels) {
        yield this.#boundBefore(c);
        guest.ports.push(this.#lastPort);
      }
    }
    this.#queue.push(this.#gaps.exponential(this.#gap), 0, Event.send, 0, 0);
    this.#nextLife(0);
    this.#storm(0, starting);
    for (;;) {
      const { cycle: time, kind, a, b } = this.#queue;
      this.#queue.pop();
      const row = this.#row(time, kind, a, b);
      if (row !== undefined) yield row;
    }
  }

  #lastPort = 0;

  #boundBefore(c: ChannelOf): TraceRow {
    const port = this.#ports.take(c.handler);
    this.#lastPort = port;
    return this.#rows.bound(port, c.vcpu ?? this.#ports.nextCpu(), c.channel, c.handler);
  }

  #newGuest(): Guest {
    const place = this.#guests.find((g) => g.state === GuestState.down && !g.comesBack);
    if (place !== undefined) return place;
    const guest = new Guest(this.#channels.length);
    this.#guests.push(guest);
    return guest;
  }

  /** What an event leads to: at most one row. */
  #row(time: number, kind: number, a: number, b: number): TraceRow | undefined {
    switch (kind) {
      case Event.send:
        this.#queue.push(time + this.#gaps.exponential(this.#gap), 0, Event.send, 0, 0);
        return this.#send(time);
      case Event.life:
        this.#life(time);
        return undefined;
      case Event.operation:
        return this.#operate(time, a);
      case Event.settled:
        this.#guests[a]!.state = GuestState.running;
        return undefined;
      case Event.back:
        this.#open(time, a, this.#guests[a]!.back.splice(0));
        return undefined;
      default:
        if (this.#ports.life[a] !== b) return undefined;
        return this.#rows.by(time, Kind.unmask, this.#users.below(this.#vcpus), a);
    }
  }

  /** An event: of dom0's timers or IPIs, or of a guest that runs; those that boot have more. */
  #send(time: number): TraceRow {
    const source = this.#sources;
    const each = this.#n.ipis + 2;
    const vcpu = source.below(this.#vcpus);
    const share = source.below(1000);
    const timer = 1 + vcpu * each;
    if (share < this.#n.timerPermille) return this.#rows.send(time, timer);
    if (share < this.#n.timerPermille + this.#n.ipiPermille && this.#n.ipis > 0 && this.#vcpus > 1) {
      const by = (vcpu + 1 + source.below(this.#vcpus - 1)) % this.#vcpus;
      return this.#rows.send(time, timer + 2 + source.below(this.#n.ipis), by);
    }
    const guest = this.#sender(time);
    if (guest === undefined) return this.#rows.send(time, timer);
    const tools = toolChannels(this.#shape);
    const backends = guest.ports.length - tools;
    const tool = backends === 0 || source.below(1000) < this.#n.toolPermille;
    const port = guest.ports[tool ? source.below(tools) : tools + source.below(backends)]!;
    if (this.#ports.handler[port] === Handler.user) {
      const read = time + this.#users.exponential(this.#n.userNanos);
      this.#queue.push(read, 0, Event.unmask, port, this.#ports.life[port]!);
    }
    return this.#rows.send(time, port);
  }

  /** A guest that sends, or none after a bounded number of looks: then hardly any runs. */
  #sender(time: number): Guest | undefined {
    if (this.#guests.length === 0) return undefined;
    for (let look = 0; look < 64; look++) {
      const guest = this.#guests[this.#sources.below(this.#guests.length)]!;
      if (guest.state !== GuestState.running) continue;
      if (time < guest.bootsUntil || this.#sources.below(this.#n.bootRatio) === 0) return guest;
    }
    return this.#guests.find((guest) => guest.state === GuestState.running);
  }

  #nextLife(time: number): void {
    const { start, stop, migrate, hotplug, storm, suspend, lifeNanos } = this.#n;
    if (start + stop + migrate + hotplug + storm + suspend === 0) return;
    this.#queue.push(time + this.#lives.exponential(lifeNanos), 0, Event.life, 0, 0);
  }

  /** Something happens to a guest; nothing if there is none it can happen to, or no room. */
  #life(time: number): void {
    this.#nextLife(time);
    const { start, stop, migrate, hotplug, storm, suspend, stormGuests } = this.#n;
    let share = this.#lives.below(start + stop + migrate + hotplug + storm + suspend);
    const falls = (weight: number) => {
      share -= weight;
      return share < 0;
    };
    if (falls(start)) this.#start(time);
    else if (falls(stop)) this.#close(time, this.#running(), 0, false);
    else if (falls(migrate)) this.#close(time, this.#running(), 0, true);
    else if (falls(hotplug)) this.#hotplug(time, this.#running());
    else if (falls(storm)) this.#storm(time, stormGuests);
    else this.#close(time, this.#running(), toolChannels(this.#shape), true);
  }

  /** Index of a guest that runs; -1 if none was found. */
  #running(): number {
    for (let look = 0; look < 64 && this.#guests.length > 0; look++) {
      const guest = this.#lives.below(this.#guests.length);
      if (this.#guests[guest]!.state === GuestState.running) return guest;
    }
    return -1;
  }

  /** Starts a guest now, or at a time within a storm; not if it would be one too many. */
  #start(time: number): void {
    const { mostGuests, guests } = this.#n;
    const most = mostGuests === 0 ? Math.max(1, 2 * guests) : mostGuests;
    const there = this.#guests.filter((g) => g.state !== GuestState.down || g.comesBack).length;
    if (there < most) this.#open(time, this.#guests.indexOf(this.#newGuest()), this.#channels);
  }

  #storm(time: number, guests: number): void {
    for (let i = 0; i < guests; i++) this.#start(time + this.#lives.below(this.#n.stormNanos));
  }

  /** Begins to open channels of a guest, if there are ports for them. */
  #open(time: number, index: number, channels: readonly ChannelOf[]): void {
    const guest = this.#guests[index]!;
    guest.comesBack = false;
    if (this.#ports.count + this.#promised + channels.length >= MAX_PORTS) {
      if (guest.ports.length > 0) guest.state = GuestState.running;
      return;
    }
    guest.state = GuestState.opening;
    this.#promised += channels.length;
    for (let i = channels.length - 1; i >= 0; i--) guest.toOpen.push(channels[i]!);
    // Only a new domain boots.
    if (guest.ports.length === 0) guest.bootsUntil = time + this.#n.bootNanos;
    this.#queue.push(time, 0, Event.operation, index, 0);
  }

  /** Begins to close the channels of a guest behind the first `keeps`. */
  #close(time: number, index: number, keeps: number, comesBack: boolean): void {
    if (index < 0) return;
    const guest = this.#guests[index]!;
    guest.state = GuestState.closing;
    guest.keeps = keeps;
    guest.comesBack = comesBack;
    if (comesBack) {
      guest.back.length = 0;
      for (let i = keeps; i < guest.ports.length; i++) {
        // What was plugged in is a vif or a vbd, as its handler says.
        const plugged = this.#ports.handler[guest.ports[i]!] === Handler.ithread ? VIF : VBD;
        guest.back.push(this.#channels[i] ?? plugged);
      }
    }
    this.#queue.push(time, 0, Event.operation, index, 0);
  }

  /** Plugs a device in, or the last plugged one out. */
  #hotplug(time: number, index: number): void {
    if (index < 0) return;
    const guest = this.#guests[index]!;
    const plugged = guest.ports.length - guest.shape;
    if (plugged > 0 && this.#lives.below(2) === 0) {
      this.#close(time, index, guest.ports.length - 1, false);
    } else this.#open(time, index, [this.#lives.below(2) === 0 ? VIF : VBD]);
  }

  /** The next bind or unbind of a guest, by one of dom0's threads. */
  #operate(time: number, index: number): TraceRow | undefined {
    const guest = this.#guests[index]!;
    const by = this.#operations.below(this.#vcpus);
    if (guest.state === GuestState.closing) {
      if (guest.ports.length <= guest.keeps) {
        this.#closed(time, index);
        return undefined;
      }
      const port = guest.ports.pop()!;
      this.#ports.give(port);
      this.#queue.push(time + this.#operations.exponential(this.#n.opNanos), 0, Event.operation, index, 0);
      return this.#rows.by(time, Kind.unbind, by, port);
    }
    const c = guest.toOpen.pop();
    if (c === undefined) {
      this.#queue.push(time + this.#n.settleNanos, 0, Event.settled, index, 0);
      return undefined;
    }
    this.#promised--;
    const port = this.#ports.take(c.handler);
    guest.ports.push(port);
    this.#queue.push(time + this.#operations.exponential(this.#n.opNanos), 0, Event.operation, index, 0);
    return this.#rows.bind(time, by, port, this.#ports.nextCpu(), c.channel, c.handler);
  }

  /** All that was to be closed is: it comes back, goes on without a device, or is gone. */
  #closed(time: number, index: number): void {
    const guest = this.#guests[index]!;
    if (guest.comesBack) {
      guest.state = GuestState.down;
      this.#queue.push(time + this.#operations.exponential(this.#n.downNanos), 0, Event.back, index, 0);
    } else guest.state = guest.keeps > 0 ? GuestState.running : GuestState.down;
  }
}
