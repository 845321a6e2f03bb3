/**
 * Replays a trace on a guest: rows become sends and work at their scaled times, the guest does the rest.
 *
 * A restore waits until everything before it has been done, and rows behind it wait for the kernel's resume.
 *
 * A row waits (and so do those behind it) while what it needs is not there yet: its port is still being bound or
 * unbound, its vCPU has no room for more work, every sender's core is busy. Such rows are counted. Before a row waits
 * for the guest every preempted vCPU is resumed: what the row waits for may need it, and its own row is behind.
 */

import { HandlerKind, type HandlerKindCode } from '../intr/os.ts';
import { ModelBug, traceError } from '../model/errors.ts';
import type { Cycle, Vcpu } from '../model/units.ts';
import {
  Channel,
  EXTERNAL,
  Handler,
  Kind,
  namesNoPort,
  TargetState,
  type Trace,
  type TraceBatch,
  type TraceHeader,
  whereIs,
} from '../trace/table.ts';
import { ChannelKind, type ChannelKindCode } from '../xen/abi.ts';
import { assertCredited } from './accounts.ts';
import { PortState } from './port-map.ts';
import { restore } from './restore.ts';
import type { Scenario } from './scenario.ts';
import { TickClock } from './tick-clock.ts';
import { Vcpus } from './vcpus.ts';
import { Work } from './work-queue.ts';

const CHANNEL: Record<number, ChannelKindCode> = {
  [Channel.unbound]: ChannelKind.unbound,
  [Channel.interdomain]: ChannelKind.interdomain,
  [Channel.pirq]: ChannelKind.pirq,
  [Channel.virq]: ChannelKind.virq,
  [Channel.ipi]: ChannelKind.ipi,
};

/** The latest cycle at which a row may happen: what follows it must still be an exact integer. */
const LAST_CYCLE = 2 ** 52;

const HANDLER: Record<number, HandlerKindCode> = {
  [Handler.filter]: HandlerKind.filter,
  [Handler.ithread]: HandlerKind.ithread,
  [Handler.user]: HandlerKind.user,
};

/** A finished run. */
export interface Run {
  readonly scenario: Scenario;
  readonly trace: TraceHeader;
  readonly vcpus: Vcpus;
  readonly rows: number;
  /** Cycles from the first row to the end of the last thing the guest did. */
  readonly spanCycles: Cycle;
}

/** Runs a trace to its end; conservation is asserted. A fault in the trace is a UserError (exit 6). */
export async function replay(trace: Trace, file: string, scenario: Scenario): Promise<Run> {
  const player = new Player(trace, file, scenario);
  for await (const batch of trace.batches) player.play(batch);
  return player.finish();
}

class Player {
  readonly #vcpus: Vcpus;
  readonly #scenario: Scenario;
  readonly #file: string;
  readonly #clock: TickClock;
  readonly #header: TraceHeader;
  #start: Cycle = -1;
  #rows = 0;
  #bound: number;
  /** vCPUs that are preempted. */
  readonly #preempted = new Set<Vcpu>();

  constructor(trace: Trace, file: string, scenario: Scenario) {
    this.#scenario = scenario;
    this.#file = file;
    this.#header = trace.header;
    this.#vcpus = new Vcpus(scenario, trace.header.vcpus);
    this.#clock = new TickClock(trace.header.clockHz, scenario.machine.n.clockHz, scenario.run.gapPermille);
    this.#bound = scenario.run.population;
  }

  play(batch: TraceBatch): void {
    for (let i = 0; i < batch.length; i++) {
      this.#rows++;
      if (batch.kind[i] === Kind.bound) this.#boundBefore(batch, i);
      else this.#row(batch, i);
    }
  }

  finish(): Run {
    const { engine } = this.#vcpus;
    if (this.#start < 0) this.#start = this.#vcpus.startTime();
    this.#resumeAll();
    engine.runTo(Number.POSITIVE_INFINITY);
    assertConserved(this.#vcpus);
    assertCredited(this.#vcpus.accounts, this.#vcpus.guest.cores);
    const end = Math.max(engine.now, ...this.#vcpus.guest.cores.map((core) => core.now));
    const spanCycles = end - this.#start;
    return {
      scenario: this.#scenario,
      trace: this.#header,
      vcpus: this.#vcpus,
      rows: this.#rows,
      spanCycles,
    };
  }

  #boundBefore(batch: TraceBatch, i: number): void {
    if (this.#start >= 0) {
      throw traceError(whereIs(this.#file, batch, i), 'a row of kind bound', 'none after time starts');
    }
    this.#countPort(batch, i);
    const channel = CHANNEL[batch.channel[i]!]!;
    this.#vcpus.boundBefore(batch.port[i]!, channel, HANDLER[batch.handler[i]!]!, batch.to[i]!);
  }

  #row(batch: TraceBatch, i: number): void {
    const vcpus = this.#vcpus;
    const { engine, ports } = vcpus;
    if (this.#start < 0) this.#start = vcpus.startTime();
    const cycle = this.#start + this.#cycles(batch, i);
    if (cycle > engine.now) engine.runTo(cycle);
    const kind = batch.kind[i]!;
    const port = batch.port[i]!;
    const by = batch.by[i]!;
    if (namesNoPort(kind)) {
      if (kind === Kind.restore) this.#restore(by);
      else this.#ofVcpu(kind, by);
      return;
    }
    const needs = kind === Kind.bind ? PortState.unbound : PortState.bound;
    const ready = () =>
      (kind === Kind.notify || ports.state(port) === needs) && (by === EXTERNAL || vcpus.hasRoom(by));
    if (!ready()) {
      vcpus.stats.counts.held_rows++;
      this.#resumeEarly();
      while (!ready()) this.#wait(kind, port);
    }
    this.#apply(batch, i, kind, port, by);
  }

  /** Cycles from the start of the trace to a row; a UserError where they pass the integers that are exact. */
  #cycles(batch: TraceBatch, i: number): Cycle {
    const time = batch.time[i]!;
    const cycles = this.#clock.cycles(time);
    if (this.#start + cycles <= LAST_CYCLE) return cycles;
    const found = `time ${time} ticks, more than 2^52 cycles of the machine`;
    throw traceError(whereIs(this.#file, batch, i), found, 'an earlier time, or a smaller gap');
  }

  /** A row about a vCPU alone. */
  #ofVcpu(kind: number, by: Vcpu): void {
    const { pcpus } = this.#vcpus;
    switch (kind) {
      case Kind.halt:
        this.#vcpus.halt(by);
        break;
      case Kind.wake:
        this.#vcpus.wake(by);
        break;
      case Kind.exit:
        if (!this.#vcpus.hasRoom(by)) {
          this.#vcpus.stats.counts.held_rows++;
          this.#resumeEarly();
          while (!this.#vcpus.hasRoom(by)) this.#wait(kind, 0);
        }
        this.#vcpus.give(by, Work.exit, 0);
        break;
      case Kind.interrupt:
        pcpus.interrupt(by);
        break;
      case Kind.preempt:
        this.#preempted.add(by);
        pcpus.lend(by, false);
        break;
      case Kind.resume:
        // Not if it was resumed early.
        if (this.#preempted.delete(by)) pcpus.lend(by, true);
        break;
    }
  }

  /** The domain leaves its host with nothing under way, and its drivers' ports are bound no more. */
  #restore(by: Vcpu): void {
    this.#resumeEarly();
    restore(this.#vcpus, by);
  }

  /** Resumes every preempted vCPU. */
  #resumeAll(): void {
    for (const vcpu of this.#preempted) this.#vcpus.pcpus.lend(vcpu, true);
    this.#preempted.clear();
  }

  #resumeEarly(): void {
    this.#vcpus.stats.counts.early_resumes += this.#preempted.size;
    this.#resumeAll();
  }

  #apply(batch: TraceBatch, i: number, kind: number, port: number, by: number): void {
    const vcpus = this.#vcpus;
    const channel = CHANNEL[batch.channel[i]!] ?? ChannelKind.interdomain;
    switch (kind) {
      case Kind.bind:
        this.#countPort(batch, i);
        vcpus.give(by, Work.bind, port, channel, (HANDLER[batch.handler[i]!]! << 8) | batch.to[i]!);
        break;
      case Kind.unbind:
        this.#bound--;
        vcpus.give(by, Work.unbind, port);
        break;
      case Kind.move:
        vcpus.give(by, Work.move, port, 0, batch.to[i]!);
        break;
      case Kind.notify:
        vcpus.give(by, Work.notify, port);
        break;
      case Kind.unmask:
        vcpus.userUnmasks(by, port);
        break;
      case Kind.priority:
        vcpus.give(by, Work.priority, port, 0, batch.to[i]!);
        break;
      case Kind.send: {
        if (batch.target[i] === TargetState.blocked) vcpus.noteBlocked(port);
        if (by !== EXTERNAL) vcpus.give(by, Work.send, port);
        else if (!vcpus.sendFromOutside(port)) {
          vcpus.stats.counts.held_rows++;
          do this.#wait(kind, port);
          while (!vcpus.sendFromOutside(port));
        }
        break;
      }
    }
  }

  /** Lets the guest go on by one event. */
  #wait(kind: number, port: number): void {
    if (!this.#vcpus.engine.step()) {
      const { now } = this.#vcpus.engine;
      throw new ModelBug('a row waits for something that never comes', { kind, port, now, rows: this.#rows });
    }
  }

  /** A guest has at most 4,095 ports, the idle ones included. */
  #countPort(batch: TraceBatch, i: number): void {
    if (++this.#bound <= 4095) return;
    const found = `${this.#bound} ports bound at once (${this.#scenario.run.population} of them idle)`;
    throw traceError(whereIs(this.#file, batch, i), found, 'at most 4095');
  }
}

/**
 * Every event sent, or made pending once more by an unmask, is served, absorbed, cancelled by a close, lost as a
 * stray or for want of a queue, or still pending.
 */
export function assertConserved(vcpus: Vcpus): void {
  const { counts } = vcpus.stats;
  const { delivered, lost } = counts;
  const { sends, repeated, coalesced, cancelled, unqueued } = vcpus.guest.channels.stats;
  const pending = vcpus.stillPending();
  if (sends + repeated !== delivered + coalesced + cancelled + lost + unqueued + pending) {
    const found = { sends, repeated, delivered, coalesced, cancelled, lost, unqueued, pending };
    throw new ModelBug('events are not conserved', found);
  }
}
