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
import { Fingerprint } from '../model/fingerprint.ts';
import type { Addr, Cycle, Ready } from '../model/units.ts';
import { BranchPredictor } from './branch-predictor.ts';
import { PrivateCaches } from './caches.ts';
import { Cause } from './cause.ts';
import type { Uncore } from './coherence.ts';
import { FrontEnd } from './front-end.ts';
import type { Machine } from './machine.ts';
import { PortCalendar } from './port-calendar.ts';
import { Retirement, TIME_LIMIT } from './retirement.ts';
import { Ring } from './ring.ts';
import { Scheduler } from './scheduler.ts';
import { INSTRUCTION_BYTES, SITE_ADDRESS, SITE_END } from './sites.ts';
import { StoreBuffer } from './store-buffer.ts';
import { SecondLevelTlb, Tlb } from './tlb.ts';

/** The token of a value that needs nothing: ready since ever. */
export const NOW: Ready = 0;

/** How control left the last site: what the front end pays when it goes elsewhere. */
export const Flow = { jump: 0, call: 1, indirectCall: 2, return: 3 } as const;

/** Fetch, dispatch, issue and retirement, and the account of cycles. */
export class Pipeline extends Retirement {
  readonly machine: Machine;
  readonly caches: PrivateCaches;
  readonly stores: StoreBuffer;
  readonly predictor: BranchPredictor;
  readonly front: FrontEnd;
  readonly translations: SecondLevelTlb;
  readonly itlb: Tlb;
  readonly dtlb: Tlb;
  readonly stream = new Fingerprint();
  /** Instructions so far. */
  instructionCount = 0;
  /** The cycle at which a kernel that just yielded wants to go on. */
  resumeCycle: Cycle = 0;

  protected readonly ports = new PortCalendar();
  protected flow: number = Flow.jump;
  /** The site's address above the five bits of a micro-op's kind: what the stream fingerprint is made of. */
  protected siteKey = 0;
  protected pc: Addr = 0;

  readonly #horizon: Horizon;
  readonly #dispatchWidth: number;
  /** Cycles by which the front end can be ahead of dispatch: the depth of the uop queue. */
  readonly #fetchLead: number;
  readonly #registers: Ring;
  readonly #loads: Ring;
  readonly #scheduler: Scheduler;
  #epoch: Cycle = 0;
  #dispatchSlots = 0;

  /** @param socket the core's, 0 or 1 */
  constructor(machine: Machine, uncore: Uncore, horizon: Horizon, socket: number) {
    super(machine);
    this.machine = machine;
    this.caches = new PrivateCaches(machine, uncore, socket);
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
    this.#fetchLead = Math.max(1, Math.floor(machine.n.uopQueueEntries / machine.n.dispatchWidth));
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
    this.dispatch = start;
    this.front.begin(start);
    this.#dispatchSlots = this.#dispatchWidth;
    this.flow = Flow.jump;
    this.beginRetirement(start);
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

  /** Every count and fingerprint starts again; caches, predictors and accounts stay. The core is idle. */
  resetCounts(): void {
    this.resetRetirement();
    this.instructionCount = 0;
    this.stream.reset();
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

  /** The site the program is at. */
  get atSite(): number {
    return this.site;
  }

  /** The address of the program's next instruction. */
  get atAddress(): Addr {
    return this.pc;
  }

  /** An interrupted program goes on where it was. */
  goOnAt(site: number, address: Addr): void {
    this.site = site;
    this.siteKey = SITE_ADDRESS[site]! << 5;
    this.pc = address;
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
      this.heldBy = Cause.dispatch;
    }
    if (front.cycle > d) {
      d = front.cycle;
      this.#dispatchSlots = this.#dispatchWidth - 1;
      this.heldBy = front.why;
    } else if (front.cycle < d - this.#fetchLead) front.cycle = d - this.#fetchLead;
    let room = this.rob.free;
    const register = this.#registers.free;
    if (register > room) room = register;
    if (room < d) room = d;
    if (this.#scheduler.waiting > 0) room = this.#scheduler.room(room);
    if (room > d) {
      d = room;
      this.#dispatchSlots = this.#dispatchWidth - 1;
      this.heldBy = Cause.window;
    }
    this.dispatch = d;
    if (this.tape !== undefined) this.tape.begin(this.site, kind, ports, ready, d, this.heldBy);
    let t = d + 1;
    this.dispatchBound = true;
    if (ready > t) {
      // Every token is the finish of a retired micro-op, so none is later than `retire`; one that is comes
      // from before a new epoch and means "long ago".
      if (ready < this.retire) t = ready;
      else if (this.retire > t) t = this.retire;
      this.dispatchBound = false;
    }
    if (ports === 0) {
      this.portWait = 0;
      if (this.tape !== undefined) this.tape.issued(t);
      return t;
    }
    const issued = this.ports.take(ports, t);
    if (this.tape !== undefined) this.tape.issued(issued);
    this.portWait = issued - t;
    // One that goes at once never waits in the scheduler.
    if (issued > d + 1) this.#scheduler.add(d, issued);
    return issued;
  }

  /** Holds dispatch until `cycle`: a queue is full, or a fence not done. */
  protected holdDispatch(cycle: Ready, cause: number): void {
    if (cycle <= this.dispatch) return;
    this.dispatch = cycle;
    this.#dispatchSlots = this.#dispatchWidth;
    this.heldBy = cause;
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

  #newEpoch(cycle: Cycle): void {
    this.#epoch = Math.max(cycle, this.now);
    this.retire = 0;
    this.finished = 0;
    this.dispatch = 0;
    this.front.cycle = 0;
    this.rob.clear();
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
