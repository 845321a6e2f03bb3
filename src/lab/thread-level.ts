/**
 * What each vCPU has to do below its upcalls: ithreads that are runnable first, then thread-level work in order,
 * then HLT where the trace or the scenario asks for it.
 */
import type { Engine } from '../model/engine.ts';
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { VCPU } from '../xen/layout.ts';
import { PauseFlag } from '../xen/virtual-cpu.ts';
import type { Accounts } from './accounts.ts';
import { Level } from './context.ts';
import type { Guest } from './guest.ts';
import type { Pcpus } from './pcpus.ts';
import type { PortMap } from './port-map.ts';
import type { Processor } from './processor.ts';
import type { RunStats } from './run-stats.ts';
import { OPERATION_OF, threadWork, type WorkObserver } from './thread-work.ts';
import { Work, WorkQueue } from './work-queue.ts';

/** Kind of the thread-level work of a vCPU that halts; none of `Work`. */
const HALTED = -2;

/** What runs around it. */
export interface ThreadHost extends WorkObserver {
  readonly engine: Engine;
  readonly guest: Guest;
  readonly pcpus: Pcpus;
  readonly ports: PortMap;
  readonly accounts: Accounts;
  readonly stats: RunStats;
}

/** The thread level of all vCPUs of a guest. */
export class ThreadLevel {
  readonly #host: ThreadHost;
  readonly #queues: WorkQueue[];
  /** By vCPU: threads that wait for it, as `Observer.ithreadRunnable` named them. */
  readonly #ithreads: Addr[][];
  /** By vCPU: kind of the work under way or done last; -1 for none, or `HALTED`. */
  readonly #kind: Int8Array;
  /** By vCPU: whether it halts when it has nothing else to do, because the trace says that it did. */
  readonly #haltWaits: Uint8Array;
  /** Whether every vCPU with nothing to do halts. */
  readonly #idleHalts: boolean;

  constructor(host: ThreadHost, vcpus: number, idleHalts: boolean) {
    this.#host = host;
    this.#idleHalts = idleHalts;
    this.#queues = Array.from({ length: vcpus }, () => new WorkQueue());
    this.#ithreads = Array.from({ length: vcpus }, () => []);
    this.#kind = new Int8Array(vcpus).fill(-1);
    this.#haltWaits = new Uint8Array(vcpus);
  }

  /** Whether a vCPU can be given more work. */
  hasRoom(vcpu: Vcpu): boolean {
    return !this.#queues[vcpu]!.full;
  }

  /** Kind of the work of a vCPU that has just ended: one of `Work`, or less than 0. */
  kindOf(vcpu: Vcpu): number {
    return this.#kind[vcpu]!;
  }

  /** Gives a vCPU a piece of work; if it sleeps, a timer of its own wakes it. */
  give(vcpu: Vcpu, kind: number, recorded: Port, b: number, c: number): void {
    this.#queues[vcpu]!.push(kind, recorded, b, c);
    if (!this.wake(vcpu) && this.#host.pcpus.runs(vcpu)) this.#host.pcpus.of(vcpu).look();
  }

  /** A thread is runnable on a vCPU. */
  ithread(vcpu: Vcpu, thread: Addr): void {
    this.#ithreads[vcpu]!.push(thread);
    this.#host.pcpus.of(vcpu).look();
  }

  /** A vCPU executes HLT as soon as it has nothing else to do; nothing happens if it sleeps. */
  halt(vcpu: Vcpu): void {
    if (this.#sleeps(vcpu)) return;
    this.#haltWaits[vcpu] = 1;
    if (this.#host.pcpus.runs(vcpu)) this.#host.pcpus.of(vcpu).look();
  }

  /** A vCPU was found blocked: it halted when it had nothing more to do. Only if it has nothing to do now. */
  haltedBefore(vcpu: Vcpu): void {
    const { pcpus, engine, accounts } = this.#host;
    const processor = pcpus.of(vcpu);
    if (!pcpus.runs(vcpu) || !processor.idleAt(engine.now)) return;
    this.#kind[vcpu] = HALTED;
    processor.startWhenIdleBegan(pcpus.halt(vcpu), accounts.xen);
  }

  /** A timer of the vCPU's own wakes it if it sleeps; returns whether it did. Ends a HLT that has yet to come. */
  wake(vcpu: Vcpu): boolean {
    const { pcpus } = this.#host;
    this.#haltWaits[vcpu] = 0;
    if (!this.#sleeps(vcpu)) return false;
    pcpus.wakeByTimer(pcpus.virtual(vcpu));
    return true;
  }

  /** An event has come: a HLT that the trace has before it, and that has yet to come, would have been ended by it. */
  eventCame(vcpu: Vcpu): void {
    this.#haltWaits[vcpu] = 0;
  }

  /** As `ProcessorOwner.next`, for the vCPU that runs there. */
  next(processor: Processor, vcpu: Vcpu): boolean {
    const { guest, accounts, pcpus, stats } = this.#host;
    const thread = this.#ithreads[vcpu]!.shift();
    if (thread !== undefined) {
      stats.counts.ithread_runs++;
      processor.start(Level.ithread, guest.kernel.thread(vcpu, thread), accounts.ithread);
      return true;
    }
    if (processor.level >= 0) return false;
    if (this.#queues[vcpu]!.length > 0) this.#work(processor, vcpu);
    else if (this.#idleHalts || this.#haltWaits[vcpu] === 1) {
      this.#haltWaits[vcpu] = 0;
      this.#kind[vcpu] = HALTED;
      processor.start(Level.thread, pcpus.halt(vcpu), accounts.xen);
    } else return false;
    return true;
  }

  #work(processor: Processor, vcpu: Vcpu): void {
    const { guest, pcpus, accounts, ports, engine } = this.#host;
    const queue = this.#queues[vcpu]!;
    queue.shift();
    const { kind } = queue;
    this.#kind[vcpu] = kind;
    if (kind === Work.bind || kind === Work.unbind) guest.applyCacheState(vcpu, engine.now);
    const work = threadWork(guest, pcpus, ports, this.#host, vcpu, kind, queue.a, queue.b, queue.c);
    processor.start(Level.thread, work, accounts[OPERATION_OF[kind]!]);
  }

  /** Whether a vCPU is blocked, or on the way into its HLT or out of it inside Xen. */
  #sleeps(vcpu: Vcpu): boolean {
    const { pcpus, guest } = this.#host;
    const virtual = pcpus.virtual(vcpu);
    if (!pcpus.runs(vcpu)) {
      return (guest.memory.peek32(virtual.base + VCPU.pauseFlags) & (1 << PauseFlag.blocked)) !== 0;
    }
    const halts = this.#kind[vcpu] === HALTED && pcpus.contextOf(virtual).level === Level.thread;
    return halts && !pcpus.inGuest(pcpus.of(vcpu));
  }
}
