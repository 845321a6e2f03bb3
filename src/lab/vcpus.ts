/**
 * The vCPUs of a guest at work: interrupts that arrive, upcalls, ithreads, thread-level work, and the senders of
 * other domains. Every decision is an event of the engine, so the order is total.
 */

import { FILTER } from '../intr/dispatch.ts';
import { runIthread } from '../intr/ithread.ts';
import { EVENT, HANDLER, INTSRC, ITHREAD } from '../intr/layout.ts';
import { HandlerKind, type HandlerKindCode, runAlone } from '../intr/os.ts';
import { Engine, type Horizon } from '../model/engine.ts';
import { Priority } from '../model/event-queue.ts';
import { Fingerprint } from '../model/fingerprint.ts';
import type { Addr, Cycle, Port, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import { SITE_ADDRESS, SourceFile } from '../x86/sites.ts';
import { type ChannelKindCode, PORTS, SHARED_INFO } from '../xen/abi.ts';
import { arrivalCycles, exitCycles, Target } from '../xen/delivery.ts';
import { EVTCHN } from '../xen/domain.ts';
import { newAccounts, OPERATIONS } from './accounts.ts';
import { Guest, type GuestHost } from './guest.ts';
import { PortMap } from './port-map.ts';
import { Level, Processor, type ProcessorOwner } from './processor.ts';
import { RunStats } from './run-stats.ts';
import type { Scenario } from './scenario.ts';
import { isrcOf, OPERATION_OF, threadWork, type WorkObserver } from './thread-work.ts';
import { UserMasks } from './user-masks.ts';
import { Work, WorkQueue } from './work-queue.ts';

const AT = {
  exit: new SourceFile('xen/arch/x86/hvm (exit)')
    .fn('vmexit_handler')
    .site('exit for the kick IPI, entry', 4),
  inject: new SourceFile('xen/arch/x86/hvm (entry)').fn('intr_assist').site('injection at VM entry', 4),
};

/** An interrupt reaches a vCPU; the processors have kinds 0 and 1. */
const EVENT_INJECT = 2;

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
  readonly #ithreads: Addr[][];
  readonly #ithreadQueued = new Set<Addr>();
  /** By vCPU: an interrupt waits for the end of the upcall, as in the IRR. */
  readonly #latched: Uint8Array;
  /** By vCPU: what it does, as recorded, when it has nothing to do here; one of `Target`. */
  readonly #idleState: Uint8Array;
  /** By vCPU: kind of the work under way. */
  readonly #workKind: Int8Array;
  /** By port of the model: since when it is pending and unmasked. */
  readonly #deliverableSince = new Float64Array(PORTS);
  readonly #userMasks = new UserMasks();
  readonly #served: Int32Array;
  #findFrom: Cycle = 0;

  constructor(scenario: Scenario, vcpus: number) {
    const { senders, population } = scenario.run;
    this.#vcpus = vcpus;
    this.guest = new Guest(scenario, vcpus, senders, this);
    this.#processors = this.guest.cores.map(
      (core, i) => new Processor(i, core, this.engine, this, this.accounts.setup),
    );
    this.#queues = Array.from({ length: vcpus }, () => new WorkQueue());
    this.#ithreads = Array.from({ length: vcpus }, () => []);
    this.#latched = new Uint8Array(vcpus);
    this.#idleState = new Uint8Array(vcpus);
    this.#workKind = new Int8Array(vcpus).fill(-1);
    this.#served = new Int32Array(vcpus);
    for (let i = 0; i < population; i++) this.#bindAlone(3, HandlerKind.filter, i % vcpus);
  }

  /** Binds a recorded port before time starts. */
  boundBefore(recorded: Port, kind: ChannelKindCode, handler: HandlerKindCode, vcpu: Vcpu): void {
    this.ports.bound(recorded, this.#bindAlone(kind, handler, vcpu));
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
    this.#queues[vcpu]!.push(kind, recorded, b, c);
    this.#processors[vcpu]!.look();
  }

  /** What the vCPU that serves a recorded port does when it has nothing to do here: one of `Target`. */
  noteTarget(recorded: Port, state: number): void {
    this.#idleState[this.#vcpuOf(this.ports.model(recorded))] = state;
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
    let n = 0;
    const base = this.guest.domain.sharedInfo + SHARED_INFO.pending;
    for (let w = 0; w < 128; w++) {
      for (let bits = this.guest.memory.peek32(base + 4 * w); bits !== 0; bits &= bits - 1) n++;
    }
    return n;
  }

  pending(port: Port, from: Core): void {
    this.#deliverableSince[port] = from.now;
  }

  unmasked(port: Port, from: Core): void {
    this.#deliverableSince[port] = from.now;
  }

  marked(vcpu: Vcpu, from: Core): void {
    const target = this.#processors[vcpu]!;
    let state: number = Target.running;
    if (from === target.core) state = Target.self;
    else if (target.level < 0) state = this.#idleState[vcpu]!;
    const arrival = Math.max(this.engine.now, from.now) + arrivalCycles(from.machine, state);
    this.engine.schedule(arrival, Priority.inject, EVENT_INJECT, vcpu, state);
  }

  handled(port: Port, core: Core): void {
    const { stats } = this;
    stats.counts.delivered++;
    stats.histograms.delivery.add(Math.max(0, core.now - this.#deliverableSince[port]!));
    const vcpu = core.caches.core;
    this.#served[vcpu]! += 1;
    this.history.add((port << 8) | vcpu);
    if (this.#servedByUser(port) && this.#userMasks.served(port)) {
      this.give(vcpu, Work.unmask, this.ports.recorded(port));
    }
  }

  lateSend(): void {
    this.stats.counts.late_sends++;
  }

  portGone(port: Port): void {
    this.#userMasks.forget(port);
  }

  stray(): void {
    this.stats.counts.lost++;
  }

  findBegins(core: Core): void {
    this.#findFrom = core.credited;
  }

  findEnds(core: Core): void {
    this.stats.histograms.find.add(core.credited - this.#findFrom);
  }

  pendingCleared(_port: Port, was: boolean): void {
    if (was) this.guest.channels.stats.cancelled++;
  }

  ithreadRunnable(isrc: Addr, vcpu: Vcpu): void {
    if (this.#ithreadQueued.has(isrc)) return;
    this.#ithreadQueued.add(isrc);
    this.#ithreads[vcpu]!.push(isrc);
  }

  next(processor: Processor): boolean {
    const vcpu = processor.index;
    if (vcpu >= this.#vcpus) return false;
    const isrc = this.#ithreads[vcpu]!.shift();
    if (isrc !== undefined) {
      this.stats.counts.ithread_runs++;
      processor.start(Level.ithread, this.#ithread(vcpu, isrc), this.accounts.ithread);
      return true;
    }
    const queue = this.#queues[vcpu]!;
    if (processor.level >= 0 || queue.length === 0) return false;
    queue.shift();
    this.#workKind[vcpu] = queue.kind;
    if (queue.kind === Work.bind || queue.kind === Work.unbind) this.guest.applyCacheState(vcpu);
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
      if (this.#served[vcpu] === 0) counts.spurious_upcalls++;
      histograms.upcall.add(cycles);
      if (this.#latched[vcpu] === 1) {
        this.#latched[vcpu] = 0;
        this.engine.schedule(processor.core.now, Priority.inject, EVENT_INJECT, vcpu, Target.self);
      }
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
    if (kind === EVENT_INJECT) this.#inject(a, b);
    else this.#processors[a]!.event(kind);
  }

  /** An interrupt for a vCPU arrives: taken at once, or latched while an upcall runs with interrupts off. */
  #inject(vcpu: Vcpu, state: number): void {
    const processor = this.#processors[vcpu]!;
    if (processor.busy(Level.upcall)) {
      this.#latched[vcpu] = 1;
      return;
    }
    if (processor.level < 0) this.guest.applyCacheState(vcpu);
    this.#served[vcpu] = 0;
    processor.start(Level.upcall, this.#upcall(vcpu, state), this.accounts.upcall);
  }

  *#upcall(vcpu: Vcpu, state: number): Kernel {
    const { guest } = this;
    const cpu = guest.cpus[vcpu]!;
    const { core } = cpu;
    const exit = exitCycles(core.machine, state);
    if (exit > 0) {
      core.at(AT.exit);
      core.transition(exit);
    }
    core.at(AT.inject);
    core.transition(core.machine.n.eventInjectionCycles);
    yield* guest.os.generation.upcall(guest.os, cpu, guest.scenario.run.interruptedUser === 1);
  }

  *#ithread(vcpu: Vcpu, isrc: Addr): Kernel {
    const { guest } = this;
    const { memory } = guest;
    const event = memory.peek32(isrc + INTSRC.event);
    yield* runIthread(guest.os, guest.cpus[vcpu]!, isrc, event);
    this.#ithreadQueued.delete(isrc);
    const ithread = memory.peek32(event + EVENT.thread);
    if (memory.peek32(ithread + ITHREAD.need) !== 0) this.ithreadRunnable(isrc, vcpu);
  }

  #bindAlone(kind: ChannelKindCode, handler: HandlerKindCode, vcpu: Vcpu): Port {
    const { guest } = this;
    const cpu = guest.cpus[0]!;
    cpu.core.credits = this.accounts.setup;
    cpu.core.begin(Math.max(this.engine.now, cpu.core.now));
    return runAlone(guest.os.generation.bind(guest.os, cpu, kind, handler, vcpu));
  }

  /** The users of evtchn device ports have read what came before the trace. */
  #unmaskUserPorts(): void {
    const { core } = this.guest.cpus[0]!;
    for (const port of this.#userMasks.takeMasked()) {
      core.begin(Math.max(this.engine.now, core.now));
      runAlone(this.guest.channels.unmask(core, port));
    }
  }

  /** Whether a port is served by the evtchn device: its filter masks, its user unmasks. */
  #servedByUser(port: Port): boolean {
    const { memory } = this.guest;
    const event = memory.peek32(isrcOf(this.guest, port) + INTSRC.event);
    const handler = memory.peek32(event + EVENT.handlers);
    return memory.peek32(handler + HANDLER.filter) === SITE_ADDRESS[FILTER.evtchn];
  }

  #vcpuOf(port: Port): Vcpu {
    return this.guest.memory.peek32(this.guest.domain.channel(port) + EVTCHN.notifyVcpu);
  }
}
