/**
 * A deterministic search for a case with a high score: threshold accepting, the form of annealing that needs no
 * exponential (Dueck and Scheuer, 1990): a neighbour is taken unless its score is lower than that of the case at hand by
 * more than a threshold, an integer that falls to 0. It starts several times, first
 * from a case that is bad for reasons known; where all cases can be gone through
 * within the budget, they are.
 */
import { RandomStream } from '../../model/random.ts';
import type { Target } from './target.ts';

/** How often the search starts anew. */
const STARTS = 4;
/** The first threshold is this part of the score of the case at hand. */
const THRESHOLD_PART = 64;

/** What a search found. */
export interface Searched<C> {
  readonly method: 'exhaustive' | 'annealing';
  /** The worst of each start by its estimate, worst first. */
  readonly worst: ReadonlyArray<{ readonly c: C; readonly score: number }>;
  /** Estimates that were made. */
  readonly evaluations: number;
}

/**
 * Searches.
 *
 * @param budget estimates at most, 1 or more
 * @param seed any integer; the same seed and budget find the same
 */
export function search<C>(target: Target<C>, budget: number, seed: number): Searched<C> {
  if (target.count !== undefined && target.count <= budget) return goThrough(target);
  const random = new RandomStream(seed, `worst ${target.name}`);
  const worst: Array<{ c: C; score: number }> = [];
  const starts = Math.min(STARTS, budget);
  let evaluations = 0;
  for (let start = 0; start < starts; start++) {
    const steps = Math.floor((budget * (start + 1)) / starts) - Math.floor((budget * start) / starts);
    let c = target.first(random, start);
    let score = target.estimate(c);
    evaluations++;
    let best = { c, score };
    for (let step = 1; step < steps; step++) {
      const next = target.near(c, random);
      const nextScore = target.estimate(next);
      evaluations++;
      const threshold = Math.floor((score * (steps - step)) / (THRESHOLD_PART * steps));
      if (nextScore + threshold < score) continue;
      c = next;
      score = nextScore;
      if (score > best.score) best = { c, score };
    }
    worst.push(best);
  }
  return { method: 'annealing', worst: worstFirst(worst), evaluations };
}

function goThrough<C>(target: Target<C>): Searched<C> {
  let worst: Array<{ c: C; score: number }> = [];
  let evaluations = 0;
  for (const c of target.all()) {
    worst.push({ c, score: target.estimate(c) });
    evaluations++;
    if (worst.length === 64) worst = worstFirst(worst).slice(0, STARTS);
  }
  return { method: 'exhaustive', worst: worstFirst(worst).slice(0, STARTS), evaluations };
}

/** Sorted by score; of two with as many, the one found first is first. */
function worstFirst<C>(found: ReadonlyArray<{ c: C; score: number }>): Array<{ c: C; score: number }> {
  return [...found].sort((a, b) => b.score - a.score);
}
