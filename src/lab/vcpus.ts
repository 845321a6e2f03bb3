/**
 * The vCPUs of a guest at work: interrupts that arrive, upcalls, ithreads, thread-level work, and the senders of
 * other domains. Every decision is an event of the engine, so the order is total.
 */

import { HandlerKind, type HandlerKindCode, runAlone } from '../intr/os.ts';
import { Engine, type Horizon } from '../model/engine.ts';
import { Fingerprint } from '../model/fingerprint.ts';
import type { Addr, Cycle, Port, Vcpu } from '../model/units.ts';
import type { Core } from '../x86/core.ts';
import { type ChannelKindCode, PORTS } from '../xen/abi.ts';
import { EVTCHN } from '../xen/domain.ts';
import { newAccounts, OPERATIONS } from './accounts.ts';
import { Guest, type GuestHost } from './guest.ts';
import { EVENT_INJECT, Interrupts } from './interrupts.ts';
import { PortMap } from './port-map.ts';
import { Level, Processor, type ProcessorOwner } from './processor.ts';
import { RunStats } from './run-stats.ts';
import type { Scenario } from './scenario.ts';
import { OPERATION_OF, threadWork, type WorkObserver } from './thread-work.ts';
import { UserMasks } from './user-masks.ts';
import { Work, WorkQueue } from './work-queue.ts';

/** A guest with its engine and processors. */
export class Vcpus implements GuestHost, ProcessorOwner, WorkObserver {
  readonly engine = new Engine((kind, a, b) => this.#event(kind, a, b));
  readonly horizon: Horizon = this.engine.horizon;
  readonly guest: Guest;
  readonly ports = new PortMap();
  readonly stats = new RunStats();
  readonly accounts = newAccounts();
  /** What happened: ports served, by vCPU, in order. Timing does not enter. */
  readonly history = new Fingerprint();
  readonly #processors: Processor[];
  readonly #vcpus: number;
  readonly #queues: WorkQueue[];
  /** By vCPU: threads that wait for it, as `Observer.ithreadRunnable` named them. */
  readonly #ithreads: Addr[][];
  readonly #interrupts: Interrupts;
  /** By vCPU: kind of the work under way. */
  readonly #workKind: Int8Array;
  /** By port of the model: since when it is pending and unmasked. */
  readonly #deliverableSince = new Float64Array(PORTS);
  readonly #userMasks = new UserMasks();
  /** By vCPU: cycles its bind had spent when the search began. */
  readonly #findFrom: Float64Array;

  constructor(scenario: Scenario, vcpus: number) {
    const { senders, population } = scenario.run;
    this.#vcpus = vcpus;
    this.guest = new Guest(scenario, vcpus, senders, this);
    this.#processors = this.guest.cores.map(
      (core, i) => new Processor(i, core, this.engine, this, this.accounts.setup),
    );
    this.#queues = Array.from({ length: vcpus }, () => new WorkQueue());
    this.#ithreads = Array.from({ length: vcpus }, () => []);
    this.#interrupts = new Interrupts(this.engine, this.guest, this.#processors, this.accounts.upcall);
    this.#workKind = new Int8Array(vcpus).fill(-1);
    this.#findFrom = new Float64Array(vcpus);
    for (let i = 0; i < population; i++) this.#bindAlone(3, HandlerKind.filter, i % vcpus);
  }

  /** Binds a recorded port before time starts. */
  boundBefore(recorded: Port, kind: ChannelKindCode, handler: HandlerKindCode, vcpu: Vcpu): void {
    this.ports.bound(recorded, this.#bindAlone(kind, handler, vcpu), kind);
  }

  /**
   * Ends the time before the trace: what is due is served, then every count is at zero.
   *
   * @returns the cycle of the trace's first row
   */
  startTime(): Cycle {
    this.engine.runTo(Number.POSITIVE_INFINITY);
    this.#unmaskUserPorts();
    this.engine.runTo(Number.POSITIVE_INFINITY);
    for (const core of this.guest.cores) core.resetCounts();
    for (const name of OPERATIONS) if (name !== 'setup') this.accounts[name].fill(0);
    this.stats.reset();
    this.history.reset();
    const { stats } = this.guest.channels;
    for (const name of Object.keys(stats) as Array<keyof typeof stats>) stats[name] = 0;
    const start = Math.max(this.engine.now, ...this.guest.cores.map((core) => core.now)) + 1;
    this.engine.runTo(start);
    return start;
  }

  /** Whether a vCPU can be given more thread-level work. */
  hasRoom(vcpu: Vcpu): boolean {
    return !this.#queues[vcpu]!.full;
  }

  /** Gives a vCPU thread-level work: one of `Work` on a recorded port. */
  give(vcpu: Vcpu, kind: number, recorded: Port, b = 0, c = 0): void {
    if (kind === Work.bind) this.ports.binding(recorded);
    if (kind === Work.move) this.ports.moving(recorded);
    this.#queues[vcpu]!.push(kind, recorded, b, c);
    this.#processors[vcpu]!.look();
  }

  /** What the vCPU that serves a recorded port does when it has nothing to do here: one of `Target`. */
  noteTarget(recorded: Port, state: number): void {
    this.#interrupts.noteIdle(this.#vcpuOf(this.ports.model(recorded)), state);
  }

  /** Another domain sends to a recorded port now; false when all its cores are busy. */
  sendFromOutside(recorded: Port): boolean {
    const { engine, guest } = this;
    for (let i = this.#vcpus; i < this.#processors.length; i++) {
      const processor = this.#processors[i]!;
      if (processor.level >= 0 || processor.core.now > engine.now) continue;
      processor.start(
        Level.thread,
        guest.channels.send(processor.core, this.ports.model(recorded)),
        this.accounts.sender,
      );
      return true;
    }
    return false;
  }

  /** The user of an evtchn device port lets the next event in: now if it has seen one, else when it has. */
  userUnmasks(vcpu: Vcpu, recorded: Port): void {
    if (this.#userMasks.unmask(this.ports.model(recorded))) this.give(vcpu, Work.unmask, recorded);
  }

  /** Events sent and neither served nor cancelled: pending bits still set. */
  stillPending(): number {
    return this.guest.channels.ops.stillPending();
  }

  pending(port: Port, from: Core): void {
    this.#deliverableSince[port] = from.now;
  }

  unmasked(port: Port, from: Core): void {
    this.#deliverableSince[port] = from.now;
  }

  marked(vcpu: Vcpu, from: Core): void {
    this.#interrupts.marked(vcpu, from);
  }

  closed(port: Port): void {
    this.ports.closed(port);
    this.#userMasks.forget(port);
  }

  handled(port: Port, fresh: boolean, core: Core): void {
    const { stats } = this;
    if (fresh) stats.counts.delivered++;
    else stats.counts.phantoms++;
    stats.histograms.delivery.add(Math.max(0, core.now - this.#deliverableSince[port]!));
    const vcpu = core.caches.core;
    this.#interrupts.serves(vcpu);
    this.history.add((port << 8) | vcpu);
    if (this.guest.kernel.servedByUser(port) && this.#userMasks.served(port)) {
      this.give(vcpu, Work.unmask, this.ports.recorded(port));
    }
  }

  lateSend(): void {
    this.stats.counts.late_sends++;
  }

  stray(fresh: boolean): void {
    if (fresh) this.stats.counts.lost++;
  }

  unclaimed(fresh: boolean): void {
    if (fresh) this.stats.counts.lost++;
  }

  findBegins(vcpu: Vcpu): void {
    this.#findFrom[vcpu] = this.#processors[vcpu]!.spentBy(Level.thread);
  }

  findEnds(vcpu: Vcpu): void {
    const processor = this.#processors[vcpu]!;
    if (!processor.busy(Level.thread)) return;
    this.stats.histograms.find.add(processor.spentBy(Level.thread) - this.#findFrom[vcpu]!);
  }

  pendingCleared(_port: Port, was: boolean): void {
    if (was) this.guest.channels.stats.cancelled++;
  }

  ithreadRunnable(thread: Addr, vcpu: Vcpu): void {
    this.#ithreads[vcpu]!.push(thread);
    this.#processors[vcpu]!.look();
  }

  next(processor: Processor): boolean {
    const vcpu = processor.index;
    if (vcpu >= this.#vcpus) return false;
    const thread = this.#ithreads[vcpu]!.shift();
    if (thread !== undefined) {
      this.stats.counts.ithread_runs++;
      processor.start(Level.ithread, this.guest.kernel.thread(vcpu, thread), this.accounts.ithread);
      return true;
    }
    const queue = this.#queues[vcpu]!;
    if (processor.level >= 0 || queue.length === 0) return false;
    queue.shift();
    this.#workKind[vcpu] = queue.kind;
    if (queue.kind === Work.bind || queue.kind === Work.unbind)
      this.guest.applyCacheState(vcpu, this.engine.now);
    const account = this.accounts[OPERATION_OF[queue.kind]!];
    const work = threadWork(this.guest, this.ports, this, vcpu, queue.kind, queue.a, queue.b, queue.c);
    processor.start(Level.thread, work, account);
    return true;
  }

  ended(processor: Processor, level: number, cycles: number): void {
    const vcpu = processor.index;
    if (vcpu >= this.#vcpus) return;
    const { counts, histograms } = this.stats;
    if (level === Level.upcall) {
      counts.upcalls++;
      if (this.#interrupts.ended(vcpu) === 0) counts.spurious_upcalls++;
      histograms.upcall.add(cycles);
    } else if (level === Level.ithread) histograms.ithread.add(cycles);
    else {
      const kind = this.#workKind[vcpu]!;
      const name = OPERATION_OF[kind]!;
      if (name !== 'move') histograms[name].add(cycles);
      if (kind === Work.bind) counts.binds++;
      else if (kind === Work.unbind) counts.unbinds++;
      else if (kind === Work.move) counts.moves++;
      else if (kind === Work.notify) counts.outgoing++;
    }
  }

  #event(kind: number, a: number, b: number): void {
    if (kind === EVENT_INJECT) this.#interrupts.inject(a, b);
    else this.#processors[a]!.event(kind);
  }

  #bindAlone(kind: ChannelKindCode, handler: HandlerKindCode, vcpu: Vcpu): Port {
    const { guest } = this;
    const cpu = guest.cpus[0]!;
    cpu.core.credits = this.accounts.setup;
    cpu.core.begin(Math.max(this.engine.now, cpu.core.now));
    return runAlone(guest.kernel.bind(0, kind, handler, vcpu));
  }

  /** The users of evtchn device ports have read what came before the trace. */
  #unmaskUserPorts(): void {
    const { core } = this.guest.cpus[0]!;
    for (const port of this.#userMasks.takeMasked()) {
      core.begin(Math.max(this.engine.now, core.now));
      runAlone(this.guest.kernel.userUnmasks(0, port));
    }
  }

  #vcpuOf(port: Port): Vcpu {
    return this.guest.memory.peek32(this.guest.domain.channel(port) + EVTCHN.notifyVcpu);
  }
}
