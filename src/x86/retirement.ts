/**
 * Retirement: in order, so many a cycle, and the account of every cycle by which it advances. Each is credited
 * once, to a site and a cause.
 */
import { ModelBug } from '../model/errors.ts';
import { Fingerprint } from '../model/fingerprint.ts';
import type { Ready } from '../model/units.ts';
import { CAUSE_COUNT, Cause } from './cause.ts';
import type { Machine } from './machine.ts';
import { Ring } from './ring.ts';
import { SITES } from './sites.ts';
import type { Tape } from './tape.ts';

/** Relative times stay below this; `Pipeline.begin` starts a new epoch at half of it. */
export const TIME_LIMIT = 0x4000_0000;
/** Cycles from dispatch to finish up to which a micro-op is no event of its own: an L1D hit and its issue. */
const SHORT = 8;

/** An account of cycles by site and cause, for all sites of this build. */
export function newAccount(): Float64Array {
  return new Float64Array(SITES.length * CAUSE_COUNT);
}

/** The back of the pipeline. */
export class Retirement {
  /** The account cycles are credited to now: index site * CAUSE_COUNT + cause. Replaced by whoever keeps several. */
  credits: Float64Array = newAccount();
  readonly timing = new Fingerprint();
  /** Records every micro-op while it is set. */
  tape: Tape | undefined;
  /** Micro-ops so far. */
  uopCount = 0;
  /** Cycles credited so far; equals the cycles spent, which `spent` asserts. */
  credited = 0;

  protected retire: Ready = 0;
  /** Cycle at which the last of all micro-ops so far finishes; not after `retire`. */
  protected finished: Ready = 0;
  /** What the micro-op under way was held by: set while it is dispatched and issued. */
  protected dispatch: Ready = 0;
  protected heldBy: number = Cause.dispatch;
  protected portWait = 0;
  protected dispatchBound = false;
  protected site = 0;
  protected readonly rob: Ring;
  readonly #width: number;
  #slots = 0;
  #started: Ready = 0;
  #creditedAtStart = 0;
  #lastDispatch: Ready = 0;

  constructor(machine: Machine) {
    this.#width = machine.n.retireWidth;
    this.rob = new Ring(machine.n.robEntries);
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

  /** The window is empty and everything has retired at `start`. */
  protected beginRetirement(start: Ready): void {
    this.retire = start;
    this.#lastDispatch = start;
    this.#slots = this.#width;
    this.mark();
  }

  /** Counts and fingerprints start again; the accounts stay. */
  protected resetRetirement(): void {
    this.credited = 0;
    this.uopCount = 0;
    this.timing.reset();
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
      this.#slots = this.#width - 1;
    } else if (--this.#slots < 0) {
      r++;
      this.#slots = this.#width - 1;
      this.credits[this.site * CAUSE_COUNT + Cause.dispatch]! += 1;
      this.credited++;
      this.#lastDispatch = this.dispatch;
    }
    this.retire = r;
    this.rob.add(r);
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
    this.#slots = this.#width;
    this.#lastDispatch = this.dispatch;
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
    if (this.portWait > 0) {
      const wait = Math.min(advance, this.portWait);
      this.credits[base + Cause.port]! += wait;
      advance -= wait;
    }
    if (this.dispatchBound) {
      const d = this.dispatch;
      const held = finish - d <= SHORT ? d - this.#lastDispatch : d + 2 - this.retire;
      const moved = Math.max(0, Math.min(advance, held));
      this.credits[base + this.heldBy]! += moved;
      advance -= moved;
    }
    this.credits[base + cause]! += advance;
    this.#lastDispatch = this.dispatch;
  }
}
