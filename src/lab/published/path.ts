/**
 * The path that a published figure times: from one point in one guest to another, perhaps on another pCPU, and what
 * every cycle of it went into. What the sender does after its message has left is not on it.
 */
import { ModelBug } from '../../model/errors.ts';
import type { Cycle } from '../../model/units.ts';
import { CAUSE_COUNT, CAUSES } from '../../x86/cause.ts';
import type { Core } from '../../x86/core.ts';
import { newAccount } from '../../x86/retirement.ts';
import { SITES } from '../../x86/sites.ts';

/** Where a cycle was spent: on the only pCPU, or on the sender's, under way, and on the target's. */
export type Place = 'here' | 'sender' | 'between' | 'target';

/** Cycles of a path at one site for one cause. */
export interface Term {
  readonly place: Place;
  /** Function and site as in `SITES`; the message has neither. */
  readonly fn: string;
  readonly site: string;
  readonly cause: string;
  readonly cycles: Cycle;
}

/** A path that was taken once. Its terms sum to its cycles. */
export interface Taken {
  readonly cycles: Cycle;
  readonly terms: readonly Term[];
}

/** Follows one path at a time; `near` and `far` are the accounts of the two pCPUs. */
export class Path {
  /** Account of the code on the pCPU at which the path begins. */
  readonly near = newAccount();
  /** Account of the code on the pCPU at which it ends, if that is another. */
  readonly far = newAccount();
  /** The last path that ended; undefined before the first. */
  taken: Taken | undefined;
  readonly #nearWhenSent = newAccount();
  #from: Cycle = -1;
  /** Cycle at which the message left; -1 before. */
  #sentAt: Cycle = -1;

  /** The path begins on this core now. */
  begin(core: Core): void {
    this.near.fill(0);
    this.far.fill(0);
    this.#from = core.now;
    this.#sentAt = -1;
  }

  /** A message to another pCPU leaves this core now: an IPI, or a store that ends an MWAIT. The first one counts. */
  sent(core: Core): void {
    if (this.#from < 0 || this.#sentAt >= 0) return;
    this.#sentAt = core.now;
    this.#nearWhenSent.set(this.near);
  }

  /** The path ends on this core now, if one has begun. */
  end(core: Core): void {
    if (this.#from < 0) return;
    const cycles = core.now - this.#from;
    const terms: Term[] = [];
    if (this.#sentAt < 0) terms.push(...termsOf('here', this.near, this.far));
    else {
      const sender = termsOf('sender', this.#nearWhenSent);
      const target = termsOf('target', this.far);
      const between = cycles - sum(sender) - sum(target);
      terms.push(...sender, message(between), ...target);
    }
    if (sum(terms) !== cycles || terms.some((t) => t.cycles < 0)) {
      throw new ModelBug('a path is not the sum of its terms', { cycles, terms });
    }
    this.taken = { cycles, terms };
    this.#from = -1;
  }
}

/** From the message's departure to the first instruction at the target: the flight, or the end of a C-state. */
function message(cycles: Cycle): Term {
  return {
    place: 'between',
    fn: '(message)',
    site: 'until the target goes on',
    cause: 'flight or C-state',
    cycles,
  };
}

/** The terms of an account, or of two together. */
function termsOf(place: Place, account: Float64Array, other?: Float64Array): Term[] {
  const terms: Term[] = [];
  for (let i = 0; i < account.length; i++) {
    const cycles = account[i]! + (other?.[i] ?? 0);
    if (cycles === 0) continue;
    const { fn, what } = SITES[Math.floor(i / CAUSE_COUNT)]!;
    terms.push({ place, fn, site: what, cause: CAUSES[i % CAUSE_COUNT]![0], cycles });
  }
  return terms;
}

function sum(terms: readonly Term[]): Cycle {
  return terms.reduce((n, t) => n + t.cycles, 0);
}
