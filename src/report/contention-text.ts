/** Contention for a terminal: the runs, then the locks of each that somebody waited for. */
import type { ContentionResult } from '../lab/contention/contention.ts';
import type { Table } from '../model/table.ts';
import { alignedLines, formatText } from './text.ts';

const RUN = [
  'machine',
  'guest',
  'strategy',
  'vcpus',
  'validation',
  'binds_per_second',
  'bind_mean_cycles',
  'unbind_mean_cycles',
  'find_mean_cycles',
  'wait_share',
];
const LOCK = ['guest', 'strategy', 'vcpus', 'lock', 'taken', 'contended', 'hold', 'held %', 'wait', 'wait %'];
/** Columns of `LOCK` that are numbers. */
const RIGHT = [false, false, true, false, true, true, true, true, true, true];

/** The text. @param runs the table of the results */
export function contentionText(runs: Table, results: readonly ContentionResult[]): string {
  const rows = results.flatMap(({ scenario, vcpus, locks, spanCycles, bind, unbind }) =>
    locks
      .filter(({ contended }) => contended > 0)
      .map((l) => [
        scenario.generation.name,
        scenario.strategy.name,
        String(vcpus),
        l.name,
        String(l.taken),
        String(l.contended),
        (l.holdCycles / l.taken).toFixed(0),
        ((100 * l.holdCycles) / spanCycles).toFixed(1),
        (l.waitCycles / l.taken).toFixed(0),
        ((100 * l.waitCycles) / (bind.sum + unbind.sum)).toFixed(1),
      ]),
  );
  if (rows.length === 0) return `${formatText(runs, RUN)}\nNo lock was waited for.\n`;
  const note =
    'hold and wait: cycles, mean over all takings; held %: of the span; wait %: of the cycles of binds and unbinds.';
  return `${formatText(runs, RUN)}\n${alignedLines([LOCK, ...rows], RIGHT)}\n${note}\n`;
}
