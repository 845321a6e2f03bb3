/**
 * Runs of one kernel up to a given access to a shared word.
 *
 * A generator cannot be cloned, so what a kernel has done so far is the list of what it found in the shared words
 * it accessed: the kernel is deterministic, so the list says everything about it. To go on from there, the kernel is
 * run from its start; before each access that is in the list the word gets the value of the list, and at the first
 * access that is not, the run is thrown away. What the run wrote elsewhere is undone.
 */
import { ModelBug } from '../../src/model/errors.ts';
import type { Port } from '../../src/model/units.ts';
import type { Memory } from '../../src/x86/memory.ts';
import { SITES } from '../../src/x86/sites.ts';
import { type History, lesson, Next, type Outcome, PLAIN_STORE, roundOf, type Stop } from './history.ts';
import { type Actor, Happening } from './scene.ts';
import type { SharedWords } from './shared-words.ts';

/** Thrown through a kernel to end a run. */
class EndOfRun extends Error {}

/** One actor's kernel. */
export class KernelRuns {
  readonly actor: Actor;
  /** Runs so far. */
  count = 0;
  readonly #index: number;
  readonly #memory: Memory;
  readonly #shared: SharedWords;
  readonly #end = new EndOfRun();
  /** By history and values found. */
  readonly #steps = new Map<History, Map<string, Outcome>>();
  /** By history and what was learnt. */
  readonly #outcomes = new Map<History, Map<string, Outcome>>();
  #from: History | undefined;
  #found: readonly number[] = [];
  #position = 0;
  #gaveWay = true;
  #lo = 0;
  #hi = 0;
  /** The access of the list that comes last is under way. */
  #fresh = false;
  #learnt = '';
  #known: Outcome | undefined;
  #stop: Stop | undefined;
  /** What happened since the last access. */
  readonly #happened: number[] = [];
  readonly #undo: number[] = [];

  constructor(actor: Actor, index: number, memory: Memory, shared: SharedWords) {
    this.actor = actor;
    this.#index = index;
    this.#memory = memory;
    this.#shared = shared;
    actor.core.onAccess = (addr, bytes, writes, how) => this.#access(addr, bytes, writes, how);
    actor.core.onDone = (how, lo, hi) => this.#done(how, lo, hi);
  }

  /** The kernel before its first access. */
  first(): History {
    return this.#run(undefined, []).to;
  }

  /** What the next access of a history does when it finds these values. */
  step(from: History, lo: number, hi: number): Outcome {
    let of = this.#steps.get(from);
    if (of === undefined) {
      of = new Map();
      this.#steps.set(from, of);
    }
    const key = `${lo} ${hi}`;
    let outcome = of.get(key);
    if (outcome === undefined) {
      outcome = this.#run(from, [...from.found, lo, hi]);
      of.set(key, outcome);
    }
    return outcome;
  }

  /** The kernel that runs tells that something happened. A handler that starts is a step of its own. */
  happens(what: number, port: Port): void {
    if (what !== Happening.marked) this.#step(Next.handler, `the handler of port ${port} runs`);
    this.#happened.push(what, port);
  }

  #run(from: History | undefined, found: readonly number[]): Outcome {
    const { core } = this.actor;
    this.count++;
    this.#from = from;
    this.#found = found;
    this.#position = 0;
    this.#gaveWay = true;
    this.#fresh = false;
    this.#learnt = '';
    this.#known = undefined;
    this.#stop = undefined;
    this.#happened.length = 0;
    core.abandon();
    core.begin(core.now);
    this.actor.restart?.();
    try {
      const kernel = this.#program();
      while (kernel.next().done !== true) this.#gaveWay = true;
    } catch (e) {
      if (e !== this.#end) throw e;
    }
    const outcome = this.#outcome();
    this.#takeBack();
    if (this.#position < found.length) this.#notTheSame('ended early');
    return outcome;
  }

  #outcome(): Outcome {
    const from = this.#from;
    // Read here as what they are now: TypeScript still sees the assignments of #run.
    const known = this.#known as Outcome | undefined;
    const [lo, hi] = [this.#lo, this.#hi];
    if (known !== undefined) return { ...known, lo, hi };
    const stop = (this.#stop as Stop | undefined) ?? {
      next: Next.nothing,
      word: -1,
      second: -1,
      gaveWay: true,
      spins: false,
      overtakes: false,
      label: 'done',
    };
    const path = from === undefined ? [] : [...from.path, from.word];
    const round = roundOf(from, stop);
    const to = {
      ...stop,
      found: this.#found,
      path,
      own: this.#ownWords(),
      round,
      from,
      learnt: this.#learnt,
    };
    const outcome = { to, lo, hi, happened: [...this.#happened] };
    if (from !== undefined) {
      const of = this.#outcomes.get(from) ?? new Map<string, Outcome>();
      of.set(this.#learnt, outcome);
      this.#outcomes.set(from, of);
    }
    return outcome;
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
    else this.#stopAt({ next, word: -1, second: -1, spins: false, overtakes: false, label });
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
    const looks = /^(load|operand|bitTest)/.test(how);
    // What looks at a part of a word may wait for that part alone: it is taken for no spin loop, and must be none.
    const part = /8|16|bitTest/.test(how);
    const spins = ((again && (looks || tries)) || (tries && this.#foundTheSame())) && !part;
    if (again && part && label === this.#from?.label)
      throw new Error(`${label}: a spin loop that looks at a part of its word`);
    const overtakes = core.storing && !writes;
    this.#stopAt({ next: Next.access, word, second, spins, overtakes, label });
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

  /** An access is over. If it was the last of the list, the rest of the run follows from what was learnt. */
  #done(how: string, lo: number, hi: number): void {
    if (!this.#fresh) return;
    this.#fresh = false;
    const { word, second } = this.#from!;
    this.#lo = this.#memory.words[word]!;
    if (second >= 0) this.#hi = this.#memory.words[second]!;
    this.#learnt = lesson(how, lo, hi, this.#found);
    this.#known = this.#outcomes.get(this.#from!)?.get(this.#learnt);
    if (this.#known !== undefined) throw this.#end;
  }

  #stopAt(at: Omit<Stop, 'gaveWay'>): never {
    this.#stop = { ...at, gaveWay: this.#gaveWay };
    throw this.#end;
  }

  #keep(word: number): void {
    this.#undo.push(word, this.#memory.words[word]!);
  }

  /** What the kernel has left in words that nobody else accesses. */
  #ownWords(): string {
    const undo = this.#undo;
    const before = new Map<number, number>();
    for (let i = undo.length - 2; i >= 0; i -= 2) before.set(undo[i]!, undo[i + 1]!);
    return [...before]
      .filter(([word, value]) => this.#shared.place(word) < 0 && this.#memory.words[word] !== value)
      .sort(([a], [b]) => a - b)
      .map(([word]) => `${word}=${this.#memory.words[word]}`)
      .join();
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
