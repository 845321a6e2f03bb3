/** Every way a trace was run on a machine, best first: guests, delivery modes, schedulers, strategies side by side. */
import { type Cell, type Column, integer, ratio, type Table, text } from '../model/table.ts';
import type { Labelled } from './compare.ts';
import { numberOf } from './tables.ts';

/** Metrics that ways of running are ranked by, by their column in `runs`; lower is better. */
const METRICS = ['upcall_mean_cycles', 'upcall_p99_cycles', 'delivery_p50_cycles', 'guest_cycles'] as const;

const COLUMNS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  text('trace', 'name of the trace'),
  text('machine', 'modelled machine'),
  text('metric', 'what is ranked; lower is better for all'),
  integer(
    'rank',
    '',
    'neutral',
    'place among the runs of this trace on this machine; equal values share one',
  ),
  text('guest', "the guest's kernel"),
  text('delivery', 'how upcalls reach the guest'),
  text('scheduler', "Xen's scheduler"),
  text('unmask', 'how the guest unmasks a port'),
  text('strategy', 'how an unused isrc is found'),
  text('cache', 'state of the caches when an upcall or a bind begins'),
  text('changes', 'numbers that were set by hand'),
  ratio('value_cycles', 'cycles', 'lower', 'the metric', 1),
  ratio('over_best', '', 'lower', 'value over that of the first', 4),
];

/** Ranks the runs of each trace and machine by each metric. Runs without a value are left out. */
export function runRankingTable(results: readonly Labelled[]): Table {
  const schema = 'upcall.compare-ranking/1.0';
  const groups = new Map<string, Labelled[]>();
  for (const r of results) {
    const group = `${r.trace}\n${r.machine}`;
    groups.set(group, [...(groups.get(group) ?? []), r]);
  }
  const rows: Cell[][] = [];
  for (const group of [...groups.keys()].sort()) {
    for (const metric of METRICS) rows.push(...ranked(schema, groups.get(group)!, metric));
  }
  return { schema, columns: COLUMNS, keys: 5, rows };
}

function ranked(schema: string, group: readonly Labelled[], metric: string): Cell[][] {
  const runs = group
    .map((r, place) => ({ r, place, value: numberOf(r.result, metric) }))
    .filter((run): run is { r: Labelled; place: number; value: number } => run.value !== null)
    .sort((a, b) => a.value - b.value || a.place - b.place);
  const best = runs[0]?.value ?? 0;
  return runs.map(({ r, value }) => {
    const rank = 1 + runs.findIndex((other) => other.value === value);
    const names = [r.guest, r.delivery, r.scheduler, r.unmask, r.strategy, r.cache, r.changes];
    return [schema, r.trace, r.machine, metric, rank, ...names, value, best === 0 ? null : value / best];
  });
}
