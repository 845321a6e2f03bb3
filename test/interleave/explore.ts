/**
 * Explores small systems: finds which words are shared and which histories are one state, and then every order.
 */
import { RandomStream } from '../../src/model/random.ts';
import { type Exploration, Explorer, Grain } from './explorer.ts';
import { KernelRuns } from './kernel-runs.ts';
import { Merge, WrongGuess } from './local-states.ts';
import type { Consumer, Plan, Scene } from './scene.ts';
import { SharedWords } from './shared-words.ts';

export { type Exploration, Grain } from './explorer.ts';

/** Random orders that are walked before each exploration, to find most shared words at little cost. */
const WALKS = 300;

/** Explores a scenario. @param merge one of `Merge`; what is found does not depend on it */
export function explore(
  consumer: Consumer,
  plan: Plan,
  grain: number,
  merge: number = Merge.used,
): Exploration {
  return new Exploring(consumer, plan, merge).with((explorer) => explorer.all(grain));
}

/** What exploring a scenario came to: in all orders, and in those of the kernels' own turns. */
export interface Explorations {
  readonly fine: Exploration;
  readonly coarse: Exploration | undefined;
}

/** Explores a scenario. @param ownTurns whether in the kernels' own turns, too */
export function exploreBoth(consumer: Consumer, plan: Plan, ownTurns: boolean): Explorations {
  const exploring = new Exploring(consumer, plan, Merge.used);
  const fine = exploring.with((explorer) => explorer.all(Grain.access));
  if (!ownTurns) return { fine, coarse: undefined };
  return { fine, coarse: exploring.with((explorer) => explorer.all(Grain.yields)) };
}

/** What is found in some random orders, by name: a part of what all orders show. */
export function sample(consumer: Consumer, plan: Plan, orders: number, seed: number): Set<string> {
  return new Exploring(consumer, plan, Merge.learnt).with((explorer) => {
    const random = new RandomStream(seed, 'sample');
    const found = new Set<string>();
    for (let i = 0; i < orders; i++) for (const finding of explorer.walk(random)) found.add(finding);
    return found;
  });
}

/** A system that is explored, with what is known of it so far. */
class Exploring {
  readonly #scene: Scene;
  readonly #plan: Plan;
  readonly #merge: number;
  readonly #random = new RandomStream(1, 'walks');
  readonly #target: { runs?: KernelRuns } = {};
  readonly #shared: SharedWords;
  readonly #memories: ReadonlyArray<Map<string, Set<string>>>;
  #kernels: readonly KernelRuns[] = [];

  constructor(consumer: Consumer, plan: Plan, merge: number) {
    const happens = (what: number, port: number) => this.#target.runs?.happens(what, port);
    this.#plan = plan;
    this.#merge = merge;
    this.#scene = consumer.build(plan, { happens });
    this.#shared = new SharedWords(this.#scene.memory);
    this.#memories = this.#scene.actors.map(() => new Map());
    for (const addr of this.#scene.waited) this.#shared.found.add(addr >>> 2);
  }

  /** Does something again and again, until no shared word was missing and no guess wrong. */
  with<T>(what: (explorer: Explorer) => T): T {
    for (;;) {
      if (this.#shared.addFound()) this.#begin();
      try {
        const explorer = this.#explorer();
        for (let i = 0; i < WALKS && this.#shared.found.size === 0; i++) explorer.walk(this.#random);
        if (this.#shared.found.size > 0) continue;
        const result = what(explorer);
        if (this.#shared.found.size === 0) return result;
      } catch (e) {
        if (!(e instanceof WrongGuess)) throw e;
      }
    }
  }

  /** Kernels are cut at other places than before. */
  #begin(): void {
    const { actors, memory } = this.#scene;
    delete this.#target.runs;
    this.#kernels = actors.map((actor, i) => new KernelRuns(actor, i, memory, this.#shared));
  }

  #explorer(): Explorer {
    const merges = this.#scene.actors.map(({ role }) => {
      // Scans and binds remember much and for long: guesses would cost more runs than they save states.
      return role === 'serve' || role === 'rebind' ? Math.min(this.#merge, Merge.learnt) : this.#merge;
    });
    return new Explorer(
      this.#scene,
      this.#shared,
      this.#plan,
      this.#kernels,
      this.#memories,
      this.#target,
      merges,
    );
  }
}
