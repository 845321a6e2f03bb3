/**
 * One pCPU at work: which piece of modelled code runs on it, what it interrupts, and how the cycles are counted.
 *
 * Three levels, as on the real thing: an upcall interrupts everything, an ithread everything but upcalls, the
 * rest is thread-level work in order. A kernel that stops for an earlier event elsewhere is resumed at the cycle
 * it asked for; if something of a higher level ran meanwhile, it goes on after that.
 */
import type { Engine } from '../model/engine.ts';
import { ModelBug } from '../model/errors.ts';
import { Priority } from '../model/event-queue.ts';
import type { Cycle } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';

/** Levels, lowest first. */
export const Level = { thread: 0, ithread: 1, upcall: 2 } as const;
const LEVELS = 3;

/** What a processor tells its owner, and asks it for. */
export interface ProcessorOwner {
  /** A kernel of this level ended; `cycles` are its own, without what interrupted it. */
  ended(processor: Processor, level: number, cycles: number): void;
  /**
   * Nothing above thread level runs now. Starts an ithread that waits, or thread-level work if nothing at all
   * runs (`level` is -1); returns whether it started something.
   */
  next(processor: Processor): boolean;
}

/** Kinds of engine events a processor schedules for itself; operand `a` is its index. */
export const ProcessorEvent = { resume: 0, look: 1 } as const;

/** A pCPU with the kernels it runs. */
export class Processor {
  readonly index: number;
  readonly core: Core;
  readonly #engine: Engine;
  readonly #owner: ProcessorOwner;
  readonly #kernels: Array<Kernel<unknown> | undefined> = new Array(LEVELS).fill(undefined);
  readonly #spent = new Float64Array(LEVELS);
  readonly #stack = new Int32Array(LEVELS);
  readonly #accounts: Float64Array[];
  /** Where each level's kernel stopped last: site and address, 0 for one that has not begun. */
  readonly #stoppedSite = new Int32Array(LEVELS);
  readonly #stoppedAt = new Int32Array(LEVELS);
  /** Level whose kernel the window of the core belongs to; -1 for none. */
  #inWindow = -1;
  /** Cycle of the resume event that counts; others are stale. */
  #resumeAt = -1;
  #looking = false;
  /** Level of the kernel that ended last. */
  #lastLevel = -1;

  /** @param account the account of a kernel that names none */
  constructor(index: number, core: Core, engine: Engine, owner: ProcessorOwner, account: Float64Array) {
    this.#accounts = new Array(LEVELS).fill(account);
    this.index = index;
    this.core = core;
    this.#engine = engine;
    this.#owner = owner;
  }

  /** Highest level that has a kernel; -1 when idle. */
  get level(): number {
    for (let l = LEVELS - 1; l >= 0; l--) if (this.#kernels[l] !== undefined) return l;
    return -1;
  }

  /**
   * Level that the core executes at a cycle: also that of a kernel which has ended here but ran ahead of the
   * engine's present. -1 when idle.
   */
  executing(cycle: Cycle): number {
    if (this.level >= 0) return this.level;
    return this.core.now > cycle ? this.#lastLevel : -1;
  }

  /** Cycle at which what it runs goes on; in the past if nothing waits to. */
  get resumesAt(): Cycle {
    return this.#resumeAt;
  }

  /** Cycles of its own that the kernel of a level has spent so far. */
  spentBy(level: number): number {
    return this.#spent[level]! + (this.#inWindow === level ? this.core.spent() : 0);
  }

  /** Whether a kernel of this level is under way, running or interrupted. */
  busy(level: number): boolean {
    return this.#kernels[level] !== undefined;
  }

  /**
   * Starts a kernel of a level that has none, at the engine's present or when the core is free.
   *
   * @param account where its cycles are credited
   */
  start(level: number, kernel: Kernel<unknown>, account: Float64Array): void {
    if (this.#kernels[level] !== undefined)
      throw new ModelBug('level is taken', { level, index: this.index });
    this.#kernels[level] = kernel;
    this.#accounts[level] = account;
    this.#spent[level] = 0;
    this.#stack[level] = this.core.sp;
    if (this.level === level) this.#run(level);
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
      if (this.core.interruptsOff > 0) {
        // No thread is switched to with interrupts off.
        this.#looking = true;
        const again = Math.max(this.#engine.now + 1, this.#resumeAt);
        this.#engine.schedule(again, Priority.work, ProcessorEvent.look, this.index);
        return;
      }
      if (this.level < Level.ithread && this.#owner.next(this)) return;
      if (this.level >= 0 && this.#resumeAt < 0) this.#run(this.level);
    } else if (this.#engine.now === this.#resumeAt) {
      this.#resumeAt = -1;
      this.#run(this.level);
    }
  }

  #run(level: number): void {
    const { core } = this;
    const kernel = this.#kernels[level]!;
    if (this.#inWindow === level) core.mark();
    else {
      core.begin(this.#engine.now);
      if (this.#stoppedAt[level] !== 0) core.goOnAt(this.#stoppedSite[level]!, this.#stoppedAt[level]!);
    }
    this.#inWindow = level;
    core.credits = this.#accounts[level]!;
    const step = kernel.next();
    this.#spent[level]! += core.spent();
    if (step.done !== true) {
      this.#stoppedSite[level] = core.atSite;
      this.#stoppedAt[level] = core.atAddress;
      this.#resumeAt = Math.max(core.resumeCycle, this.#engine.now);
      this.#engine.schedule(this.#resumeAt, Priority.resume, ProcessorEvent.resume, this.index);
      return;
    }
    if (core.sp !== this.#stack[level]) {
      throw new ModelBug('a kernel left its stack unbalanced', {
        level,
        bytes: core.sp - this.#stack[level]!,
      });
    }
    this.#kernels[level] = undefined;
    this.#stoppedAt[level] = 0;
    this.#lastLevel = level;
    this.#inWindow = -1;
    this.#resumeAt = -1;
    this.#owner.ended(this, level, this.#spent[level]!);
    this.look();
  }
}
