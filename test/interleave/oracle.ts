/**
 * The oracle: what has become of the events of each port, judged from the shared words and the handlers that ran,
 * with no knowledge of cycles and none of the algorithms.
 *
 * The state of the whole system outside the kernels is one vector: the shared words, whether an interrupt is on
 * its way, and the oracle's counts. Equal vectors have one number, so that a state of the system is a handful of
 * integers.
 */
import type { Port } from '../../src/model/units.ts';
import { Next } from './history.ts';
import type { Effect, LocalState } from './local-states.ts';
import { type Actor, Happening, type Plan, type Scene } from './scene.ts';
import type { SharedWords } from './shared-words.ts';

/** What is wrong with a state: each is a bit, and its name. */
export const FINDINGS = [
  'lost wake-up',
  'double delivery',
  'served though its pending bit had been cleared by the close',
  'served after the close returned',
  'taken, but no handler was left',
  'accepted on a closed port',
  'left masked, though its handler masks nothing',
  'raised again by an unmask, though it had been served',
  'send that no handler followed',
  'standstill',
] as const;

const bitOf = (finding: (typeof FINDINGS)[number]) => 1 << FINDINGS.indexOf(finding);
const LOST_WAKEUP = bitOf('lost wake-up');
const DOUBLE = bitOf('double delivery');
const STALE = bitOf('served though its pending bit had been cleared by the close');
const LATE = bitOf('served after the close returned');
const TAKEN = bitOf('taken, but no handler was left');
const ACCEPTED = bitOf('accepted on a closed port');
const MASKED = bitOf('left masked, though its handler masks nothing');
const RAISED = bitOf('raised again by an unmask, though it had been served');
const UNHEARD = bitOf('send that no handler followed');
export const STANDSTILL = bitOf('standstill');

/** Counts of one port: events accepted, cancelled, taken, served, served stale; then flags. */
const F = {
  accepted: 0,
  cancelled: 1,
  taken: 2,
  served: 3,
  stale: 4,
  /** A send waits for a handler that begins after it. */
  owed: 5,
  closed: 6,
  servedLate: 7,
  acceptedLate: 8,
  /** Times an unmask made it pending. */
  raised: 9,
  size: 10,
} as const;

/** The vectors that were reached, by number. */
export class Oracle {
  readonly first: number;
  readonly #scene: Scene;
  readonly #shared: SharedWords;
  readonly #ports: readonly Port[];
  readonly #maskingHandlers: boolean;
  readonly #latch: number;
  readonly #counts: number;
  readonly #vectors: Int32Array[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #visible: number[] = [];
  /** By shared word: its ports. */
  readonly #pendingOf = new Map<number, Array<{ index: number; port: Port; mask: number }>>();

  /** @param ports those that anybody uses */
  constructor(scene: Scene, shared: SharedWords, plan: Plan, ports: readonly Port[]) {
    this.#maskingHandlers = plan.maskingHandlers;
    this.#scene = scene;
    this.#shared = shared;
    this.#ports = ports;
    this.#latch = shared.words.length;
    this.#counts = this.#latch + 1;
    const vector = new Int32Array(this.#counts + ports.length * F.size);
    const { words } = scene.memory;
    shared.words.forEach((word, i) => {
      vector[i] = words[word]!;
    });
    ports.forEach((port, index) => {
      const { word, mask } = scene.abi.pending(port);
      const of = this.#pendingOf.get(word >>> 2) ?? [];
      of.push({ index, port, mask });
      this.#pendingOf.set(word >>> 2, of);
      const pending = (words[word >>> 2]! & mask) !== 0;
      if (pending) vector[this.#counts + index * F.size + F.accepted] = 1;
    });
    this.first = this.#number(vector);
  }

  /** How many different vectors were reached. */
  get size(): number {
    return this.#vectors.length;
  }

  /** Whether an interrupt is on its way to the serving vCPU. */
  interrupted(world: number): boolean {
    return this.#vectors[world]![this.#latch] === 1;
  }

  /** Value of a shared word; of any other, what it was before anybody acted. */
  value(world: number, word: number): number {
    const place = this.#shared.place(word);
    return place < 0 ? this.#scene.memory.words[word]! : this.#vectors[world]![place]!;
  }

  /** The world after a step of an actor. */
  after(world: number, state: LocalState, effect: Effect): number {
    const actor = this.#scene.actors[state.actor]!;
    const next = this.#vectors[world]!.slice();
    if (state.next === Next.interrupt) next[this.#latch] = 0;
    if (state.word >= 0) this.#store(next, actor, state.word, effect.lo);
    if (state.second >= 0) this.#store(next, actor, state.second, effect.hi);
    for (let i = 0; i < effect.happened.length; i += 2) {
      const what = effect.happened[i]!;
      if (what === Happening.marked) next[this.#latch] = 1;
      else this.#served(next, what, effect.happened[i + 1]!);
    }
    const closes = actor.role === 'close' || actor.role === 'unbind';
    if (closes && effect.to.next === Next.nothing) next[this.#at(actor.port, F.closed)] = 1;
    return this.#number(next);
  }

  /** What is wrong already, whatever follows: bits of `FINDINGS`. */
  visible(world: number): number {
    return this.#visible[world]!;
  }

  /** What is wrong with a world in which nobody has anything left to do. */
  atRest(world: number): number {
    const v = this.#vectors[world]!;
    let found = this.#visible[world]!;
    for (const port of this.#ports) {
      const has = (field: number) => v[this.#at(port, field)]!;
      const { abi } = this.#scene;
      const pending = this.#bit(world, abi.pending(port));
      const open = has(F.closed) === 0 && this.value(world, this.#scene.open(port) >>> 2) !== 0;
      const own = this.#scene.enabled(port);
      const enabled = own === undefined || this.#bit(world, own);
      const deliverable = pending && enabled && !this.#bit(world, abi.masked(port));
      if (deliverable && open) found |= LOST_WAKEUP;
      if (pending && !open) found |= ACCEPTED;
      if (open && !this.#maskingHandlers && this.#bit(world, abi.masked(port))) found |= MASKED;
      if (has(F.taken) > has(F.served)) found |= TAKEN;
      else if (has(F.owed) === 1 && has(F.cancelled) === 0 && open && !pending) found |= UNHEARD;
    }
    return found;
  }

  /** The outcome as text: for each port its counts, and whether it is pending and masked. */
  outcome(world: number): string {
    const v = this.#vectors[world]!;
    const { abi } = this.#scene;
    return this.#ports
      .map((port) => {
        const counts = [F.accepted, F.cancelled, F.taken, F.served, F.stale, F.servedLate].map(
          (f) => v[this.#at(port, f)],
        );
        const bits = [abi.pending(port), abi.masked(port)].map((bit) => (this.#bit(world, bit) ? 1 : 0));
        return [port, ...counts, ...bits].join(' ');
      })
      .join(', ');
  }

  #bit(world: number, { word, mask }: { word: number; mask: number }): boolean {
    return (this.value(world, word >>> 2) & mask) !== 0;
  }

  #at(port: Port, field: number): number {
    return this.#counts + this.#ports.indexOf(port) * F.size + field;
  }

  #store(next: Int32Array, actor: Actor, word: number, value: number): void {
    const place = this.#shared.place(word);
    const before = next[place]!;
    next[place] = value;
    for (const { port, mask } of this.#pendingOf.get(word) ?? []) {
      const was = (before & mask) !== 0;
      const is = (value & mask) !== 0;
      if (is && !was) {
        next[this.#at(port, F.accepted)]!++;
        if (next[this.#at(port, F.closed)] === 1) next[this.#at(port, F.acceptedLate)] = 1;
        if (actor.role === 'unmask') next[this.#at(port, F.raised)]!++;
      }
      if (was && !is) next[this.#at(port, actor.role === 'serve' ? F.taken : F.cancelled)]!++;
      if (is && actor.role === 'send' && actor.port === port) next[this.#at(port, F.owed)] = 1;
    }
  }

  #served(next: Int32Array, what: number, port: Port): void {
    if (!this.#ports.includes(port)) throw new Error(`port ${port} was served, and nobody ever sent to it`);
    next[this.#at(port, F.owed)] = 0;
    next[this.#at(port, what === Happening.served ? F.served : F.stale)]!++;
    if (next[this.#at(port, F.closed)] === 1) next[this.#at(port, F.servedLate)] = 1;
  }

  #number(vector: Int32Array): number {
    const key = String.fromCharCode(...new Uint16Array(vector.buffer));
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#vectors.length;
    this.#numbers.set(key, number);
    this.#vectors.push(vector);
    let found = 0;
    this.#ports.forEach((_, i) => {
      const at = this.#counts + i * F.size;
      if (vector[at + F.served]! + vector[at + F.stale]! > vector[at + F.accepted]!) found |= DOUBLE;
      if (vector[at + F.stale]! > 0) found |= STALE;
      if (vector[at + F.servedLate]! > 0) found |= LATE;
      if (vector[at + F.acceptedLate]! > 0) found |= ACCEPTED;
      if (vector[at + F.raised]! > 0) found |= RAISED;
    });
    this.#visible.push(found);
    return number;
  }
}
