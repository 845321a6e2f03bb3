/**
 * The states of one kernel between its accesses to shared words.
 *
 * Two histories are one state if nothing that can still come tells them apart: a sender that has its lock does not
 * remember the ticket. That is guessed and then checked. The guess: the next step is the same instruction of the
 * same line on the same word, and the kernel has left the same in its own words. The check: whenever a state meets
 * a value, every history in it is run on that value and must do the same to the world and come to the same state.
 * Where two do not, the guess was wrong: the kernel still remembers something. What, is learnt from the histories,
 * as the step whose lesson tells best who does what; histories that differ in it are kept apart from then on, and
 * exploration starts again. When it ends, every history in a state has done the same as every other on all values
 * that the state has met, and so has what follows: a bisimulation. So states stand for their histories, and
 * the number of orders is exact.
 *
 * Two kinds of states need no guess. A kernel at its end does nothing more. A vCPU that waits for an interrupt has
 * left its kernels: what it knows is in its own words.
 */
import { ModelBug } from '../../src/model/errors.ts';
import { type History, Next, type Outcome, type Stop } from './history.ts';
import type { KernelRuns } from './kernel-runs.ts';

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

/** By step: the steps before it whose lessons the kernel remembers there. */
export type Memories = Map<string, Set<string>>;

/** Thrown when a guess was wrong: the memories know better now, and exploration has to start again. */
export class WrongGuess extends Error {}

interface Members {
  readonly state: LocalState;
  readonly histories: History[];
  /** Values that it met, and what followed. */
  readonly met: Array<{ readonly lo: number; readonly hi: number; readonly followed: string }>;
}

/** One actor's states. */
export class LocalStates {
  readonly runs: KernelRuns;
  readonly first: LocalState;
  readonly #index: number;
  readonly #numbering: Numbering;
  readonly #merge: number;
  readonly #memories: Memories;
  readonly #byKey = new Map<string, Members>();
  readonly #byId = new Map<number, Members>();
  readonly #of = new Map<History, Members>();

  /** @param memories wrong guesses add to them */
  constructor(runs: KernelRuns, index: number, numbering: Numbering, merge: number, memories: Memories) {
    this.runs = runs;
    this.#index = index;
    this.#numbering = numbering;
    this.#merge = merge;
    this.#memories = memories;
    this.first = this.#join('first', runs.first()).state;
  }

  /** What the next access of a state does when it finds these values. */
  step(state: LocalState, lo: number, hi: number): Effect {
    const from = this.#byId.get(state.id)!;
    const outcome = this.runs.step(from.histories[0]!, lo, hi);
    const key = this.#keyOf(from.state, outcome, lo, hi);
    const to = this.#join(key, outcome.to);
    from.met.push({ lo, hi, followed: `${key} ${doneBy(outcome)}` });
    for (const history of from.histories.slice(1)) this.#check(from, history, from.met.length - 1);
    return { to: to.state, lo: outcome.lo, hi: outcome.hi, happened: outcome.happened };
  }

  /** A history must do as the others of its state did. */
  #check(from: Members, history: History, nth: number): void {
    const { lo, hi, followed } = from.met[nth]!;
    const outcome = this.runs.step(history, lo, hi);
    const key = this.#keyOf(from.state, outcome, lo, hi);
    if (`${key} ${doneBy(outcome)}` !== followed) this.#wrong(from, lo, hi);
    this.#join(key, outcome.to);
  }

  #keyOf(from: LocalState, { to }: Outcome, lo: number, hi: number): string {
    if (this.#merge === Merge.none) return `${from.id} found ${lo} ${hi}`;
    if (rests(to)) return `${to.next} ${to.own}`;
    if (this.#merge === Merge.learnt) return `${from.id} ${to.learnt}`;
    const place = placeOf(to);
    const remembered = this.#memories.get(place);
    const lessons = remembered === undefined ? '' : lessonsOf(to, remembered);
    return `${place} ${to.round} ${to.own} ${to.spins ? to.found.slice(-2).join(' ') : ''} ${lessons}`;
  }

  /** A history comes to the state of a key. */
  #join(key: string, history: History): Members {
    let members = this.#byKey.get(key);
    if (members === undefined) {
      const { next, word, second, gaveWay, spins, overtakes, label, found } = history;
      const [lo, hi] = found.length < 2 ? [0, 0] : (found.slice(-2) as [number, number]);
      const id = this.#numbering.next++;
      const state = { id, actor: this.#index, next, word, second, gaveWay, spins, overtakes, label, lo, hi };
      members = { state, histories: [history], met: [] };
      this.#byKey.set(key, members);
      this.#byId.set(id, members);
    } else if (!rests(history) && this.#of.get(history) !== members) {
      members.histories.push(history);
      this.#of.set(history, members);
      for (let i = 0; i < members.met.length; i++) this.#check(members, history, i);
    }
    this.#of.set(history, members);
    return members;
  }

  /** Histories of one state do different things: the kernel remembers what tells them apart best. */
  #wrong({ state, histories }: Members, lo: number, hi: number): never {
    const groups = histories.map((history) => {
      const outcome = this.runs.step(history, lo, hi);
      return `${this.#keyOf(state, outcome, lo, hi)} ${doneBy(outcome)}`;
    });
    const lesson = bestLesson(histories, groups);
    if (lesson === undefined)
      throw new ModelBug('a kernel with the same history goes on differently', { at: state.label });
    for (const history of histories) {
      // It has to remember it all the way.
      for (let h: History | undefined = history; h !== undefined && !rests(h); h = h.from) {
        const place = placeOf(h);
        const remembered = this.#memories.get(place) ?? new Set();
        remembered.add(lesson);
        this.#memories.set(place, remembered);
        if (h.from !== undefined && stepOf(h.from) === lesson) break;
      }
    }
    throw new WrongGuess(`${state.label} remembers ${lesson}`);
  }
}

const rests = ({ next }: Stop) => next === Next.nothing || next === Next.interrupt;

const placeOf = ({ next, word, second, gaveWay, spins, overtakes, label }: Stop) =>
  [next, word, second, gaveWay, spins, overtakes, label].join(' ');

/** A step of a history, as lessons are filed under. */
const stepOf = ({ label, word, round }: History) => `${label} ${word} ${round}`;

const doneBy = ({ lo, hi, happened }: Outcome) => `${lo} ${hi} ${happened.join(' ')}`;

/** The lessons of a history, since the last interrupt, in the steps that are remembered. */
function lessonsOf(history: History, remembered: ReadonlySet<string>): string {
  const lessons: string[] = [];
  for (let h = history; h.from !== undefined && h.from.next !== Next.interrupt; h = h.from) {
    const step = stepOf(h.from);
    if (remembered.has(step)) lessons.push(`${step}: ${h.learnt}`);
  }
  return lessons.join();
}

/** The step whose lesson tells best which group a history belongs to: few mistakes, then few different lessons. */
function bestLesson(histories: readonly History[], groups: readonly string[]): string | undefined {
  const lessons = histories.map((history) => {
    const of = new Map<string, string>();
    for (let h = history; h.from !== undefined && h.from.next !== Next.interrupt; h = h.from)
      of.set(stepOf(h.from), h.learnt);
    return of;
  });
  let best: { step: string; mistakes: number; kinds: number } | undefined;
  for (const step of new Set(lessons.flatMap((of) => [...of.keys()]))) {
    const votes = new Map<string, Map<string, number>>();
    lessons.forEach((of, i) => {
      const lesson = of.get(step) ?? '';
      const vote = votes.get(lesson) ?? new Map<string, number>();
      vote.set(groups[i]!, (vote.get(groups[i]!) ?? 0) + 1);
      votes.set(lesson, vote);
    });
    if (votes.size === 1) continue;
    let mistakes = histories.length;
    for (const vote of votes.values()) mistakes -= Math.max(...vote.values());
    if (best !== undefined && mistakes > best.mistakes) continue;
    if (best !== undefined && mistakes === best.mistakes && votes.size >= best.kinds) continue;
    best = { step, mistakes, kinds: votes.size };
  }
  return best?.step;
}
