/**
 * The out-of-order engine as one pass: every micro-op is handled once, in program order, and gets the cycles at
 * which it is fetched, dispatched, issued, finished and retired from a handful of running values.
 *
 * Method: ZSim's OOO core (Sanchez and Kozyrakis, ISCA 2013), with the differences that times are int32
 * relative to `epoch`, and that every cycle by which retirement advances is credited to a site and a cause.
 *
 * Left out: replays and wrong-path fetches.
 */

import type { Horizon } from '../model/engine.ts';
import { ModelBug } from '../model/errors.ts';
import { Fingerprint } from '../model/fingerprint.ts';
import type { Addr, Cycle, Ready } from '../model/units.ts';
import { BranchPredictor } from './branch-predictor.ts';
import { PrivateCaches } from './caches.ts';
import { CAUSE_COUNT, Cause } from './cause.ts';
import type { Uncore } from './coherence.ts';
import { FrontEnd } from './front-end.ts';
import type { Machine } from './machine.ts';
import { PortCalendar } from './port-calendar.ts';
import { Ring } from './ring.ts';
import { Scheduler } from './scheduler.ts';
import { INSTRUCTION_BYTES, SITE_ADDRESS, SITE_END, SITES } from './sites.ts';
import { StoreBuffer } from './store-buffer.ts';
import type { Tape } from './tape.ts';
import { SecondLevelTlb, Tlb } from './tlb.ts';

/** The token of a value that needs nothing: ready since ever. */
export const NOW: Ready = 0;

/** Relative times stay below this; `begin` starts a new epoch at half of it. */
const TIME_LIMIT = 0x4000_0000;
/** Cycles from dispatch to finish up to which a micro-op is no event of its own: an L1D hit and its issue. */
const SHORT = 8;
/** How control left the last site: what the front end pays when it goes elsewhere. */
export const Flow = { jump: 0, call: 1, indirectCall: 2, return: 3 } as const;

/** An account of cycles by site and cause, for all sites of this build. */
export function newAccount(): Float64Array {
  return new Float64Array(SITES.length * CAUSE_COUNT);
}

/** Fetch, dispatch, issue and retirement, and the account of cycles. */
export class Pipeline {
  readonly machine: Machine;
  readonly caches: PrivateCaches;
  readonly stores: StoreBuffer;
  readonly predictor: BranchPredictor;
  readonly front: FrontEnd;
  readonly translations: SecondLevelTlb;
  readonly itlb: Tlb;
  readonly dtlb: Tlb;
  /** The account cycles are credited to now: index site * CAUSE_COUNT + cause. Replaced by whoever keeps several. */
  credits: Float64Array = newAccount();
  readonly stream = new Fingerprint();
  readonly timing = new Fingerprint();
  /** Records every micro-op while it is set. */
  tape: Tape | undefined;
  /** Micro-ops and instructions so far. */
  uopCount = 0;
  instructionCount = 0;
  /** The cycle at which a kernel that just yielded wants to go on. */
  resumeCycle: Cycle = 0;
  /** Cycles credited so far; equals the cycles spent, which `end` asserts. */
  credited = 0;

  protected readonly ports = new PortCalendar();
  protected dispatch: Ready = 0;
  protected retire: Ready = 0;
  /** Cycle at which the last of all micro-ops so far finishes; not after `retire`. */
  protected finished: Ready = 0;
  protected flow: number = Flow.jump;
  protected site = 0;
  /** The site's address above the five bits of a micro-op's kind: what the stream fingerprint is made of. */
  protected siteKey = 0;
  protected pc: Addr = 0;

  readonly #horizon: Horizon;
  readonly #dispatchWidth: number;
  readonly #retireWidth: number;
  /** Cycles by which the front end can be ahead of dispatch: the depth of the uop queue. */
  readonly #fetchLead: number;
  readonly #rob: Ring;
  readonly #registers: Ring;
  readonly #loads: Ring;
  readonly #scheduler: Scheduler;
  #epoch: Cycle = 0;
  #started: Ready = 0;
  #creditedAtStart = 0;
  #dispatchSlots = 0;
  #retireSlots = 0;
  #why: number = Cause.dispatch;
  #lastDispatch: Ready = 0;
  #portWait = 0;
  #dispatchBound = false;

  constructor(machine: Machine, uncore: Uncore, horizon: Horizon) {
    this.machine = machine;
    this.caches = new PrivateCaches(machine, uncore);
    this.stores = new StoreBuffer(
      machine.n.storeQueueEntries,
      portCount(machine.n.storeDataPorts),
      machine.n.storeDrainCycles,
    );
    this.#horizon = horizon;
    this.translations = new SecondLevelTlb(machine);
    this.itlb = new Tlb(machine.n.itlbEntries, this.translations);
    this.dtlb = new Tlb(machine.n.dtlbEntries, this.translations);
    this.front = new FrontEnd(machine, this.caches, this.itlb);
    this.predictor = new BranchPredictor(machine.n.returnStackEntries);
    this.#dispatchWidth = machine.n.dispatchWidth;
    this.#retireWidth = machine.n.retireWidth;
    this.#fetchLead = Math.max(1, Math.floor(machine.n.uopQueueEntries / machine.n.dispatchWidth));
    this.#rob = new Ring(machine.n.robEntries);
    this.#registers = new Ring(machine.n.registerEntries);
    this.#loads = new Ring(machine.n.loadQueueEntries);
    this.#scheduler = new Scheduler(machine.n.schedulerEntries);
  }

  /** The core's present: the absolute cycle up to which everything has retired. */
  get now(): Cycle {
    return this.#epoch + this.retire;
  }

  /** The absolute cycle of a token. */
  cycleOf(token: Ready): Cycle {
    return this.#epoch + token;
  }

  /**
   * Whether an access to shared memory with this dependency could issue at or after the horizon, so that
   * somebody else must act first: the kernel then yields.
   */
  behind(dep: Ready): boolean {
    const { front } = this;
    let earliest = this.dispatch > front.cycle ? this.dispatch : front.cycle;
    // As in `issue`: a token later than `retire` is from before a new epoch.
    if (dep > earliest && dep <= this.retire) earliest = dep;
    this.resumeCycle = this.#epoch + earliest;
    return this.resumeCycle >= this.#horizon.cycle;
  }

  /**
   * Starts work at `cycle`, or when the core has finished what it does if that is later. The window is empty
   * then. The time between is nobody's: it belongs to the guest's other code.
   *
   * @returns the absolute cycle of the start
   */
  begin(cycle: Cycle): Cycle {
    if (cycle - this.#epoch > TIME_LIMIT / 2) this.#newEpoch(cycle);
    const start = Math.max(cycle - this.#epoch, this.retire);
    this.retire = start;
    this.dispatch = start;
    this.front.begin(start);
    this.#lastDispatch = start;
    this.#dispatchSlots = this.#dispatchWidth;
    this.#retireSlots = this.#retireWidth;
    this.flow = Flow.jump;
    this.mark();
    return this.#epoch + start;
  }

  /**
   * Code that is not modelled ran on this core: it touched `dataLines` lines on `pages` pages and ran
   * `codeLines` lines with a branch each. The core is idle.
   */
  pollute(dataLines: number, codeLines: number, pages: number): void {
    this.caches.pollute(dataLines, codeLines);
    this.dtlb.pollute(pages);
    this.itlb.pollute(pages);
    this.translations.pollute(pages);
    this.front.pollute(codeLines);
    this.predictor.pollute(codeLines);
  }

  /** Starts the account of a stretch of work that goes on in the window as it is. */
  mark(): void {
    this.#started = this.retire;
    this.#creditedAtStart = this.credited;
  }

  /** Cycles since `begin` or `mark`. The credits given since then must sum to them: a ModelBug if not. */
  spent(): number {
    const spent = this.retire - this.#started;
    const credited = this.credited - this.#creditedAtStart;
    if (this.retire >= TIME_LIMIT || credited !== spent) {
      throw new ModelBug('credited cycles differ from the cycles spent', {
        credited,
        spent,
        retire: this.retire,
      });
    }
    return spent;
  }

  /** Every count and fingerprint starts again; caches, predictors and accounts stay. The core is idle. */
  resetCounts(): void {
    this.credited = 0;
    this.uopCount = 0;
    this.instructionCount = 0;
    this.stream.reset();
    this.timing.reset();
  }

  /**
   * What follows belongs to this site. Coming from the site in front of it is a fall-through, whichever of its
   * instructions ran; arriving from elsewhere is a taken branch and ends the fetch group.
   */
  at(site: number): void {
    const address = SITE_ADDRESS[site]!;
    const { flow } = this;
    if (flow !== Flow.jump) {
      if (flow === Flow.call) this.front.call(this.pc);
      else if (flow === Flow.return) this.front.return();
      else this.front.indirectCall();
      this.flow = Flow.jump;
    } else if (address !== SITE_END[this.site]) this.front.jump(this.pc);
    this.pc = address;
    this.site = site;
    this.siteKey = address << 5;
  }

  /** Counts one instruction and fetches its bytes. */
  protected instruction(): void {
    this.instructionCount++;
    this.front.instruction(this.pc);
    this.pc += INSTRUCTION_BYTES;
  }

  /**
   * Fetches and dispatches one micro-op and issues it on a port of `ports` when its operands are ready.
   *
   * @param kind a `Uop`
   * @param ports port set, 0 for a micro-op that needs none
   * @param ready when its last operand is ready
   * @returns the cycle of issue
   */
  protected issue(kind: number, ports: number, ready: Ready): Ready {
    this.stream.add(kind | this.siteKey);
    const { front } = this;
    front.take();
    let d = this.dispatch;
    if (--this.#dispatchSlots < 0) {
      d++;
      this.#dispatchSlots = this.#dispatchWidth - 1;
      this.#why = Cause.dispatch;
    }
    if (front.cycle > d) {
      d = front.cycle;
      this.#dispatchSlots = this.#dispatchWidth - 1;
      this.#why = front.why;
    } else if (front.cycle < d - this.#fetchLead) front.cycle = d - this.#fetchLead;
    let room = this.#rob.free;
    const register = this.#registers.free;
    if (register > room) room = register;
    if (room < d) room = d;
    room = this.#scheduler.room(room);
    if (room > d) {
      d = room;
      this.#dispatchSlots = this.#dispatchWidth - 1;
      this.#why = Cause.window;
    }
    this.dispatch = d;
    if (this.tape !== undefined) this.tape.begin(this.site, kind, ports, ready, d, this.#why);
    let t = d + 1;
    this.#dispatchBound = true;
    if (ready > t) {
      // Every token is the finish of a retired micro-op, so none is later than `retire`; one that is comes
      // from before a new epoch and means "long ago".
      t = ready < this.retire ? ready : this.retire;
      this.#dispatchBound = false;
    }
    if (ports === 0) {
      this.#portWait = 0;
      if (this.tape !== undefined) this.tape.issued(t);
      return t;
    }
    const issued = this.ports.take(ports, t);
    if (this.tape !== undefined) this.tape.issued(issued);
    this.#portWait = issued - t;
    this.#scheduler.add(issued);
    return issued;
  }

  /**
   * Retires the micro-op just issued.
   *
   * @param finish when its result is ready
   * @param cause what its latency is
   * @returns `finish`
   */
  protected retireAt(finish: Ready, cause: number): Ready {
    this.uopCount++;
    if (finish > this.finished) this.finished = finish;
    let r = this.retire;
    if (finish > r) {
      this.#credit(finish, cause);
      r = finish;
      this.#retireSlots = this.#retireWidth - 1;
    } else if (--this.#retireSlots < 0) {
      r++;
      this.#retireSlots = this.#retireWidth - 1;
      this.credits[this.site * CAUSE_COUNT + Cause.dispatch]! += 1;
      this.credited++;
      this.#lastDispatch = this.dispatch;
    }
    this.retire = r;
    this.#rob.add(r);
    if (this.tape !== undefined) this.tape.end(finish, r, cause);
    this.timing.add(finish);
    return finish;
  }

  /** Lets retirement wait until `cycle` for something that is no micro-op's own latency. */
  protected creditWait(cycle: Ready, cause: number): void {
    const wait = cycle - this.retire;
    this.credits[this.site * CAUSE_COUNT + cause]! += wait;
    this.credited += wait;
    this.retire = cycle;
    this.#retireSlots = this.#retireWidth;
    this.#lastDispatch = this.dispatch;
  }

  /** Holds dispatch until `cycle`: a queue is full, or a fence not done. */
  protected holdDispatch(cycle: Ready, cause: number): void {
    if (cycle <= this.dispatch) return;
    this.dispatch = cycle;
    this.#dispatchSlots = this.#dispatchWidth;
    this.#why = cause;
  }

  /** The micro-op that just retired had a result, which took a physical register. */
  protected wroteRegister(): void {
    this.#registers.add(this.retire);
  }

  /** First cycle at which the load queue has room. */
  protected get loadQueueFree(): Ready {
    return this.#loads.free;
  }

  /** Notes a load's retirement in the load queue; its result took a register. */
  protected loadRetired(): void {
    this.#loads.add(this.retire);
    this.#registers.add(this.retire);
  }

  /**
   * Splits an advance of retirement to `finish`: first the wait for a port; then, if it was dispatch that held
   * the micro-op, what that held it by; the rest is its own latency. Dispatch held a short micro-op by as much
   * as dispatch moved since the last advance (in a steady flow retirement moves with it), and a long one by
   * what it would have advanced retirement with the latency of one cycle.
   */
  #credit(finish: Ready, cause: number): void {
    const base = this.site * CAUSE_COUNT;
    let advance = finish - this.retire;
    this.credited += advance;
    if (this.#portWait > 0) {
      const wait = Math.min(advance, this.#portWait);
      this.credits[base + Cause.port]! += wait;
      advance -= wait;
    }
    if (this.#dispatchBound) {
      const d = this.dispatch;
      const held = finish - d <= SHORT ? d - this.#lastDispatch : d + 2 - this.retire;
      const moved = Math.max(0, Math.min(advance, held));
      this.credits[base + this.#why]! += moved;
      advance -= moved;
    }
    this.credits[base + cause]! += advance;
    this.#lastDispatch = this.dispatch;
  }

  #newEpoch(cycle: Cycle): void {
    this.#epoch = Math.max(cycle, this.now);
    this.retire = 0;
    this.finished = 0;
    this.dispatch = 0;
    this.front.cycle = 0;
    this.#rob.clear();
    this.#registers.clear();
    this.#loads.clear();
    this.#scheduler.clear();
    this.ports.clear();
    this.stores.settle();
    this.caches.settle();
  }
}

/** Number of ports in a set. */
function portCount(ports: number): number {
  let count = 0;
  for (let rest = ports; rest !== 0; rest &= rest - 1) count++;
  return count;
}
