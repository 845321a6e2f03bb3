/** What a search for a worst case found, as a table. */
import { type Cell, type Column, integer, sortRows, type Table, text } from '../../model/table.ts';
import type { WorstFound } from './worst.ts';

const COLUMNS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  text('target', 'what was searched for: scan, starve or find'),
  text('machine', 'modelled machine'),
  text('guest', "the guest's kernel"),
  text('strategy', 'how an unused isrc is found'),
  text('cache', 'state of the caches when an upcall or a bind begins'),
  text('delivery', 'how upcalls reach the guest'),
  text('scheduler', "Xen's scheduler"),
  text('unmask', 'how the guest unmasks a port'),
  text('changes', 'numbers that were set by hand'),
  integer('ports_allowed', 'ports', 'neutral', 'ports or isrcs that could be used'),
  integer('events_allowed', 'events', 'neutral', 'events of a pattern'),
  integer('budget', 'estimates', 'neutral', 'estimates the search could make'),
  integer('seed', '', 'neutral', 'seed of the search'),
  text('method', 'exhaustive: all cases of the space; annealing: some'),
  text('validation', 'whether cycles of this machine were compared with silicon'),
  text('figure', 'column of runs that was made large'),
  integer('cycles', 'cycles', 'lower', 'that column, of a replay of the trace that was written'),
  integer('found_cycles', 'cycles', 'lower', 'the same before it was made smaller'),
  integer(
    'plain_cycles',
    'cycles',
    'lower',
    'the same of a plain case as large: the lowest ports, all at once; the first isrc unused',
  ),
  integer('evaluations', 'estimates', 'lower', 'estimates that were made'),
  integer('replays', 'replays', 'lower', 'replays that were made'),
  text(
    'minimal',
    'yes: without any part of it the figure would be lower; no: replays ran out, or it is the plain case',
  ),
  integer('events_found', 'events', 'neutral', 'events, or unused isrcs, before it was made smaller'),
  integer('events', 'events', 'neutral', 'the same in the trace'),
  integer('ports', 'ports', 'neutral', 'ports that are bound in the trace'),
  integer('looks', 'looks', 'lower', 'looks at the active ports of a group; FreeBSD with the 2-level ABI'),
  integer('looks_bound', 'looks', 'neutral', 'what they can be at most, by the order of the scan'),
  integer(
    'overtaken',
    'events',
    'lower',
    'events that came after another and were served before it, at least',
  ),
  integer('overtaken_bound', 'events', 'neutral', 'all other events of the pattern'),
  text('case', 'the case'),
];

/** Version of the table. */
const SCHEMA = 'upcall.worst/1.0';
const KEYS = 14;

/** One row for each search. */
export function worstTable(found: readonly WorstFound[]): Table {
  return { schema: SCHEMA, columns: COLUMNS, keys: KEYS, rows: sortRows(found.map(rowOf), KEYS) };
}

function rowOf(w: WorstFound): Cell[] {
  const { target, scenario, ports, events, budget, seed } = w.options;
  const { machine, generation, strategy, cache, delivery, scheduler, unmask, changes } = scenario;
  return [
    SCHEMA,
    target,
    machine.name,
    generation.name,
    strategy.name,
    cache,
    delivery.name,
    scheduler,
    unmask,
    changes,
    ports,
    target === 'find' ? null : events,
    budget,
    seed,
    w.method,
    machine.validation,
    w.column,
    w.cycles,
    w.foundCycles,
    w.plainCycles,
    w.evaluations,
    w.replays,
    w.minimal ? 'yes' : 'no',
    w.before.size,
    w.after.size,
    w.after.ports,
    w.looks?.found ?? null,
    w.looks?.most ?? null,
    w.overtaken?.found ?? null,
    w.overtaken?.most ?? null,
    w.after.text,
  ];
}
