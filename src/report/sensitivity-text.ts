/** A sweep of a machine's numbers for a terminal. */
import type { Sweep } from '../lab/sensitivity.ts';
import type { Movement, RankingChange } from '../lab/sensitivity-effects.ts';
import { alignedLines } from './text.ts';

/**
 * The answers, the numbers that move them most, and the rankings that turn round.
 *
 * @param answers name, value and unit of each answer with the machine as it is
 */
export function sensitivityText(
  sweep: Sweep,
  answers: ReadonlyArray<readonly [name: string, value: number | null, unit: string]>,
  largest: readonly Movement[],
  turned: readonly RankingChange[],
): string {
  const { machine, generation } = sweep.scenario;
  const count = new Set(sweep.flips.map((f) => f.parameter)).size;
  const numbers = count === 1 ? '1 number' : `${count} numbers`;
  const heading = `${machine.name}, ${generation.name} (${machine.validation}): ${numbers} with a range, each set to its ends`;
  const base = alignedLines(
    answers.map(([name, value, unit]) => ['', name, shown(value), unit]),
    [false, false, true, false],
  );
  const moved = largest.map((m): string[] => {
    const { value, confidence } = machine.values[m.flip.parameter];
    const set = [m.flip.parameter, confidence, String(value), String(m.flip.value)];
    return ['', ...set, m.answer.name, shown(m.was), shown(m.is), percent(m.change)];
  });
  const header = ['', 'number', 'confidence', 'value', 'set to', 'answer', 'was', 'is', 'change'];
  const right = [false, false, false, true, true, false, true, true, true];
  return `${heading}\n${base}Numbers that move an answer most\n${alignedLines([header, ...moved], right)}${rankings(turned)}`;
}

function rankings(turned: readonly RankingChange[]): string {
  if (turned.length === 0) return 'No number turns a ranking of the strategies round.\n';
  const lines = turned.map(({ flip, cache, isrcs, was, is }) => {
    return `  ${flip.parameter}=${flip.value}, ${isrcs} isrcs, ${cache}: was ${was}; is ${is}\n`;
  });
  return `Rankings of the strategies that a number turns round\n${lines.join('')}`;
}

function shown(value: number | null): string {
  if (value === null) return 'never';
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

function percent(change: number): string {
  if (!Number.isFinite(change)) return '-';
  return `${change > 0 ? '+' : ''}${(100 * change).toFixed(1)} %`;
}
