/**
 * One pCPU at work: which context has it, which piece of modelled code runs, what that interrupts. A kernel that
 * stops for an earlier event elsewhere is resumed at the cycle it asked for; if something of a higher level ran
 * meanwhile, it goes on after that. One that stops in the idle loop stays until the pCPU is woken.
 */
import type { Engine } from '../model/engine.ts';
import { Priority } from '../model/event-queue.ts';
import type { Cycle } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import { type Context, Level } from './context.ts';

/** What a processor tells its owner, and asks it for. */
export interface ProcessorOwner {
  /** A kernel of this level ended; `cycles` are its own, without what interrupted it. */
  ended(processor: Processor, level: number, cycles: number): void;
  /**
   * Nothing above thread level runs now. Starts an ithread that waits, or thread-level work if nothing at all
   * runs (`level` is -1); returns whether it started something.
   */
  next(processor: Processor): boolean;
  /** An interrupt waits, and the kernel that has just stopped takes interrupts. */
  interruptsOn(processor: Processor): void;
  /** Whether the kernel that has just stopped stands in a C-state. */
  idles(processor: Processor): boolean;
}

/** Kinds of engine events a processor schedules for itself; operand `a` is its index. */
export const ProcessorEvent = { resume: 0, look: 1 } as const;

/** A pCPU with the context that has it. */
export class Processor {
  readonly index: number;
  readonly core: Core;
  context: Context;
  /** Kernels are put on their level only: somebody else runs code on this core just now. */
  held = false;
  readonly #engine: Engine;
  readonly #owner: ProcessorOwner;
  /** Level whose kernel the window of the core belongs to; -1 for none. */
  #inWindow = -1;
  /** Cycle of the resume event that counts; others are stale. */
  #resumeAt = -1;
  #looking = false;
  #running = false;
  #parked = false;
  #next: Context | undefined;
  /** Level of the kernel that ended last. */
  #lastLevel = -1;

  /** @param context the one that has the core at the start */
  constructor(index: number, core: Core, engine: Engine, owner: ProcessorOwner, context: Context) {
    this.index = index;
    this.core = core;
    this.context = context;
    this.#engine = engine;
    this.#owner = owner;
    core.sp = context.sp;
  }

  /** Highest level that has a kernel; -1 when nothing modelled runs. */
  get level(): number {
    return this.context.level;
  }

  /** Whether nothing runs here at a cycle, not even a kernel that has ended but ran ahead of the present. */
  idleAt(cycle: Cycle): boolean {
    return this.level < 0 && this.core.now <= cycle;
  }

  /** Level that the core executes at a cycle; also that of a kernel which ended but ran ahead. -1 for none. */
  executing(cycle: Cycle): number {
    if (this.level >= 0) return this.level;
    return this.core.now > cycle ? this.#lastLevel : -1;
  }

  /** Cycles of its own that the kernel of a level has spent so far. */
  spentBy(level: number): number {
    return this.context.spent[level]! + (this.#inWindow === level ? this.core.spent() : 0);
  }

  /** Whether a kernel of this level is under way, running or interrupted. */
  busy(level: number): boolean {
    return this.context.kernels[level] !== undefined;
  }

  /**
   * Starts a kernel of a level that has none, at the engine's present or when the core is free. From within a
   * kernel of this processor: when that stops.
   *
   * @param account where its cycles are credited
   */
  start(level: number, kernel: Kernel<unknown>, account: Float64Array): void {
    this.context.put(level, kernel, account);
    if (this.#running || this.held) this.look();
    else if (this.level === level) this.#run(level, this.#engine.now);
  }

  /**
   * Starts thread-level work in the past, on a core that has had nothing to do since: it was done then, and
   * nobody could tell.
   */
  startWhenIdleBegan(kernel: Kernel<unknown>, account: Float64Array): void {
    this.context.put(Level.thread, kernel, account);
    this.#run(Level.thread, this.core.now);
  }

  /** The kernel under way has given the core to another context; it goes on there when it stops. */
  switchTo(context: Context): void {
    this.#next = context;
  }

  /** The idle loop goes on at a cycle, unless something woke it earlier. */
  wake(cycle: Cycle): void {
    if (!this.#parked) return;
    this.#parked = false;
    this.#resume(Math.max(cycle, this.core.now));
  }

  /** Looks for work once the core is free: `next` is asked at that cycle. */
  look(): void {
    if (this.#looking) return;
    this.#looking = true;
    const at = Math.max(this.#engine.now, this.core.now);
    this.#engine.schedule(at, Priority.work, ProcessorEvent.look, this.index);
  }

  /** Handles an event this processor scheduled. */
  event(kind: number): void {
    if (kind === ProcessorEvent.look) {
      this.#looking = false;
      if (this.#parked) return;
      // No thread is switched to with interrupts off.
      const free = this.level < Level.ithread && this.core.interruptsOff === 0;
      if (free && this.#owner.next(this)) return;
      if (this.level >= 0 && this.#resumeAt < 0) this.#run(this.level, this.#engine.now);
    } else if (this.#engine.now === this.#resumeAt) {
      this.#resumeAt = -1;
      if (this.level >= 0) this.#run(this.level, this.#engine.now);
    }
  }

  #run(level: number, from: Cycle): void {
    const { core, context } = this;
    const kernel = context.kernels[level]!;
    if (this.#inWindow === level) core.mark();
    else {
      core.begin(from);
      if (context.stoppedAt[level] !== 0) {
        core.goOnAt(context.stoppedSite[level]!, context.stoppedAt[level]!);
      }
    }
    this.#inWindow = level;
    context.enter(level, core.sp);
    core.credits = context.accounts[level]!;
    this.#running = true;
    const step = kernel.next();
    this.#running = false;
    context.spent[level]! += core.spent();
    if (step.done === true) this.#ended(level);
    else this.#stopped(level);
  }

  #stopped(level: number): void {
    const { core, context } = this;
    context.stoppedSite[level] = core.atSite;
    context.stoppedAt[level] = core.atAddress;
    if (this.#next !== undefined) {
      context.sp = core.sp;
      context.interruptsOff = core.interruptsOff;
      this.context = this.#next;
      this.#next = undefined;
      core.sp = this.context.sp;
      core.interruptsOff = this.context.interruptsOff;
      core.interruptWaits = true;
      this.#inWindow = -1;
      this.#resume(core.now);
    } else if (this.#owner.idles(this)) {
      this.#parked = true;
      this.#inWindow = -1;
      this.#resumeAt = -1;
    } else {
      this.#resume(core.resumeCycle);
      if (core.interruptWaits && core.interruptsOff === 0 && level < Level.upcall) {
        this.#owner.interruptsOn(this);
      }
    }
  }

  #ended(level: number): void {
    const { context } = this;
    context.take(level, this.core.sp);
    this.#lastLevel = level;
    this.#inWindow = -1;
    this.#resumeAt = -1;
    this.#owner.ended(this, level, context.spent[level]!);
    this.look();
  }

  #resume(cycle: Cycle): void {
    this.#resumeAt = Math.max(cycle, this.#engine.now);
    this.#engine.schedule(this.#resumeAt, Priority.resume, ProcessorEvent.resume, this.index);
  }
}
