/**
 * The states of one kernel between its accesses to shared words.
 *
 * Two histories are one state if nothing that can still come tells them apart: a sender that has its lock does not
 * remember the ticket. That is guessed and then checked. The guess: the next step is the same instruction of the
 * same line on the same word, and the kernel has left the same in its own words. The check: whenever a state meets
 * a value, every history in it is run on that value and must do the same to the world and come to the same state.
 * Where two do not, the guess was wrong: histories that come to such a place are kept apart from then on, and
 * exploration starts again. When it ends, every history in a state has done the same as every other on all values
 * that the state has met, and so has what follows: a bisimulation. So states stand for their histories, and
 * the number of orders is exact.
 *
 * Two kinds of states need no guess. A kernel at its end does nothing more. A vCPU that waits for an interrupt has
 * left its kernels: what it knows is in its own words.
 */
import { ModelBug } from '../../src/model/errors.ts';
import { type History, type KernelRuns, Next, type Outcome, type Stop } from './kernel-runs.ts';

/** A kernel between two accesses. */
export interface LocalState extends Stop {
  /** Number of the state; no two states of a system have the same. */
  readonly id: number;
  /** Index of the actor. */
  readonly actor: number;
  /** The values that it spins on. */
  readonly lo: number;
  readonly hi: number;
}

/** What an access does to the world. */
export interface Effect {
  readonly to: LocalState;
  /** Values of the word and the second word after it. */
  readonly lo: number;
  readonly hi: number;
  /** Pairs of one of `Happening` and a port, in order. */
  readonly happened: readonly number[];
}

/** Numbers states; one for all kernels of a system. */
export interface Numbering {
  next: number;
}

/** How histories are put together. */
export const Merge = {
  /** Not at all: what was in the words is all kept, whether the kernel looks at it or not. */
  none: 0,
  /** What the kernel cannot have learnt is forgotten. */
  learnt: 1,
  /** Also what it has learnt and does not use any more. */
  used: 2,
} as const;

/** Thrown when a guess was wrong: the place is noted, and exploration has to start again. */
export class WrongGuess extends Error {}

interface Members {
  readonly state: LocalState;
  /** The place of the program; what histories are kept apart at. */
  readonly place: string;
  /** Where it came from, if histories are kept apart here. */
  readonly from: Members | undefined;
  readonly histories: History[];
  /** What it met, and what followed. */
  readonly met: Array<{ readonly found: readonly [lo: number, hi: number]; readonly key: string }>;
}

/** One actor's states. */
export class LocalStates {
  readonly runs: KernelRuns;
  readonly first: LocalState;
  readonly #index: number;
  readonly #numbering: Numbering;
  readonly #merge: number;
  readonly #apart: Set<string>;
  readonly #byKey = new Map<string, Members>();
  readonly #byId = new Map<number, Members>();
  readonly #of = new Map<History, Members>();

  /** @param apart places of the program where histories are kept apart; wrong guesses add to them */
  constructor(runs: KernelRuns, index: number, numbering: Numbering, merge: number, apart: Set<string>) {
    this.runs = runs;
    this.#index = index;
    this.#numbering = numbering;
    this.#merge = merge;
    this.#apart = apart;
    const first = runs.first();
    this.first = this.#members('first', first, undefined).state;
  }

  /** What the next access of a state does when it finds these values. */
  step(state: LocalState, lo: number, hi: number): Effect {
    const from = this.#byId.get(state.id)!;
    const outcome = this.runs.step(from.histories[0]!, lo, hi);
    const key = this.#keyOf(from, outcome, lo, hi);
    const to = this.#members(key, outcome.to, from);
    from.met.push({ found: [lo, hi], key: `${key} ${doneBy(outcome)}` });
    for (let i = 1; i < from.histories.length; i++) this.#check(from, from.histories[i]!, from.met.length - 1);
    return { to: to.state, lo: outcome.lo, hi: outcome.hi, happened: outcome.happened };
  }

  /** A history must do as the others of its state did. */
  #check(from: Members, history: History, nth: number): void {
    const { found, key } = from.met[nth]!;
    const outcome = this.runs.step(history, found[0], found[1]);
    const to = this.#keyOf(from, outcome, found[0], found[1]);
    if (`${to} ${doneBy(outcome)}` !== key) this.#wrong(from);
    this.#members(to, outcome.to, from);
  }

  #keyOf(from: Members, outcome: Outcome, lo: number, hi: number): string {
    const { next, own, spins, found, round } = outcome.to;
    if (this.#merge === Merge.none) return `${from.state.id} found ${lo} ${hi}`;
    if (next === Next.nothing || next === Next.interrupt) return `${next} ${own}`;
    const place = placeOf(outcome.to);
    if (this.#merge === Merge.learnt || this.#apart.has(place)) return `${from.state.id} ${outcome.learnt}`;
    return `${place} ${round} ${own} ${spins ? found.slice(-2).join(' ') : ''}`;
  }

  /** The state of a key, with a history that has come to it. */
  #members(key: string, history: History, from: Members | undefined): Members {
    let members = this.#byKey.get(key);
    if (members === undefined) {
      const { next, word, second, gaveWay, spins, overtakes, label, found } = history;
      const [lo, hi] = found.length < 2 ? [0, 0] : (found.slice(-2) as [number, number]);
      const id = this.#numbering.next++;
      const place = placeOf(history);
      const state = { id, actor: this.#index, next, word, second, gaveWay, spins, overtakes, label, lo, hi };
      members = { state, place, from: this.#apart.has(place) ? from : undefined, histories: [], met: [] };
      this.#byKey.set(key, members);
      this.#byId.set(id, members);
    }
    const { next } = history;
    const rests = next === Next.nothing || next === Next.interrupt;
    if (members.histories.length === 0) members.histories.push(history);
    else if (!rests && this.#of.get(history) !== members) {
      members.histories.push(history);
      this.#of.set(history, members);
      for (let i = 0; i < members.met.length; i++) this.#check(members, history, i);
    }
    this.#of.set(history, members);
    return members;
  }

  /** Histories that are one state do different things: they must not come together here, or where they did before. */
  #wrong(members: Members): never {
    let at: Members | undefined = members;
    while (at !== undefined && this.#apart.has(at.place)) at = at.from;
    if (at === undefined)
      throw new ModelBug('a kernel with the same history goes on differently', { place: members.place });
    this.#apart.add(at.place);
    throw new WrongGuess(at.place);
  }
}

const placeOf = ({ next, word, second, gaveWay, spins, overtakes, label }: Stop) =>
  [next, word, second, gaveWay, spins, overtakes, label].join(' ');

const doneBy = ({ lo, hi, happened }: Outcome) => `${lo} ${hi} ${happened.join(' ')}`;
