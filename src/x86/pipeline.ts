/**
 * The out-of-order engine as one pass: every micro-op is handled once, in program order, and gets the cycles at
 * which it is fetched, dispatched, issued, finished and retired from a handful of running values.
 *
 * Method: ZSim's OOO core (Sanchez and Kozyrakis, ISCA 2013), with the differences that times are int32
 * relative to `epoch`, and that every cycle by which retirement advances is credited to a site and a cause.
 *
 * Left out: scheduler capacity (with the branchy, load-bound kernels here the ROB fills first), replays,
 * wrong-path fetches, register-file limits.
 */

import type { Horizon } from '../model/engine.ts';
import { ModelBug } from '../model/errors.ts';
import { Fingerprint } from '../model/fingerprint.ts';
import type { Addr, Cycle, Ready } from '../model/units.ts';
import { BranchPredictor } from './branch-predictor.ts';
import { PrivateCaches } from './caches.ts';
import { CAUSE_COUNT, Cause } from './cause.ts';
import type { Uncore } from './coherence.ts';
import type { Machine } from './machine.ts';
import { PortCalendar } from './port-calendar.ts';
import { INSTRUCTION_BYTES, SITE_ADDRESS, SITE_END, SITES } from './sites.ts';
import { StoreBuffer } from './store-buffer.ts';

/** The token of a value that needs nothing: ready since ever. */
export const NOW: Ready = 0;

/** Relative times stay below this; `begin` starts a new epoch at half of it. */
const TIME_LIMIT = 0x4000_0000;
const ROB_RING = 1024;
const LOAD_RING = 512;
/** Micro-ops the front end can run ahead of dispatch, as cycles of dispatch: the depth of the uop queue. */
const FETCH_LEAD = 8;
/** Cycles from dispatch to finish up to which a micro-op is no event of its own: an L1D hit and its issue. */
const SHORT = 8;
/** Return-address stack: guessed, deeper than any call chain here on every machine in the fact sheet. */
const RETURN_STACK = 32;

/** An account of cycles by site and cause, for all sites of this build. */
export function newAccount(): Float64Array {
  return new Float64Array(SITES.length * CAUSE_COUNT);
}

/** Fetch, dispatch, issue and retirement, and the account of cycles. */
export class Pipeline {
  readonly machine: Machine;
  readonly caches: PrivateCaches;
  readonly stores: StoreBuffer;
  readonly predictor = new BranchPredictor(RETURN_STACK);
  /** The account cycles are credited to now: index site * CAUSE_COUNT + cause. Replaced by whoever keeps several. */
  credits: Float64Array = newAccount();
  readonly stream = new Fingerprint();
  readonly timing = new Fingerprint();
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
  protected fetch: Ready = 0;
  protected fetchWhy: number = Cause.fetch;
  protected site = 0;
  /** The site's address above the five bits of a micro-op's kind: what the stream fingerprint is made of. */
  protected siteKey = 0;
  protected pc: Addr = 0;

  readonly #horizon: Horizon;
  readonly #fetchWidth: number;
  readonly #dispatchWidth: number;
  readonly #retireWidth: number;
  readonly #robEntries: number;
  readonly #takenBranchCycles: number;
  readonly #loadQueueEntries: number;
  readonly #rob = new Int32Array(ROB_RING);
  readonly #loads = new Int32Array(LOAD_RING);
  #epoch: Cycle = 0;
  #started: Ready = 0;
  #creditedAtStart = 0;
  #robCount = 0;
  #loadCount = 0;
  #fetchSlots = 0;
  #dispatchSlots = 0;
  #retireSlots = 0;
  #fetchLine = -1;
  #why: number = Cause.dispatch;
  #lastDispatch: Ready = 0;
  #portWait = 0;
  #dispatchBound = false;

  constructor(machine: Machine, uncore: Uncore, horizon: Horizon) {
    this.machine = machine;
    this.caches = new PrivateCaches(machine, uncore);
    this.stores = new StoreBuffer(machine.n.storeQueueEntries);
    this.#horizon = horizon;
    this.#fetchWidth = machine.n.fetchWidth;
    this.#dispatchWidth = machine.n.dispatchWidth;
    this.#retireWidth = machine.n.retireWidth;
    this.#robEntries = machine.n.robEntries;
    this.#takenBranchCycles = machine.n.takenBranchCycles;
    this.#loadQueueEntries = machine.n.loadQueueEntries;
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
    let earliest = this.dispatch > this.fetch ? this.dispatch : this.fetch;
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
    this.fetch = start;
    this.fetchWhy = Cause.fetch;
    this.#lastDispatch = start;
    this.#fetchSlots = this.#fetchWidth;
    this.#dispatchSlots = this.#dispatchWidth;
    this.#retireSlots = this.#retireWidth;
    this.mark();
    return this.#epoch + start;
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
    if (address !== SITE_END[this.site]) {
      this.fetch += this.#takenBranchCycles;
      this.#fetchSlots = this.#fetchWidth;
    }
    this.pc = address;
    this.site = site;
    this.siteKey = address << 5;
  }

  /** Counts one instruction and fetches its bytes. */
  protected instruction(): void {
    this.instructionCount++;
    const line = this.pc >>> 6;
    this.pc += INSTRUCTION_BYTES;
    if (line !== this.#fetchLine) {
      this.#fetchLine = line;
      const arrival = this.caches.fetch(line, this.fetch);
      if (arrival > this.fetch) {
        this.fetch = arrival;
        this.fetchWhy = Cause.icache;
        this.#fetchSlots = this.#fetchWidth;
      }
    }
  }

  /**
   * Fetches and dispatches one micro-op and issues it on a port of `ports` when its operands are ready.
   *
   * @param ports port set, 0 for a micro-op that needs none
   * @param ready when its last operand is ready
   * @returns the cycle of issue
   */
  protected issue(ports: number, ready: Ready): Ready {
    if (--this.#fetchSlots < 0) {
      this.fetch++;
      this.fetchWhy = Cause.fetch;
      this.#fetchSlots = this.#fetchWidth - 1;
    }
    let d = this.dispatch;
    if (--this.#dispatchSlots < 0) {
      d++;
      this.#dispatchSlots = this.#dispatchWidth - 1;
      this.#why = Cause.dispatch;
    }
    if (this.fetch > d) {
      d = this.fetch;
      this.#dispatchSlots = this.#dispatchWidth - 1;
      this.#why = this.fetchWhy;
    } else if (this.fetch < d - FETCH_LEAD) this.fetch = d - FETCH_LEAD;
    const room = this.#rob[(this.#robCount - this.#robEntries) & (ROB_RING - 1)]!;
    if (room > d) {
      d = room;
      this.#dispatchSlots = this.#dispatchWidth - 1;
      this.#why = Cause.window;
    }
    this.dispatch = d;
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
      return t;
    }
    const issued = this.ports.take(ports, t);
    this.#portWait = issued - t;
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
    this.#rob[this.#robCount & (ROB_RING - 1)] = r;
    this.#robCount = (this.#robCount + 1) & 0x3fffffff;
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

  /** Holds dispatch until `cycle` because a queue is full. */
  protected holdForQueue(cycle: Ready): void {
    if (cycle <= this.dispatch) return;
    this.dispatch = cycle;
    this.#dispatchSlots = this.#dispatchWidth;
    this.#why = Cause.window;
  }

  /** Nothing younger is fetched before `cycle`. */
  protected refetch(cycle: Ready, cause: number): void {
    if (cycle <= this.fetch) return;
    this.fetch = cycle;
    this.fetchWhy = cause;
    this.#fetchSlots = this.#fetchWidth;
  }

  /** First cycle at which the load queue has room. */
  protected get loadQueueFree(): Ready {
    return this.#loads[(this.#loadCount - this.#loadQueueEntries) & (LOAD_RING - 1)]!;
  }

  /** Notes a load's retirement in the load queue. */
  protected loadRetired(): void {
    this.#loads[this.#loadCount & (LOAD_RING - 1)] = this.retire;
    this.#loadCount = (this.#loadCount + 1) & 0x3fffffff;
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
    this.fetch = 0;
    this.#rob.fill(0);
    this.#loads.fill(0);
    this.ports.clear();
    this.stores.settle();
    this.caches.settle();
  }
}
