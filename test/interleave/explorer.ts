/**
 * Every order in which a few kernels can take their steps, as a graph of states explored breadth first.
 *
 * A state is where each kernel stands (local-states.ts) and the shared words with the oracle's counts. Two orders
 * that lead to the same state have the same future, so each state is explored once, and the number of orders that
 * lead to it is carried along. All orders that lead to a state have the same length, so a layer needs no other's states.
 */
import type { RandomStream } from '../../src/model/random.ts';
import { Next } from './history.ts';
import type { KernelRuns } from './kernel-runs.ts';
import { Layer } from './layer.ts';
import { type Effect, type LocalState, LocalStates, type Memories } from './local-states.ts';
import { FINDINGS, Oracle, STANDSTILL } from './oracle.ts';
import type { Plan, Scene } from './scene.ts';
import type { SharedWords } from './shared-words.ts';

/** Where kernels take turns. */
export const Grain = {
  /** Before every access to a shared word. */
  access: 0,
  /** Only where the kernels themselves give way, as they do in a run of the model. */
  yields: 1,
} as const;

/** One kind of finding. */
export interface Finding {
  /** Orders that end with it. */
  readonly orders: bigint;
  /** One of the shortest orders that show it, a step a line; reads that did not come last in their turn are left out. */
  readonly example: readonly string[];
}

/** What exploration found. */
export interface Exploration {
  readonly states: number;
  /** Complete orders. */
  readonly orders: bigint;
  /** Steps of the longest order. */
  readonly depth: number;
  /** 32-bit words that are shared. */
  readonly words: number;
  /** Runs of kernels that it took. */
  readonly runs: number;
  readonly findings: ReadonlyMap<string, Finding>;
  /** Every outcome, as the oracle writes it. */
  readonly outcomes: ReadonlySet<string>;
  /** Loads that may overtake a plain store of their kernel to a shared word, on x86 though not here. */
  readonly overtaking: ReadonlySet<string>;
}

/** Steps after which a walk is a livelock. */
const MOST_STEPS = 2000;

/** Explores with a given set of shared words. */
export class Explorer {
  readonly #oracle: Oracle;
  readonly #kernels: readonly LocalStates[];
  readonly #shared: SharedWords;
  readonly #target: { runs?: KernelRuns };
  readonly #locals: LocalState[] = [];
  /** By world and local state: the effect of its step, and the world after it. */
  readonly #steps = new Map<number, { to: number; world: number }>();
  /** By local state and values found: the effect. */
  readonly #effects: Array<Map<string, Effect>> = [];
  readonly #stride: number;

  constructor(
    scene: Scene,
    shared: SharedWords,
    plan: Plan,
    runs: readonly KernelRuns[],
    memories: readonly Memories[],
    target: { runs?: KernelRuns },
    merges: readonly number[],
  ) {
    this.#shared = shared;
    this.#target = target;
    const named = [...plan.masked, ...plan.tasks.map((t) => t.port)];
    // With the FIFO ABI a bind may get the next port.
    const more = scene.abi.name === 'fifo' && plan.tasks.some(({ does }) => does === 'rebind');
    const ports = [...new Set(more ? [...named, plan.ports + 1] : named)].sort((a, b) => a - b);
    this.#oracle = new Oracle(scene, shared, plan, ports);
    const numbering = { next: 0 };
    this.#kernels = runs.map((kernel, i) => {
      target.runs = kernel;
      return new LocalStates(kernel, i, numbering, merges[i]!, memories[i]!);
    });
    for (const kernel of this.#kernels) this.#know(kernel.first);
    this.#stride = this.#kernels.length + 1;
  }

  /** One random order to its end; returns what is wrong there, by name. */
  walk(random: RandomStream): string[] {
    const state = this.#start();
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      const able = this.#able(state, 0, Grain.access);
      if (able.length === 0) {
        const wrong = this.#oracle.atRest(state[this.#stride - 1]!) | this.#standstill(state, 0);
        return FINDINGS.filter((_, bit) => ((wrong >>> bit) & 1) === 1);
      }
      this.#step(state, able[random.below(able.length)]!);
    }
    throw new Error(`an order of more than ${MOST_STEPS} steps: does a spin loop lack its lfence?`);
  }

  /** Every order. */
  all(grain: number): Exploration {
    const parents: Int32Array[] = [];
    const movers: Int8Array[] = [];
    const findings = new Map<number, { orders: bigint; example: string[] }>();
    const outcomes = new Set<string>();
    let states = 0;
    let orders = 0n;
    let layer = new Layer(this.#stride);
    layer.add(this.#start(), 1n);
    const state = new Int32Array(this.#stride);
    let seen = 0;
    for (let depth = 0; ; depth++) {
      states += layer.length;
      const next = new Layer(this.#stride);
      const parent: number[] = [];
      const mover: number[] = [];
      for (let place = 0; place < layer.length; place++) {
        const at = place * this.#stride;
        const able = this.#able(layer.data, at, grain);
        const world = layer.data[at + this.#stride - 1]!;
        let wrong = this.#oracle.visible(world);
        if (able.length === 0) {
          wrong = this.#oracle.atRest(world) | this.#standstill(layer.data, at);
          orders += layer.orders[place]!;
          outcomes.add(this.#oracle.outcome(world));
          for (let bit = 0; bit < FINDINGS.length; bit++) {
            if (((wrong >>> bit) & 1) === 0) continue;
            const finding = findings.get(bit) ?? { orders: 0n, example: [] };
            finding.orders += layer.orders[place]!;
            findings.set(bit, finding);
          }
        }
        for (let fresh = wrong & ~seen; fresh !== 0; fresh &= fresh - 1) {
          const bit = 31 - Math.clz32(fresh & -fresh);
          const finding = findings.get(bit) ?? { orders: 0n, example: [] };
          finding.example = this.#order(parents, movers, depth, place);
          findings.set(bit, finding);
        }
        seen |= wrong;
        for (const actor of able) {
          for (let i = 0; i < this.#stride; i++) state[i] = layer.data[at + i]!;
          this.#step(state, actor);
          const to = next.add(state, layer.orders[place]!);
          if (to === parent.length) {
            parent.push(place);
            mover.push(actor);
          }
        }
        if (this.#shared.found.size > 0) break;
      }
      if (next.length === 0 || this.#shared.found.size > 0) {
        return {
          states,
          orders,
          depth,
          words: this.#shared.words.length,
          runs: this.#kernels.reduce((sum, kernel) => sum + kernel.runs.count, 0),
          findings: new Map([...findings].sort((a, b) => a[0] - b[0]).map(([bit, f]) => [FINDINGS[bit]!, f])),
          outcomes,
          overtaking: new Set(this.#locals.filter((s) => s.overtakes).map((s) => s.label)),
        };
      }
      parents.push(Int32Array.from(parent));
      movers.push(Int8Array.from(mover));
      layer = next;
    }
  }

  #start(): Int32Array {
    return Int32Array.from([...this.#kernels.map((kernel) => kernel.first.id), this.#oracle.first]);
  }

  /** Who may take the next step. */
  #able(data: Int32Array, at: number, grain: number): number[] {
    const world = data[at + this.#stride - 1]!;
    const able: number[] = [];
    for (let i = 0; i < this.#kernels.length; i++) {
      const state = this.#locals[data[at + i]!]!;
      if (state.next === Next.nothing) continue;
      if (state.next === Next.interrupt && !this.#oracle.interrupted(world)) continue;
      if (state.spins && !this.#changed(world, state)) continue;
      if (grain === Grain.yields && !state.gaveWay) return [i];
      able.push(i);
    }
    return able;
  }

  /** Whether the word that a kernel spins on is no longer what it found. */
  #changed(world: number, { word, second, lo, hi }: LocalState): boolean {
    return (
      this.#oracle.value(world, word) !== lo || (second >= 0 && this.#oracle.value(world, second) !== hi)
    );
  }

  /** Nobody can do anything, yet a kernel is not at its end. */
  #standstill(data: Int32Array, at: number): number {
    for (let i = 0; i < this.#kernels.length; i++) {
      const { next } = this.#locals[data[at + i]!]!;
      if (next !== Next.nothing && next !== Next.interrupt) return STANDSTILL;
    }
    return 0;
  }

  /** An actor takes its step. */
  #step(state: Int32Array, actor: number): void {
    const from = state[actor]!;
    const world = state[this.#stride - 1]!;
    const key = world * 0x10_0000 + from;
    let step = this.#steps.get(key);
    if (step === undefined) {
      const local = this.#locals[from]!;
      const effect = this.#effect(local, world);
      step = { to: effect.to.id, world: this.#oracle.after(world, local, effect) };
      this.#steps.set(key, step);
    }
    state[actor] = step.to;
    state[this.#stride - 1] = step.world;
  }

  #effect(local: LocalState, world: number): Effect {
    const lo = local.word < 0 ? 0 : this.#oracle.value(world, local.word);
    const hi = local.second < 0 ? 0 : this.#oracle.value(world, local.second);
    let known = this.#effects[local.id];
    if (known === undefined) {
      known = new Map();
      this.#effects[local.id] = known;
    }
    const key = `${lo} ${hi}`;
    let effect = known.get(key);
    if (effect === undefined) {
      const kernel = this.#kernels[local.actor]!;
      this.#target.runs = kernel.runs;
      effect = kernel.step(local, lo, hi);
      this.#know(effect.to);
      known.set(key, effect);
    }
    return effect;
  }

  #know(state: LocalState): void {
    this.#locals[state.id] = state;
  }

  /** The order that leads to a state, a step a line. */
  #order(
    parents: readonly Int32Array[],
    movers: readonly Int8Array[],
    depth: number,
    place: number,
  ): string[] {
    const actors: number[] = [];
    for (let d = depth - 1; d >= 0; d--) {
      actors.push(movers[d]![place]!);
      place = parents[d]![place]!;
    }
    const state = this.#start();
    const lines: string[] = [];
    actors.reverse().forEach((actor, i) => {
      const local = this.#locals[state[actor]!]!;
      const before = state[this.#stride - 1]!;
      this.#step(state, actor);
      const change = this.#change(local, before, state[this.#stride - 1]!);
      // What others could see, and what this actor did last before another came.
      const tells = local.next !== Next.access || change.includes(' to ') || actors[i + 1] !== actor;
      if (tells) lines.push(`${this.#kernels[actor]!.runs.actor.name}: ${local.label}${change}`);
    });
    return lines;
  }

  #change({ word, second }: LocalState, before: number, after: number): string {
    if (word < 0) return '';
    const text = (world: number) => {
      const hi = second < 0 ? 0 : this.#oracle.value(world, second) >>> 0;
      const value = (BigInt(hi) << 32n) | BigInt(this.#oracle.value(world, word) >>> 0);
      return `0x${value.toString(16)}`;
    };
    const [from, to] = [text(before), text(after)];
    return from === to ? ` is ${from}` : ` ${from} to ${to}`;
  }
}
