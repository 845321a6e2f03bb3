/**
 * The vCPUs of a guest at work: upcalls, ithreads, thread-level work, and the senders of other domains. Every
 * decision is an event of the engine, so the order is total.
 */

import { HandlerKind, type HandlerKindCode, runAlone } from '../intr/os.ts';
import { Engine, type Horizon } from '../model/engine.ts';
import { usageError } from '../model/errors.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import { reset } from '../model/stats.ts';
import type { Addr, Cycle, Port, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import { ChannelKind, type ChannelKindCode, PORTS } from '../xen/abi.ts';
import { EVTCHN } from '../xen/layout.ts';
import { newAccounts, OPERATIONS } from './accounts.ts';
import { Level } from './context.ts';
import { EventLog } from './event-log.ts';
import { Guest, type GuestHost } from './guest.ts';
import { deliveredUpcall, EVENT_INTERRUPT, type Interrupts } from './interrupts.ts';
import { type PcpuOwner, Pcpus } from './pcpus.ts';
import { PortMap } from './port-map.ts';
import type { Processor } from './processor.ts';
import type { RunStats } from './run-stats.ts';
import type { Scenario } from './scenario.ts';
import { type ThreadHost, ThreadLevel } from './thread-level.ts';
import { UserMasks } from './user-masks.ts';
import { Work } from './work-queue.ts';

/** A guest with its engine and processors. */
export class Vcpus implements GuestHost, PcpuOwner, ThreadHost {
  readonly engine = new Engine((kind, a, b) => this.#event(kind, a, b));
  readonly horizon: Horizon = this.engine.horizon;
  readonly accounts = newAccounts();
  readonly pcpus = new Pcpus(this.engine, this.accounts, this);
  readonly guest: Guest;
  readonly ports = new PortMap();
  readonly #log: EventLog;
  readonly #threads: ThreadLevel;
  readonly #userMasks = new UserMasks();
  /** By vCPU: cycles its bind had spent when the search began. */
  readonly #findFrom: Float64Array;

  constructor(scenario: Scenario, vcpus: number) {
    const { senders, population, hogs, pcpus, idleHalts } = scenario.run;
    this.#log = new EventLog(vcpus);
    this.guest = new Guest(scenario, vcpus, senders, this);
    this.pcpus.boot(this.guest);
    const halts = idleHalts === 1 || hogs > 0 || (pcpus > 0 && pcpus < vcpus);
    this.#threads = new ThreadLevel(this, vcpus, halts);
    this.#findFrom = new Float64Array(vcpus);
    for (let i = 0; i < population; i++) this.#bindAlone(3, HandlerKind.filter, this.#target(i % vcpus));
  }

  /** Counters and distributions. */
  get stats(): RunStats {
    return this.#log.stats;
  }

  /** What happened: ports served, by vCPU, in order. */
  get history(): Fingerprint {
    return this.#log.history;
  }

  /** How often the handlers of a port of the model ran. */
  get runsOf(): Uint32Array {
    return this.#log.runs;
  }

  /** As in `EventLog`. */
  get overtaken(): number {
    return this.#log.overtaken;
  }

  /** As in `EventLog`. */
  countOvertaken(): void {
    this.#log.countOvertaken();
  }

  get hardware(): Interrupts {
    return this.pcpus.hardware;
  }

  /** Binds a recorded port before time starts. */
  boundBefore(recorded: Port, kind: ChannelKindCode, handler: HandlerKindCode, vcpu: Vcpu): void {
    this.ports.bound(recorded, this.#bindAlone(kind, handler, this.#target(vcpu)), kind);
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
    this.guest.uncore.transfers.reset();
    for (const name of OPERATIONS) if (name !== 'setup') this.accounts[name].fill(0);
    this.#log.reset();
    reset(this.guest.channels.stats);
    reset(this.guest.xen.stats);
    const start = Math.max(this.engine.now, ...this.guest.cores.map((core) => core.now)) + 1;
    this.engine.runTo(start);
    return start;
  }

  /** Whether a vCPU can be given more thread-level work. */
  hasRoom(vcpu: Vcpu): boolean {
    return this.#threads.hasRoom(vcpu);
  }

  /** Gives a vCPU thread-level work: one of `Work` on a recorded port. */
  give(vcpu: Vcpu, kind: number, recorded: Port, b = 0, c = 0): void {
    if (kind === Work.bind) this.ports.binding(recorded);
    if (kind === Work.move) this.ports.moving(recorded);
    this.#threads.give(vcpu, kind, recorded, b, c);
  }

  /**
   * The domain is restored on a new host, where vCPU `by` resumes first: its kernel binds IPIs and VIRQs again, and the
   * drivers of other ports have yet to. Everything that was under way ends before; nothing else runs meanwhile. A
   * UserError (exit 2) for a guest that has no resume here, or with idle ports.
   */
  restore(by: Vcpu): void {
    const { engine, guest, ports } = this;
    if (guest.scenario.run.population > 0)
      throw usageError(
        'population: idle ports have no driver that binds them again after a restore; leave it out',
      );
    engine.runTo(Number.POSITIVE_INFINITY);
    const live = ports.live;
    const sources = live.map((recorded) => guest.kernel.sourceOf(ports.model(recorded)));
    guest.restored();
    this.give(by, Work.restore, 0);
    engine.runTo(Number.POSITIVE_INFINITY);
    const now = new Map<Addr, Port>();
    for (let port = 1; port < PORTS; port++) now.set(guest.kernel.sourceOf(port), port);
    live.forEach((recorded, i) => {
      const port = now.get(sources[i]!);
      if (port === undefined) ports.lost(recorded, sources[i]!);
      else ports.bound(recorded, port, ports.kind(recorded));
    });
  }

  /** The vCPU that serves a recorded port was found blocked: it halted when it had nothing more to do. */
  noteBlocked(recorded: Port): void {
    this.#threads.haltedBefore(this.#vcpuOf(this.ports.model(recorded)));
  }

  /** Another domain sends to a recorded port now; false when all its cores are busy. */
  sendFromOutside(recorded: Port): boolean {
    const { engine, guest, pcpus } = this;
    const port = this.ports.model(recorded);
    const kind = this.ports.kind(recorded);
    if (port !== 0 && (kind === ChannelKind.virq || kind === ChannelKind.pirq)) {
      pcpus.raise(port, this.#vcpuOf(port), kind === ChannelKind.virq);
      return true;
    }
    for (const { vcpu } of guest.senders) {
      const processor = pcpus.processors[vcpu.pcpu]!;
      if (!processor.idleAt(engine.now)) continue;
      processor.start(Level.thread, guest.channels.send(processor.core, port), this.accounts.sender);
      return true;
    }
    return false;
  }

  /** What the trace says of a vCPU alone: `halt` and `wake` as in `ThreadLevel`. */
  halt(vcpu: Vcpu): void {
    this.#threads.halt(vcpu);
  }

  wake(vcpu: Vcpu): void {
    this.#threads.wake(vcpu);
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
    this.#log.deliverable(port, from.now);
    this.#threads.eventCame(this.#vcpuOf(port));
  }

  unmasked(port: Port, from: Core): void {
    this.#log.deliverable(port, from.now);
  }

  closed(port: Port): void {
    this.ports.closed(port);
    this.#userMasks.forget(port);
  }

  handled(port: Port, fresh: boolean, core: Core): void {
    const vcpu = this.pcpus.vcpuOnCore(core);
    this.#log.handled(port, vcpu, fresh, core.now);
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
    this.#findFrom[vcpu] = this.pcpus.of(vcpu).spentBy(Level.thread);
  }

  findEnds(vcpu: Vcpu): void {
    const processor = this.pcpus.of(vcpu);
    if (!processor.busy(Level.thread)) return;
    this.stats.histograms.find.add(processor.spentBy(Level.thread) - this.#findFrom[vcpu]!);
  }

  pendingCleared(_port: Port, was: boolean): void {
    if (was) this.guest.channels.stats.cancelled++;
  }

  ithreadRunnable(thread: Addr, vcpu: Vcpu): void {
    this.#threads.ithread(vcpu, thread);
  }

  idles(processor: Processor): boolean {
    return this.pcpus.idles(processor);
  }

  interruptsOn(processor: Processor): void {
    const vcpu = this.pcpus.vcpuOn(processor);
    if (vcpu < 0 || !this.pcpus.inGuest(processor)) return;
    if (this.hardware.interruptsOn(this.pcpus.virtual(vcpu))) this.hardware.interruptsBackOn(processor);
  }

  startUpcall(processor: Processor, vcpu: Vcpu, cycles: Cycle): void {
    this.#log.upcallStarts(vcpu);
    processor.start(Level.upcall, deliveredUpcall(this.guest, vcpu, cycles), this.accounts.upcall);
  }

  disturbed(processor: Processor): void {
    const vcpu = this.pcpus.vcpuOn(processor);
    if (vcpu >= 0 && processor.executing(this.engine.now) < 0) {
      this.guest.applyCacheState(vcpu, this.engine.now);
    }
  }

  next(processor: Processor): boolean {
    const vcpu = this.pcpus.vcpuOn(processor);
    return vcpu >= 0 && this.pcpus.inGuest(processor) && this.#threads.next(processor, vcpu);
  }

  ended(processor: Processor, level: number, cycles: number): void {
    const vcpu = this.pcpus.vcpuOn(processor);
    if (vcpu < 0) return;
    if (level === Level.xen) {
      // It injected an upcall, interrupted one, or asked for the window in which one will be injected.
      const forUpcall = processor.busy(Level.upcall) || this.pcpus.virtual(vcpu).windowArmed;
      if (forUpcall) this.#log.xenSpent(vcpu, cycles);
    } else if (level === Level.upcall) {
      this.#log.upcallEnded(vcpu, cycles);
      this.hardware.interruptsBackOn(processor);
    } else if (level === Level.ithread) this.stats.histograms.ithread.add(cycles);
    else this.#log.workEnded(this.#threads.kindOf(vcpu), cycles);
  }

  #event(kind: number, a: number, b: number): void {
    if (kind >= EVENT_INTERRUPT) this.hardware.event(kind, a, b);
    else this.pcpus.processors[a]!.event(kind);
  }

  /** The vCPU a port goes to: where upcalls are a line, everything goes to vCPU 0. */
  #target(vcpu: Vcpu): Vcpu {
    return this.guest.scenario.delivery.line ? 0 : vcpu;
  }

  #bindAlone(kind: ChannelKindCode, handler: HandlerKindCode, vcpu: Vcpu): Port {
    return this.#alone(this.guest.kernel.bind(0, kind, handler, vcpu));
  }

  /** Runs a kernel on vCPU 0 to its end, before the trace: what it starts elsewhere runs later. */
  #alone<T>(kernel: Kernel<T>): T {
    const { core } = this.guest.cpus[0]!;
    const processor = this.pcpus.of(0);
    core.credits = this.accounts.setup;
    core.begin(Math.max(this.engine.now, core.now));
    processor.held = true;
    const result = runAlone(kernel);
    processor.held = false;
    if (core.interruptWaits) this.interruptsOn(processor);
    return result;
  }

  /** The users of evtchn device ports have read what came before the trace. */
  #unmaskUserPorts(): void {
    for (const port of this.#userMasks.takeMasked()) {
      this.give(this.#vcpuOf(port), Work.unmask, this.ports.recorded(port));
    }
  }

  #vcpuOf(port: Port): Vcpu {
    return this.guest.memory.peek32(this.guest.domain.channel(port) + EVTCHN.notifyVcpu);
  }
}
