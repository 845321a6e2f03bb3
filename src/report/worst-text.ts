/** The worst case found, for a terminal. */
import type { Bounded, WorstFound } from '../lab/worst/worst.ts';

/** Lines with a label each. @param out the trace that was written, if any */
export function worstText(w: WorstFound, out: string | undefined): string {
  const { scenario, target, seed } = w.options;
  const { machine, generation, strategy, cache } = scenario;
  const where = `${machine.name} (${machine.validation}), ${generation.name}, ${strategy.name}, ${cache}`;
  const bounded = (b: Bounded) => `${b.found}, at most ${b.most}`;
  const times = (w.cycles / Math.max(1, w.plainCycles)).toFixed(2);
  const lines: Array<[string, string]> = [
    [w.column, `${w.cycles} cycles`],
    ['plain case', `${w.plainCycles} cycles; this is ${times} times as much`],
    ['case', w.after.text],
    ['size', `${w.after.size} of ${w.before.size} found, ${w.after.ports} ports bound`],
    ...(w.looks === undefined ? [] : ([['looks at a group', bounded(w.looks)]] as Array<[string, string]>)),
    ...(w.overtaken === undefined ? [] : ([['overtaken', bounded(w.overtaken)]] as Array<[string, string]>)),
    ['search', `${w.method}, ${w.evaluations} estimates, ${w.replays} replays, seed ${seed}`],
    ['minimal', w.minimal ? 'yes' : 'no: replays ran out, or it is the plain case'],
    ...(out === undefined ? [] : ([['trace', out]] as Array<[string, string]>)),
  ];
  return `${target} on ${where}\n${lines.map(([label, text]) => `  ${label.padEnd(20)}${text}\n`).join('')}`;
}
