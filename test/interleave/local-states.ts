/**
 * The states of one kernel between its accesses to shared words, found by running it again and again.
 *
 * A generator cannot be cloned, so a state is the list of what the kernel found in the shared words it accessed:
 * the kernel is deterministic, so the list says everything about it. To go on from a state, the kernel is run
 * from its start; before each access that is in the list the word gets the value of the list, and at the first
 * access that is not, the run is thrown away. What the run wrote elsewhere is undone.
 */
import { ModelBug } from '../../src/model/errors.ts';
import type { Port } from '../../src/model/units.ts';
import type { Memory } from '../../src/x86/memory.ts';
import { SITES } from '../../src/x86/sites.ts';
import { type Actor, Happening } from './scene.ts';
import type { SharedWords } from './shared-words.ts';

/** What a kernel does next. */
export const Next = { access: 0, interrupt: 1, handler: 2, nothing: 3 } as const;

/** A kernel between two accesses. */
export interface LocalState {
  /** Number of the state; no two states of a system have the same. */
  readonly id: number;
  /** Index of the actor. */
  readonly actor: number;
  /** One of `Next`. */
  readonly next: number;
  /** Index of the 32-bit word that is accessed next, and of the second if the access has 64 bits, else -1. */
  readonly word: number;
  readonly second: number;
  /** Whether the kernel gives way before the access; where it does not, only finer exploration does. */
  readonly gaveWay: boolean;
  /** Whether the access repeats the last one in a spin loop: it is of use only when the word has changed. */
  readonly spins: boolean;
  /** Whether on x86 the access, a load, may overtake a plain store of the kernel to a shared word. */
  readonly overtakes: boolean;
  /** What the access is, for the reader. */
  readonly label: string;
  /** What the kernel found at each access so far: pairs of words. */
  readonly found: readonly number[];
  /** The words of each access so far. */
  readonly path: readonly number[];
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

/** Thrown through a kernel to end a run. */
class EndOfRun extends Error {}

const PLAIN_STORE = /^(store|repStos)|, store$/;

/** All that a kernel learns from an access. */
function learnt(how: string, lo: number, hi: number, found: readonly number[]): string {
  if (PLAIN_STORE.test(how)) return '';
  // A compare that fails leaves the word's value in the accumulator.
  if (how.startsWith('cmpxchg') && lo === 0) return `not ${found.slice(-2).join(' ')}`;
  return `${lo} ${hi}`;
}

/** Numbers states; one for all kernels of a system. */
export interface Numbering {
  next: number;
}

/** One actor's states. */
export class LocalStates {
  readonly actor: Actor;
  readonly first: LocalState;
  /** Runs of the kernel so far. */
  runs = 0;
  readonly #index: number;
  readonly #memory: Memory;
  readonly #shared: SharedWords;
  readonly #numbering: Numbering;
  readonly #end = new EndOfRun();
  #from: LocalState | undefined;
  #found: readonly number[] = [];
  #position = 0;
  #gaveWay = true;
  #lo = 0;
  #hi = 0;
  #stoppedAt: Omit<LocalState, 'id' | 'actor' | 'found' | 'path'> | undefined;
  /** What happened since the last access. */
  readonly #happened: number[] = [];
  /** The access of the list that comes last is under way. */
  #fresh = false;
  /** What the kernel has learnt from it. */
  #learnt = '';
  #known: Effect | undefined;
  /** By state and what the kernel learns there. */
  readonly #effects = new Map<string, Effect>();
  readonly #atRest = new Map<string, LocalState>();
  readonly #merges: boolean;
  readonly #undo: number[] = [];

  constructor(actor: Actor, index: number, memory: Memory, shared: SharedWords, numbering: Numbering, merges: boolean) {
    this.#merges = merges;
    this.actor = actor;
    this.#index = index;
    this.#memory = memory;
    this.#shared = shared;
    this.#numbering = numbering;
    actor.core.onAccess = (addr, bytes, writes, how) => this.#access(addr, bytes, writes, how);
    actor.core.onDone = (how, lo, hi) => this.#done(how, lo, hi);
    this.first = this.#run(undefined, []).to;
  }

  /** What the next access of a state does when it finds these values. */
  step(state: LocalState, lo: number, hi: number): Effect {
    return this.#run(state, [...state.found, lo, hi]);
  }

  /** The kernel that runs tells that something happened. A handler that starts is a step of its own. */
  happens(what: number, port: Port): void {
    if (what !== Happening.marked) this.#step(Next.handler, `the handler of port ${port} runs`);
    this.#happened.push(what, port);
  }

  #run(from: LocalState | undefined, found: readonly number[]): Effect {
    const { core } = this.actor;
    this.runs++;
    this.#from = from;
    this.#found = found;
    this.#position = 0;
    this.#gaveWay = true;
    this.#stoppedAt = undefined;
    this.#happened.length = 0;
    this.#fresh = false;
    this.#learnt = '';
    this.#known = undefined;
    core.abandon();
    core.begin(core.now);
    try {
      const kernel = this.#program();
      while (kernel.next().done !== true) this.#gaveWay = true;
    } catch (e) {
      if (e !== this.#end) throw e;
    }
    this.#leaveLast();
    const stoppedAt = this.#stoppedAt as LocalState | undefined;
    const own = stoppedAt?.next === Next.interrupt ? this.#ownWords() : '';
    this.#takeBack();
    const known = this.#known as Effect | undefined;
    if (known !== undefined) return { ...known, lo: this.#lo, hi: this.#hi };
    if (this.#position < found.length) this.#notTheSame('ended early');
    const stopped = this.#stoppedAt ?? {
      next: Next.nothing,
      word: -1,
      second: -1,
      gaveWay: true,
      spins: false,
      overtakes: false,
      label: 'done',
    };
    const effect = {
      to: this.#stateAt(stopped, own),
      lo: this.#lo,
      hi: this.#hi,
      happened: [...this.#happened],
    };
    if (from !== undefined) this.#effects.set(`${from.id} ${this.#learnt}`, effect);
    return effect;
  }

  /** The state in which a run has ended: an old one if nothing that is still to come can tell them apart. */
  #stateAt(stopped: Omit<LocalState, 'id' | 'actor' | 'found' | 'path'>, own: string): LocalState {
    const rests = stopped.next === Next.nothing || stopped.next === Next.interrupt;
    const key = `${stopped.next} ${own}`;
    const old = rests && this.#merges ? this.#atRest.get(key) : undefined;
    if (old !== undefined) return old;
    const from = this.#from;
    const path = from === undefined ? [] : [...from.path, from.word];
    const state = {
      ...stopped,
      id: this.#numbering.next++,
      actor: this.#index,
      found: this.#found,
      path,
    };
    if (rests) this.#atRest.set(key, state);
    return state;
  }

  /** What the kernels have left in words that nobody else accesses, as text. */
  #ownWords(): string {
    const undo = this.#undo;
    const before = new Map<number, number>();
    for (let i = undo.length - 2; i >= 0; i -= 2) before.set(undo[i]!, undo[i + 1]!);
    return [...before]
      .filter(([word, value]) => !this.#shared.has(word, -1) && this.#memory.words[word] !== value)
      .sort(([a], [b]) => a - b)
      .map(([word]) => `${word}=${this.#memory.words[word]}`)
      .join();
  }

  /** The access of the list that came last is over: what has the kernel learnt? */
  #done(how: string, lo: number, hi: number): void {
    if (!this.#fresh) return;
    this.#fresh = false;
    this.#learnt = this.#merges ? learnt(how, lo, hi, this.#found) : this.#found.slice(-2).join(' ');
    this.#leaveLast();
    this.#known = this.#effects.get(`${this.#from!.id} ${this.#learnt}`);
    if (this.#known !== undefined) throw this.#end;
  }

  /** A task once; the serving vCPU scans whenever an interrupt was marked. */
  *#program(): Generator<void, void, void> {
    const { actor } = this;
    if (actor.role !== 'serve') {
      yield* actor.kernel() as Generator<void, void, void>;
      return;
    }
    for (;;) {
      this.#gaveWay = true;
      // The serving vCPU waits for an interrupt, which is a step like an access.
      this.#step(Next.interrupt, 'takes the interrupt');
      yield* actor.kernel() as Generator<void, void, void>;
    }
  }

  /** A step that accesses nothing. */
  #step(next: number, label: string): void {
    if (this.#position < this.#found.length) this.#replayed(-1, -1);
    else this.#stop({ next, word: -1, second: -1, spins: false, overtakes: false, label });
  }

  #access(addr: number, bytes: number, writes: boolean, how: string): void {
    const word = addr >>> 2;
    const second = bytes > 4 ? word + 1 : -1;
    for (let w = word; w <= (addr + bytes - 1) >>> 2; w++) this.#shared.touched(w, this.#index, writes);
    if (!this.#shared.has(word, second)) {
      for (let w = word; w <= (addr + bytes - 1) >>> 2; w++) this.#keep(w);
      return;
    }
    if (this.#position < this.#found.length) {
      this.#replayed(word, second);
      if (PLAIN_STORE.test(how)) this.actor.core.storing = true;
      return;
    }
    const { core } = this.actor;
    const { fn, what } = SITES[core.atSite]!;
    const label = `${fn}, ${what}: ${how} ${this.#shared.nameOf(addr)}`;
    // A loop that tries to take a lock waits like one that looks at it.
    const again = this.#from?.word === word && core.fenced;
    const tries = how.startsWith('cmpxchg') && this.#from?.word === word && label === this.#from.label;
    const spins = (again && (!writes || tries)) || (tries && this.#foundTheSame());
    const overtakes = core.storing && !writes;
    this.#stop({ next: Next.access, word, second, spins, overtakes, label });
  }

  /** Whether the last two accesses of the list found the same: a compare that failed on it twice fails again. */
  #foundTheSame(): boolean {
    const f = this.#found;
    const n = f.length;
    return n >= 4 && f[n - 1] === f[n - 3] && f[n - 2] === f[n - 4];
  }

  /** An access of the list: the word gets what was found there. */
  #replayed(word: number, second: number): void {
    const i = this.#position;
    const expected = i / 2 < this.#from!.path.length ? this.#from!.path[i / 2]! : this.#from!.word;
    if (word !== expected) this.#notTheSame('went another way');
    this.#happened.length = 0;
    const { words } = this.#memory;
    if (word >= 0) {
      this.#keep(word);
      words[word] = this.#found[i]!;
    }
    if (second >= 0) {
      this.#keep(second);
      words[second] = this.#found[i + 1]!;
    }
    this.#position += 2;
    this.#fresh = word >= 0 && this.#position === this.#found.length;
    this.#gaveWay = false;
    this.actor.core.fenced = false;
  }

  /** Notes what the access of the list that was replayed last has left in its words. */
  #leaveLast(): void {
    if (this.#position === 0 || this.#position < this.#found.length) return;
    const from = this.#from!;
    if (from.word >= 0) this.#lo = this.#memory.words[from.word]!;
    if (from.second >= 0) this.#hi = this.#memory.words[from.second]!;
  }

  #stop(at: Omit<LocalState, 'id' | 'actor' | 'found' | 'path' | 'gaveWay'>): never {
    this.#stoppedAt = { ...at, gaveWay: this.#gaveWay };
    throw this.#end;
  }

  #keep(word: number): void {
    this.#undo.push(word, this.#memory.words[word]!);
  }

  #takeBack(): void {
    const undo = this.#undo;
    for (let i = undo.length - 2; i >= 0; i -= 2) this.#memory.words[undo[i]!] = undo[i + 1]!;
    undo.length = 0;
  }

  #notTheSame(how: string): never {
    throw new ModelBug(`a kernel that found the same values ${how}: it depends on more than the memory`, {
      actor: this.actor.name,
      accesses: this.#found.length / 2,
    });
  }
}
