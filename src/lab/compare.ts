/** Two or more strategies on the same trace, machine and guest: one tidy row for each metric. */
import { type Cell, type Column, ratio, sortRows, type Table, text } from '../model/table.ts';
import { numberOf, type RunResult } from './tables.ts';

/** Metrics compared, by their column in `runs`. */
const METRICS = [
  'find_mean_cycles',
  'find_p99_cycles',
  'find_max_cycles',
  'bind_mean_cycles',
  'bind_p99_cycles',
  'unbind_mean_cycles',
  'upcall_mean_cycles',
  'upcall_p50_cycles',
  'upcall_p99_cycles',
  'delivery_p99_cycles',
  'guest_cycles',
] as const;

const COLUMNS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  text('trace', 'name of the trace'),
  text('machine', 'modelled machine'),
  text('guest', 'generation of the FreeBSD code'),
  text('cache', 'state of the caches when an upcall or a bind begins'),
  text('delivery', 'how upcalls reach the guest'),
  text('scheduler', "Xen's scheduler"),
  text('unmask', 'how the guest unmasks a port'),
  text('changes', 'numbers that were set by hand'),
  text('metric', 'what is compared; lower is better for all'),
  text('strategy', 'how an unused isrc is found'),
  text('against', 'strategy it is compared with: the first one named'),
  text('validation', 'whether cycles of this machine were compared with silicon'),
  ratio('value_cycles', 'cycles', 'lower', 'the metric', 1),
  ratio('against_cycles', 'cycles', 'neutral', 'the metric of the other', 1),
  ratio('difference_cycles', 'cycles', 'lower', 'value minus the other', 1),
  ratio('ratio', '', 'lower', 'value over the other', 4),
];

/** How a result is told from others that it may be compared with, and its strategy. */
export interface Labelled {
  readonly trace: string;
  readonly machine: string;
  readonly guest: string;
  readonly cache: string;
  readonly delivery: string;
  readonly scheduler: string;
  readonly unmask: string;
  readonly changes: string;
  readonly validation: string;
  readonly strategy: string;
  readonly result: RunResult;
}

/**
 * Compares every strategy with the first, where all else is the same.
 *
 * @param results in the order in which the strategies were named
 */
export function compareTable(results: readonly Labelled[]): Table {
  const schema = 'upcall.compare/2.0';
  const first = new Map<string, Labelled>();
  const rows: Cell[][] = [];
  for (const r of results) {
    const keys = [r.trace, r.machine, r.guest, r.cache, r.delivery, r.scheduler, r.unmask, r.changes];
    const group = keys.join('\n');
    const against = first.get(group) ?? r;
    first.set(group, against);
    for (const metric of METRICS) {
      const value = numberOf(r.result, metric);
      const other = numberOf(against.result, metric);
      const both = value !== null && other !== null;
      const quotient = both && other !== 0 ? value / other : null;
      const cells = [value, other, both ? value - other : null, quotient];
      rows.push([schema, ...keys, metric, r.strategy, against.strategy, r.validation, ...cells]);
    }
  }
  const keys = 12;
  return { schema, columns: COLUMNS, keys, rows: sortRows(rows, keys) };
}
