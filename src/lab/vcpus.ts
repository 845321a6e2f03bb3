/**
 * The vCPUs of a guest at work: interrupts that arrive, upcalls, ithreads, thread-level work, and the senders of
 * other domains. Every decision is an event of the engine, so the order is total.
 */

import { HandlerKind, type HandlerKindCode, runAlone } from '../intr/os.ts';
import { Engine, type Horizon } from '../model/engine.ts';
import { Fingerprint } from '../model/fingerprint.ts';
import { reset } from '../model/stats.ts';
import type { Addr, Cycle, Port, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import { ChannelKind, type ChannelKindCode, PORTS } from '../xen/abi.ts';
import { haltExit } from '../xen/hvm-exits.ts';
import { idleLoop } from '../xen/idle.ts';
import { EVTCHN } from '../xen/layout.ts';
import { HostVector, Mode, type Pcpu } from '../xen/pcpu.ts';
import type { VirtualCpu } from '../xen/virtual-cpu.ts';
import { vmEntry } from '../xen/vmexit.ts';
import type { Xen } from '../xen/xen.ts';
import { newAccounts, OPERATIONS } from './accounts.ts';
import { Context, Level } from './context.ts';
import { Guest, type GuestHost } from './guest.ts';
import { deliveredUpcall, EVENT_INTERRUPT, type InterruptHost, Interrupts } from './interrupts.ts';
import { PortMap } from './port-map.ts';
import { Processor, type ProcessorOwner } from './processor.ts';
import { RunStats } from './run-stats.ts';
import type { Scenario } from './scenario.ts';
import { OPERATION_OF, threadWork, type WorkObserver } from './thread-work.ts';
import { UserMasks } from './user-masks.ts';
import { Work, WorkQueue } from './work-queue.ts';

/** Kind of the thread-level work of a vCPU that halts. */
const HALTED = -2;

/** A guest with its engine and processors. */
export class Vcpus implements GuestHost, InterruptHost, ProcessorOwner, WorkObserver {
  readonly engine = new Engine((kind, a, b) => this.#event(kind, a, b));
  readonly horizon: Horizon = this.engine.horizon;
  readonly guest: Guest;
  readonly ports = new PortMap();
  readonly stats = new RunStats();
  readonly accounts = newAccounts();
  /** What happened: ports served, by vCPU, in order. Timing does not enter. */
  readonly history = new Fingerprint();
  readonly processors: Processor[];
  readonly hardware: Interrupts;
  readonly #queues: WorkQueue[];
  /** By vCPU: threads that wait for it, as `Observer.ithreadRunnable` named them. */
  readonly #ithreads: Addr[][];
  readonly #contexts = new Map<VirtualCpu, Context>();
  /** By pCPU. */
  readonly #idle: Context[];
  /** By vCPU: kind of the work under way; -1 for none, -2 for HLT. */
  readonly #workKind: Int8Array;
  /** By vCPU: ports served by the upcall under way. */
  readonly #served: Int32Array;
  /** By vCPU: cycles of Xen's on its pCPU since its last upcall ended. */
  readonly #xenCycles: Float64Array;
  /** By port of the model: since when it is pending and unmasked. */
  readonly #deliverableSince = new Float64Array(PORTS);
  readonly #userMasks = new UserMasks();
  /** By vCPU: cycles its bind had spent when the search began. */
  readonly #findFrom: Float64Array;
  /** Whether a vCPU with nothing to do halts. */
  readonly #halts: boolean;

  constructor(scenario: Scenario, vcpus: number) {
    const { senders, population, hogs, pcpus, idleHalts } = scenario.run;
    const { setup, sender, xen } = this.accounts;
    this.#halts = idleHalts === 1 || hogs > 0 || (pcpus > 0 && pcpus < vcpus);
    this.hardware = new Interrupts(this);
    const guest = new Guest(scenario, vcpus, senders, this);
    this.guest = guest;
    guest.domain.virtualCpus.forEach((vcpu, v) => {
      this.#contexts.set(vcpu, new Context(guest.cpus[v]!.stackTop, setup));
    });
    for (const { vcpu, sp } of guest.senders) this.#contexts.set(vcpu, new Context(sp, sender));
    for (const { vcpu, sp } of guest.hogs) this.#contexts.set(vcpu, new Context(sp, xen));
    this.processors = guest.cores.map((core, i) => {
      const context = this.contextOf(guest.xen.pcpus[i]!.current!);
      return new Processor(i, core, this.engine, this, context);
    });
    this.#idle = guest.xen.pcpus.map((pcpu) => {
      const context = new Context(guest.stack(`idle ${pcpu.index}`), xen);
      context.put(Level.xen, idleLoop(guest.xen, pcpu), xen);
      return context;
    });
    // A vCPU that does not run at the start enters its guest when it first does.
    for (const [vcpu, context] of this.#contexts) {
      const pcpu = guest.xen.pcpus[vcpu.pcpu]!;
      if (pcpu.current !== vcpu) context.put(Level.xen, vmEntry(guest.xen, pcpu), xen);
    }
    this.#queues = Array.from({ length: vcpus }, () => new WorkQueue());
    this.#ithreads = Array.from({ length: vcpus }, () => []);
    this.#workKind = new Int8Array(vcpus).fill(-1);
    this.#served = new Int32Array(vcpus);
    this.#xenCycles = new Float64Array(vcpus);
    this.#findFrom = new Float64Array(vcpus);
    for (let i = 0; i < population; i++) this.#bindAlone(3, HandlerKind.filter, this.#target(i % vcpus));
    for (const { vcpu } of guest.hogs) this.#wakeByTimer(vcpu);
  }

  get xen(): Xen {
    return this.guest.xen;
  }

  get xenAccount(): Float64Array {
    return this.accounts.xen;
  }

  contextOf(vcpu: VirtualCpu): Context {
    return this.#contexts.get(vcpu)!;
  }

  idleContext(pcpu: Pcpu): Context {
    return this.#idle[pcpu.index]!;
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
    this.stats.reset();
    this.history.reset();
    reset(this.guest.channels.stats);
    reset(this.xen.stats);
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
    this.#attend(vcpu);
  }

  /** The vCPU that serves a recorded port was found blocked: it halted when it had nothing more to do. */
  noteBlocked(recorded: Port): void {
    const vcpu = this.#vcpuOf(this.ports.model(recorded));
    const processor = this.#processorOf(vcpu);
    if (!this.#runs(vcpu) || !processor.idleAt(this.engine.now)) return;
    this.#workKind[vcpu] = HALTED;
    processor.startWhenIdleBegan(this.#halt(vcpu), this.accounts.xen);
  }

  /** Another domain sends to a recorded port now; false when all its cores are busy. */
  sendFromOutside(recorded: Port): boolean {
    const { engine, guest, xen } = this;
    const port = this.ports.model(recorded);
    const kind = this.ports.kind(recorded);
    if (port !== 0 && (kind === ChannelKind.virq || kind === ChannelKind.pirq)) {
      const pcpu = xen.pcpus[guest.domain.virtualCpus[this.#vcpuOf(port)]!.pcpu]!;
      const virq = kind === ChannelKind.virq;
      (virq ? pcpu.virqs : pcpu.pirqs).push({ source: guest.hvm, port });
      this.hardware.interrupt(pcpu, virq ? HostVector.timer : HostVector.device, engine.now);
      return true;
    }
    for (const { vcpu } of guest.senders) {
      const processor = this.processors[vcpu.pcpu]!;
      if (!processor.idleAt(engine.now)) continue;
      processor.start(Level.thread, guest.channels.send(processor.core, port), this.accounts.sender);
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

  closed(port: Port): void {
    this.ports.closed(port);
    this.#userMasks.forget(port);
  }

  handled(port: Port, fresh: boolean, core: Core): void {
    const { stats } = this;
    if (fresh) stats.counts.delivered++;
    else stats.counts.phantoms++;
    stats.histograms.delivery.add(Math.max(0, core.now - this.#deliverableSince[port]!));
    const vcpu = this.#vcpuOn(core);
    this.#served[vcpu]! += 1;
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
    this.#findFrom[vcpu] = this.#processorOf(vcpu).spentBy(Level.thread);
  }

  findEnds(vcpu: Vcpu): void {
    const processor = this.#processorOf(vcpu);
    if (!processor.busy(Level.thread)) return;
    this.stats.histograms.find.add(processor.spentBy(Level.thread) - this.#findFrom[vcpu]!);
  }

  pendingCleared(_port: Port, was: boolean): void {
    if (was) this.guest.channels.stats.cancelled++;
  }

  ithreadRunnable(thread: Addr, vcpu: Vcpu): void {
    this.#ithreads[vcpu]!.push(thread);
    this.#processorOf(vcpu).look();
  }

  idles(processor: Processor): boolean {
    return this.xen.pcpus[processor.index]!.mode === Mode.idle;
  }

  startUpcall(processor: Processor, virtual: VirtualCpu, cycles: Cycle): void {
    this.#served[virtual.id] = 0;
    processor.start(Level.upcall, deliveredUpcall(this.guest, virtual.id, cycles), this.accounts.upcall);
  }

  disturbed(processor: Processor): void {
    const vcpu = this.#guestVcpu(processor);
    if (vcpu >= 0 && processor.executing(this.engine.now) < 0) {
      this.guest.applyCacheState(vcpu, this.engine.now);
    }
  }

  next(processor: Processor): boolean {
    const vcpu = this.#guestVcpu(processor);
    if (vcpu < 0 || this.xen.pcpus[processor.index]!.mode !== Mode.guest) return false;
    const thread = this.#ithreads[vcpu]!.shift();
    if (thread !== undefined) {
      this.stats.counts.ithread_runs++;
      processor.start(Level.ithread, this.guest.kernel.thread(vcpu, thread), this.accounts.ithread);
      return true;
    }
    if (processor.level >= 0) return false;
    const queue = this.#queues[vcpu]!;
    if (queue.length > 0) {
      queue.shift();
      this.#workKind[vcpu] = queue.kind;
      if (queue.kind === Work.bind || queue.kind === Work.unbind)
        this.guest.applyCacheState(vcpu, this.engine.now);
      const account = this.accounts[OPERATION_OF[queue.kind]!];
      const work = threadWork(this.guest, this.ports, this, vcpu, queue.kind, queue.a, queue.b, queue.c);
      processor.start(Level.thread, work, account);
    } else if (this.#halts) {
      this.#workKind[vcpu] = HALTED;
      processor.start(Level.thread, this.#halt(vcpu), this.accounts.xen);
    } else return false;
    return true;
  }

  ended(processor: Processor, level: number, cycles: number): void {
    const vcpu = this.#guestVcpu(processor);
    if (level === Level.xen && vcpu >= 0) this.#xenCycles[vcpu]! += cycles;
    if (vcpu < 0 || level === Level.xen) return;
    const { counts, histograms } = this.stats;
    if (level === Level.upcall) {
      counts.upcalls++;
      if (this.#served[vcpu] === 0) counts.spurious_upcalls++;
      histograms.upcall.add(cycles + this.#xenCycles[vcpu]!);
      this.#xenCycles[vcpu] = 0;
      this.hardware.interruptsBackOn(processor);
    } else if (level === Level.ithread) histograms.ithread.add(cycles);
    else if (this.#workKind[vcpu] !== HALTED) {
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
    if (kind >= EVENT_INTERRUPT) this.hardware.event(kind, a, b);
    else this.processors[a]!.event(kind);
  }

  #halt(vcpu: Vcpu): Kernel {
    const { xen } = this;
    return haltExit(xen, xen.pcpus[this.guest.domain.virtualCpus[vcpu]!.pcpu]!);
  }

  /** A vCPU has something to do at thread level: it looks, or a timer of its own wakes it. */
  #attend(vcpu: Vcpu): void {
    const virtual = this.guest.domain.virtualCpus[vcpu]!;
    const halted = this.#workKind[vcpu] === HALTED && this.contextOf(virtual).level >= 0;
    if (halted) this.#wakeByTimer(virtual);
    else if (this.#runs(vcpu)) this.#processorOf(vcpu).look();
  }

  /** The vCPU a port goes to: where upcalls are a line, everything goes to vCPU 0. */
  #target(vcpu: Vcpu): Vcpu {
    return this.guest.scenario.delivery.line ? 0 : vcpu;
  }

  #wakeByTimer(virtual: VirtualCpu): void {
    const pcpu = this.xen.pcpus[virtual.pcpu]!;
    pcpu.timers.push(virtual);
    this.hardware.interrupt(pcpu, HostVector.timer, this.engine.now);
  }

  #runs(vcpu: Vcpu): boolean {
    const virtual = this.guest.domain.virtualCpus[vcpu]!;
    return this.xen.pcpus[virtual.pcpu]!.current === virtual;
  }

  #processorOf(vcpu: Vcpu): Processor {
    return this.processors[this.guest.domain.virtualCpus[vcpu]!.pcpu]!;
  }

  /** The vCPU of the guest that has this processor; -1 for another domain's or the idle one. */
  #guestVcpu(processor: Processor): Vcpu {
    const { current } = this.xen.pcpus[processor.index]!;
    return current !== undefined && current.owner === this.guest.hvm ? current.id : -1;
  }

  #vcpuOn(core: Core): Vcpu {
    return this.xen.pcpuOf(core).current!.id;
  }

  #bindAlone(kind: ChannelKindCode, handler: HandlerKindCode, vcpu: Vcpu): Port {
    return this.#alone(this.guest.kernel.bind(0, kind, handler, vcpu));
  }

  /** Runs a kernel on vCPU 0 to its end, before the trace: what it starts elsewhere runs later. */
  #alone<T>(kernel: Kernel<T>): T {
    const { core } = this.guest.cpus[0]!;
    const processor = this.#processorOf(0);
    core.credits = this.accounts.setup;
    core.begin(Math.max(this.engine.now, core.now));
    processor.held = true;
    const result = runAlone(kernel);
    processor.held = false;
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
